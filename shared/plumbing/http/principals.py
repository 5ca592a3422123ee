"""Who is asking, as a FastAPI dependency."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.plumbing.auth import Principal, PrincipalSource, require
from shared.plumbing.http import problems

_bearer = HTTPBearer(auto_error=False, scheme_name="bearer", description="A token of the service.")


async def principal_dependency(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """The caller, or Problem 401 `unauthenticated`."""
    source: PrincipalSource = request.app.state.principals
    principal = await source.find(credentials.credentials) if credentials else None
    if principal is None:
        raise problems.unauthenticated()
    return principal


CurrentPrincipal = Annotated[Principal, Depends(principal_dependency)]
"""Annotation of a parameter: the caller, whoever it is."""


def requires(scope: str) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency: the caller, or Problem 403 `forbidden` when it lacks the scope.

    Use: `principal: Annotated[Principal, Depends(requires("registry:read"))]`.
    """

    async def dependency(principal: CurrentPrincipal) -> Principal:
        require(principal, scope)
        return principal

    return dependency


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key with the same body gives the same answer, done once.",
    ),
]
"""Annotation of a parameter: the caller's key for this request; None where it sent none."""
