"""The short way for the requests that come most: an ordinary filing, an ordinary action."""

import re
from collections.abc import Set
from typing import Any, Final

from fastapi import Request

from services.petitions.api.parameters import FILE, HANDLE, REVIEW, caller_of, version_of
from shared.contracts.values import PETITION_ID_PATTERN
from shared.plumbing.auth import Principal
from shared.plumbing.errors import Problem
from shared.plumbing.http.quick import ShortRoute

_ID: Final = re.compile(PETITION_ID_PATTERN.strip("^$"))


class QuickRoute(ShortRoute):
    """A route whose endpoint takes a `body` and `caller`: of a filing, or with `petition_id`,
    `seen` of an action.
    """

    @property
    def _acts(self) -> bool:
        return "petition_id" in self.endpoint.__annotations__

    def scopes(self) -> Set[str]:
        """Return the scopes of an action or of a filing; the handlers look closer."""
        return {FILE, HANDLE, REVIEW} if self._acts else {FILE}

    async def given(
        self, request: Request, principal: Principal, key: str | None
    ) -> dict[str, Any] | None:
        """Return the caller, and of an action the petition and the version that was seen."""
        place = _place(request) if self._acts else {}
        if place is None:
            return None
        caller = await caller_of(request, principal, key, request.headers.get("traceparent"))
        return {"caller": caller, **place}


def _place(request: Request) -> dict[str, Any] | None:
    """Return the petition and the version seen, as the endpoint takes them; None for an odd one."""
    petition_id = request.path_params["petition_id"]
    if not _ID.fullmatch(petition_id):
        return None
    try:
        return {"petition_id": petition_id, "seen": version_of(request.headers.get("if-match"))}
    except Problem:
        return None
