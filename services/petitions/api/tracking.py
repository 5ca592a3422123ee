"""For everybody: the course of a case under its code. For the operator: erasing a person."""

import hashlib
from datetime import date, datetime
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Header, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.petitions.api.bodies import Document
from services.petitions.api.parameters import CallerOf, Id
from services.petitions.domain.workflow import STATUS_VI
from services.petitions.handlers.privacy import OPERATE, Erased, Privacy, Tracked
from shared.contracts.petitions import PetitionFact
from shared.contracts.values import (
    Agency,
    LegalDate,
    PetitionField,
    PetitionOutcome,
    PetitionStatus,
)
from shared.plumbing.http import problems, requires
from shared.plumbing.http.openapi import DEFAULT_RESPONSE
from shared.plumbing.idempotency import Answer
from shared.plumbing.misses import client_of
from shared.plumbing.postgres import UNAVAILABLE

Code = Annotated[
    str, Path(max_length=64, description="The tracking code, like ABCD-EFGH-IJKL-MN23")
]
Operator: Final = Depends(requires(OPERATE))
# A petitioner's page asks again and again: half a minute old is new enough.
_FRESH: Final = "private, max-age=30"


class StepOut(BaseModel):
    """A fact of the course, by its name in the catalogue of events."""

    on: LegalDate
    fact: PetitionFact


class TrackOut(BaseModel):
    """What is public of a petition: neither its text nor its person, nor whom it concerns."""

    field: PetitionField
    other_fields: list[PetitionField]
    agency: Agency | None
    status: PetitionStatus
    status_vi: str
    round: int
    filed_on: date
    due_on: date
    answered_on: date | None
    settled_on: date | None
    outcome: PetitionOutcome | None
    course: list[StepOut]


class ErasureIn(BaseModel):
    """On which basis a person is erased."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)
    basis: Document = Field(description="Number of the request or decision; it names nobody.")


class ErasureOut(BaseModel):
    """The audit row of an erasure. `repeated`: it was done before."""

    id: str
    erased_at: datetime
    erased_by: str
    basis: str
    attachments: int
    octets: int
    repeated: bool


def privacy_router(privacy: Privacy) -> APIRouter:
    """The routes of tracking and erasing."""
    router = APIRouter(tags=["privacy"])

    @router.get(
        "/v1/track/{code}",
        response_model=TrackOut,
        responses={
            304: {"description": "Nothing has changed since the ETag that was sent."},
            429: {
                "description": "Too many unknown codes from this address; see Retry-After.",
                "content": DEFAULT_RESPONSE["default"]["content"],
            },
        },
        summary="Follow a petition by its tracking code (no token)",
    )
    async def track(
        code: Code,
        request: Request,
        if_none_match: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Response:
        client = client_of(request.client.host if request.client else None)
        try:
            found = await privacy.track(code, client)
        except UNAVAILABLE:
            # Answered here: further out the path is logged, and this path is a secret.
            return problems.answer(problems.unavailable())
        return _tracked(found, if_none_match)

    @router.post(
        "/v1/petitions/{petition_id}/erasure",
        response_model=ErasureOut,
        dependencies=[Operator],
        summary="Erase the text, the person and the files; figures and ledger stay",
    )
    async def erase(petition_id: Id, body: ErasureIn, caller: CallerOf) -> Response:
        answer = await privacy.erase(petition_id, body.basis, caller=caller, render=_erased)
        return Response(answer.body, answer.status, media_type="application/json")

    return router


def _tracked(found: Tracked, seen: str | None) -> Response:
    state = found.state.model_dump(mode="json")
    body = {name: state[name] for name in TrackOut.model_fields if name in state}
    body |= {"status_vi": STATUS_VI[found.state.status], "course": found.course}
    data = orjson.dumps(body)
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": _FRESH, "X-Robots-Tag": "noindex"}
    if seen == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type="application/json")


def _erased(erased: Erased) -> Answer:
    done = erased.erasure
    body = {
        "id": done.petition_id,
        "erased_at": done.erased_at.isoformat().replace("+00:00", "Z"),
        "erased_by": done.erased_by,
        "basis": done.basis,
        "attachments": done.attachments,
        "octets": done.octets,
        "repeated": erased.repeated,
    }
    return Answer(200, orjson.dumps(body), {})
