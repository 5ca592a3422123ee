"""What the routes take: who asks, under which key, the version seen, the place in a list."""

import re
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Header, Query, Request

from services.registry.domain.sources import one_source, source_of
from services.registry.handlers import Key, trace_of
from shared.contracts.values import EntityCode
from shared.plumbing.auth import Principal
from shared.plumbing.http import (
    IdempotencyKey,
    invalid_field,
    invalid_fields,
    requires,
)
from shared.plumbing.idempotency import request_digest

FEED: Final = "registry:feed"
READ: Final = "registry:read"
_IF_MATCH: Final = re.compile(r'(?:W/)?"([1-9][0-9]{0,8})"')
MAX_LIMIT: Final = 1_000


@dataclass(frozen=True)
class Caller:
    """Whoever writes: the source under which its references are unique, its key and trace."""

    system: str
    key: Key | None
    traceparent: str | None


def system_of(principal: Principal) -> str:
    """Return the source of a principal's references: that of its records on the topic."""
    return one_source(principal.source or source_of(principal.name))


async def caller_dependency(
    request: Request,
    principal: Annotated[Principal, Depends(requires(FEED))],
    key: IdempotencyKey = None,
    traceparent: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Caller:
    """Whoever may feed the register."""
    known = await key_of(request, principal, key)
    return Caller(system_of(principal), known, trace_of(traceparent))


async def key_of(request: Request, principal: Principal, key: str | None) -> Key | None:
    """Return an Idempotency-Key with the digest of its request, None where none was sent."""
    if key is None:
        return None
    digest = request_digest(request.method, request.url.path, await request.body())
    return Key(principal.name, key, digest)


async def expected_dependency(
    if_match: Annotated[
        str | None, Header(description='The ETag of the entity as it was seen, like "3".')
    ] = None,
) -> int | None:
    """The version that the caller has seen, None for any. Problem 422 when it is no version."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = _IF_MATCH.fullmatch(if_match.strip())
    if match is None:
        raise invalid_fields([invalid_field("invalid_etag", ["header", "If-Match"])])
    return int(match[1])


CallerOf = Annotated[Caller, Depends(caller_dependency)]
Expected = Annotated[int | None, Depends(expected_dependency)]
Reader = Depends(requires(READ))
Code = EntityCode
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
AfterPosition = Annotated[int, Query(ge=0, le=2**63 - 1, description="The position read up to.")]
AfterSequence = Annotated[int, Query(ge=0, le=2**31 - 1, description="The sequence read up to.")]
