"""A short way for the requests that come most: an ordinary filing, an ordinary action.

The framework resolves a request's parameters one by one and reads its body twice; that costs more
than the act itself. What is ordinary in every respect is read here at once. Whatever is not (a
refusal of any kind included) goes the framework's way, which is the only one that answers errors.
"""

import re
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias, get_args

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from services.petitions.api.parameters import (
    FILE,
    HANDLE,
    KEY,
    REVIEW,
    caller_of,
    version_of,
)
from services.petitions.handlers import Caller
from shared.contracts.values import PETITION_ID_PATTERN
from shared.plumbing.auth import Principal
from shared.plumbing.errors import Problem

Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]
# Only these escapes bring text into JSON that Postgres cannot store.
_UNSTORABLE: Final = (b"\\u0000", b"\\ud", b"\\uD")
_ID: Final = re.compile(PETITION_ID_PATTERN.strip("^$"))


class QuickRoute(APIRoute):
    """A route whose endpoint takes a `body` and `caller`: of a filing, or with `petition_id`,
    `seen` of an action. One that takes no body goes the framework's way alone.
    """

    def get_route_handler(self) -> Handler:
        """Return the handler that tries the short way first."""
        ordinary = super().get_route_handler()
        taken = self.endpoint.__annotations__
        if "body" not in taken:
            return ordinary
        model: type[BaseModel] = (*get_args(taken["body"]), taken["body"])[0]
        acts = "petition_id" in taken
        scopes = {FILE, HANDLE, REVIEW} if acts else {FILE}

        async def handle(request: Request) -> Response:
            caller = await _caller(request, scopes)
            place = _place(request) if acts else {}
            if caller is None or place is None:
                return await ordinary(request)
            body = await request.body()
            if any(escape in body for escape in _UNSTORABLE):
                return await ordinary(request)
            try:
                said = model.model_validate_json(body)
            except (ValidationError, RecursionError):
                return await ordinary(request)
            answer: Response = await self.endpoint(body=said, caller=caller, **place)
            return answer

        return handle


async def _caller(request: Request, scopes: set[str]) -> Caller | None:
    """Whoever may come in at this door; None when anything is out of the ordinary."""
    if request.scope["query_string"]:
        return None
    headers = request.headers
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        return None
    principal: Principal | None = await request.app.state.principals.find(token)
    if principal is None or principal.scopes.isdisjoint(scopes):
        return None
    key = headers.get("idempotency-key")
    if key is not None and not KEY.fullmatch(key):
        return None
    return await caller_of(request, principal, key, headers.get("traceparent"))


def _place(request: Request) -> dict[str, Any] | None:
    """Return the petition and the version seen, as the endpoint takes them; None as above."""
    petition_id = request.path_params["petition_id"]
    if not _ID.fullmatch(petition_id):
        return None
    try:
        return {"petition_id": petition_id, "seen": version_of(request.headers.get("if-match"))}
    except Problem:
        return None
