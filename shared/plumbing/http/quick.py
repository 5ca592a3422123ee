"""A short way for the requests that come most.

The framework resolves a request's parameters one by one and reads its body twice; that costs more
than recording what it says. What is ordinary in every respect is read here at once. Whatever is not
(a refusal of any kind included) goes the framework's way, which is the only one that answers
errors.
"""

import re
from collections.abc import Callable, Coroutine, Set
from typing import Any, Final, TypeAlias, get_args

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from shared.plumbing.auth import Principal
from shared.plumbing.http.text import may_be_unstorable

Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]
IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
"""What an Idempotency-Key may be."""


class ShortRoute(APIRoute):
    """A route whose endpoint takes a `body`, a model, and what `given` returns, and nothing else.

    One whose endpoint takes no body goes the framework's way alone.
    """

    def scopes(self) -> Set[str]:
        """Return the scopes one of which opens this route."""
        raise NotImplementedError

    async def given(
        self, request: Request, principal: Principal, key: str | None
    ) -> dict[str, Any] | None:
        """Return the endpoint's arguments beside the body; None when anything is unusual."""
        raise NotImplementedError

    def get_route_handler(self) -> Handler:
        """Return the handler that tries the short way first."""
        ordinary = super().get_route_handler()
        taken = self.endpoint.__annotations__
        if "body" not in taken:
            return ordinary
        # Of an annotated body the first argument is the model.
        model: type[BaseModel] = (*get_args(taken["body"]), taken["body"])[0]
        scopes = self.scopes()

        async def handle(request: Request) -> Response:
            given = await self._given(request, scopes)
            if given is None:
                return await ordinary(request)
            body = await request.body()
            if may_be_unstorable(body):
                return await ordinary(request)
            try:
                said = model.model_validate_json(body)
            except (ValidationError, RecursionError):
                return await ordinary(request)
            answer: Response = await self.endpoint(body=said, **given)
            return answer

        return handle

    async def _given(self, request: Request, scopes: Set[str]) -> dict[str, Any] | None:
        if request.scope["query_string"]:
            return None
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            return None
        principal: Principal | None = await request.app.state.principals.find(token)
        if principal is None or principal.scopes.isdisjoint(scopes):
            return None
        key = request.headers.get("idempotency-key")
        if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
            return None
        return await self.given(request, principal, key)
