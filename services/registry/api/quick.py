"""A short way for the requests that come most: an ordinary registration.

The framework resolves a request's parameters one by one and reads its body twice; that costs more
than recording it. What is ordinary in every respect is read here at once. Whatever is not (a
refusal of any kind included) goes the framework's way, which is the only one that answers errors.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.responses import Response

from services.registry.api.parameters import FEED, KEY, Caller, key_of, system_of
from services.registry.handlers import trace_of
from shared.contracts.intake import IntakeFact
from shared.plumbing.auth import Principal

Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]
# Only these escapes bring text into JSON that Postgres cannot store.
_UNSTORABLE: Final = (b"\\u0000", b"\\ud", b"\\uD")


class QuickRoute(APIRoute):
    """A route whose endpoint takes `body`, an intake fact, and `caller`, and nothing else."""

    def get_route_handler(self) -> Handler:
        """Return the handler that tries the short way first."""
        ordinary = super().get_route_handler()
        model: type[IntakeFact] = self.endpoint.__annotations__["body"]

        async def handle(request: Request) -> Response:
            caller = await _caller(request)
            if caller is None:
                return await ordinary(request)
            body = await request.body()
            if any(escape in body for escape in _UNSTORABLE):
                return await ordinary(request)
            try:
                fact = model.model_validate_json(body)
            except (ValidationError, RecursionError):
                return await ordinary(request)
            answer: Response = await self.endpoint(body=fact, caller=caller)
            return answer

        return handle


async def _caller(request: Request) -> Caller | None:
    """Whoever may feed the register; None when anything is out of the ordinary."""
    if request.scope["query_string"]:
        return None
    headers = request.headers
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        return None
    principal: Principal | None = await request.app.state.principals.find(token)
    if principal is None or FEED not in principal.scopes:
        return None
    key = headers.get("idempotency-key")
    if key is not None and not KEY.fullmatch(key):
        return None
    known = await key_of(request, principal, key)
    return Caller(system_of(principal), known, trace_of(headers.get("traceparent")))
