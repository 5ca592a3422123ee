"""The short way for the requests that come most: an ordinary registration."""

from collections.abc import Set
from typing import Any

from fastapi import Request

from services.registry.api.parameters import FEED, Caller, key_of, system_of
from services.registry.handlers import trace_of
from shared.plumbing.auth import Principal
from shared.plumbing.http.quick import ShortRoute


class QuickRoute(ShortRoute):
    """A route whose endpoint takes `body`, an intake fact, and `caller`, and nothing else."""

    def scopes(self) -> Set[str]:
        """Return what whoever feeds the register has."""
        return {FEED}

    async def given(
        self, request: Request, principal: Principal, key: str | None
    ) -> dict[str, Any] | None:
        """Return the caller."""
        known = await key_of(request, principal, key)
        trace = trace_of(request.headers.get("traceparent"))
        return {"caller": Caller(system_of(principal), known, trace)}
