"""What every route of this door takes: who asks, the version seen, the place in a list."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header, Path, Query, Request

from services.petitions.handlers import Caller, Key
from shared.contracts.values import PETITION_ID_PATTERN
from shared.plumbing.auth import Principal, require
from shared.plumbing.http import (
    CurrentPrincipal,
    IdempotencyKey,
    invalid_field,
    invalid_fields,
    requires,
)
from shared.plumbing.idempotency import request_digest

FILE: Final = "petitions:file"
HANDLE: Final = "petitions:handle"
REVIEW: Final = "petitions:review"
FIGURES: Final = "figures:read"
_IF_MATCH: Final = re.compile(r'(?:W/)?"([1-9][0-9]{0,8})"|([1-9][0-9]{0,8})')
_TRACEPARENT: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
MAX_LIMIT: Final = 1_000


async def caller_dependency(
    request: Request,
    principal: CurrentPrincipal,
    key: IdempotencyKey = None,
    traceparent: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Caller:
    """Whoever sends a command."""
    return await caller_of(request, principal, key, traceparent)


async def caller_of(
    request: Request, principal: Principal, key: str | None, traceparent: str | None
) -> Caller:
    """Return whoever sends a command. A trace that is not in the W3C form is left out."""
    known = None
    if key is not None:
        body = await request.body()
        known = Key(key, request_digest(request.method, request.url.path, body))
    if traceparent is not None and not _TRACEPARENT.fullmatch(traceparent):
        traceparent = None
    return Caller(principal, known, traceparent)


async def expected_dependency(
    if_match: Annotated[
        str | None, Header(description='The ETag of the petition as it was seen, like "3".')
    ] = None,
) -> int | None:
    """The version that the caller has seen, None for any. Problem 422 when it is no version."""
    return version_of(if_match)


def version_of(if_match: str | None) -> int | None:
    """Return the version in an ETag, None for any. Raises Problem 422 when it is no version."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = _IF_MATCH.fullmatch(if_match.strip())
    if match is None:
        raise invalid_fields([invalid_field("invalid_etag", ["header", "If-Match"])])
    return int(match[1] or match[2])


async def _reads_events(principal: CurrentPrincipal) -> Principal:
    # Events hold nothing private: whoever may read figures may read them.
    if FIGURES not in principal.scopes:
        require(principal, HANDLE)
    return principal


async def _sends_files(principal: CurrentPrincipal) -> Principal:
    # Whoever can neither file nor handle is not told whether the petition is here.
    if FILE not in principal.scopes:
        require(principal, HANDLE)
    return principal


async def _acts(principal: CurrentPrincipal) -> Principal:
    # Which of them an action needs is said by the table; a portal acts for the petitioner.
    if not principal.scopes & {FILE, REVIEW}:
        require(principal, HANDLE)
    return principal


async def _oversees(principal: CurrentPrincipal) -> Principal:
    if REVIEW not in principal.scopes:
        require(principal, HANDLE)
    return principal


# Asked before the body is looked at: whoever may not come in is not told what a body needs.
Filer = Depends(requires(FILE))
Actor = Depends(_acts)
CallerOf = Annotated[Caller, Depends(caller_dependency)]
Expected = Annotated[int | None, Depends(expected_dependency)]
Handler = Annotated[Principal, Depends(requires(HANDLE))]
Overseer = Annotated[Principal, Depends(_oversees)]
Subscriber = Annotated[Principal, Depends(_reads_events)]
Sender = Annotated[Principal, Depends(_sends_files)]
Id = Annotated[str, Path(pattern=PETITION_ID_PATTERN)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
AfterPosition = Annotated[int, Query(ge=0, le=2**63 - 1, description="The position read up to.")]
AfterSequence = Annotated[int, Query(ge=0, le=2**31 - 1, description="The sequence read up to.")]
