"""Doors of oversight: the reviewer's queue, conference sessions, a petition's course, comments."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.petitions.api.bodies import Text, Title
from services.petitions.api.parameters import HANDLE, REVIEW, Handler, Id, Limit
from services.petitions.api.views import SummaryOut, next_of, read_cursor, summary_json
from services.petitions.handlers.oversight import Oversight, Queued, Session, Settlement
from shared.contracts.values import PETITION_ID_PATTERN, LegalDate, PetitionId
from shared.plumbing.auth import Principal, require
from shared.plumbing.http import CurrentPrincipal, requires

SessionId = Annotated[str, Path(pattern=PETITION_ID_PATTERN)]
Reviewer = Annotated[Principal, Depends(requires(REVIEW))]
Why = Literal["answered", "disputed", "overdue", "escalated"]


async def _oversees(principal: CurrentPrincipal) -> Principal:
    if REVIEW not in principal.scopes:
        require(principal, HANDLE)
    return principal


Overseer = Annotated[Principal, Depends(_oversees)]


class QueuedOut(SummaryOut):
    """A petition that is not definitively settled, and why the reviewer looks at it."""

    why: list[Why]
    reviewed_on: date | None


class QueueOut(BaseModel):
    """A page of the reviewer's queue in the order of due dates."""

    items: list[QueuedOut]
    next: str | None


class SessionIn(BaseModel):
    """A conference. `attendance` are numbers by group, such as {"enterprises": 120}."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)
    id: PetitionId
    name: Title
    held_on: LegalDate
    place: Title
    chair: Title
    attendance: dict[
        Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")], Annotated[int, Field(ge=0, le=1_000_000)]
    ] = Field(default={}, max_length=32)


class SettlementOut(BaseModel):
    """How a session's petitions stand, in numbers."""

    petitions: int
    open: int
    answered: int
    settled: int
    reviewed: int
    overdue: int


class SessionOut(BaseModel):
    """A conference and how its petitions stand."""

    id: str
    name: str
    held_on: date
    place: str
    chair: str
    attendance: dict[str, int]
    settlement: SettlementOut


class SessionsOut(BaseModel):
    """The conferences, the youngest first."""

    items: list[SessionOut]


class CommentIn(BaseModel):
    """What is said of a petition; `update` is a word to the petitioner. Moves no clock."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)
    kind: Literal["comment", "update"] = "comment"
    text: Text = Field(repr=False)


class CommentOut(BaseModel):
    """What was said, by whom."""

    kind: str
    on: date
    text: str
    agency: str | None
    by: str


class ReviewOut(BaseModel):
    """What Sở Tài chính recommended, until when."""

    sequence: int
    round: int
    on: date
    recommendation: str
    due_on: date
    agency: str | None


class CourseOut(BaseModel):
    """A petition's course beside its state. `update_due_on`: when the petitioner is told again."""

    reviews: list[ReviewOut]
    comments: list[CommentOut]
    members: list[str]
    duplicate_of: str | None
    update_due_on: date | None


def oversight_router(oversight: Oversight) -> APIRouter:
    """The routes of oversight."""
    router = APIRouter(tags=["oversight"])
    _queue(router, oversight)
    _sessions(router, oversight)
    _course(router, oversight)
    return router


def _queue(router: APIRouter, oversight: Oversight) -> None:
    @router.get(
        "/v1/reviews/queue",
        response_model=QueueOut,
        summary="What Sở Tài chính looks at: not definitively settled",
    )
    async def queue(
        _: Reviewer,
        after: Annotated[str | None, Query(max_length=100)] = None,
        limit: Limit = 100,
    ) -> Response:
        found = await oversight.queue(read_cursor(after), limit)
        cursor = next_of(found, limit)
        return _json({"items": [_queued(queued) for queued in found], "next": cursor})


def _sessions(router: APIRouter, oversight: Oversight) -> None:
    @router.post(
        "/v1/sessions", status_code=201, response_model=SessionOut, summary="Record a conference"
    )
    async def add(body: SessionIn, _: Handler) -> Response:
        made = await oversight.add_session(Session(**body.model_dump()))
        ((session, settlement),) = await oversight.sessions(body.id)
        return _json(_session(session, settlement), 201 if made else 200)

    @router.get("/v1/sessions", response_model=SessionsOut, summary="List the conferences")
    async def sessions(_: Overseer) -> Response:
        found = await oversight.sessions()
        return _json({"items": [_session(*one) for one in found]})

    @router.get("/v1/sessions/{session_id}", response_model=SessionOut, summary="Read a conference")
    async def session(session_id: SessionId, _: Overseer) -> Response:
        (one,) = await oversight.sessions(session_id)
        return _json(_session(*one))


def _course(router: APIRouter, oversight: Oversight) -> None:
    @router.get(
        "/v1/petitions/{petition_id}/course",
        response_model=CourseOut,
        summary="Reviews, comments, members, links",
    )
    async def course(petition_id: Id, principal: Handler) -> Response:
        found = await oversight.course(petition_id, principal)
        return _json(asdict(found))

    @router.post(
        "/v1/petitions/{petition_id}/comments",
        status_code=204,
        response_class=Response,
        summary="Comment on it; no clock moves",
    )
    async def comment(petition_id: Id, body: CommentIn, principal: Handler) -> Response:
        await oversight.comment(petition_id, body.kind, body.text, principal)
        return Response(status_code=204)


def _queued(queued: Queued) -> dict[str, Any]:
    return {
        **summary_json(queued.petition),
        "why": list(queued.why),
        "reviewed_on": queued.reviewed_on,
    }


def _session(session: Session, settlement: Settlement) -> dict[str, Any]:
    return {**asdict(session), "settlement": asdict(settlement)}


def _json(body: dict[str, Any], status: int = 200) -> Response:
    headers = {"Cache-Control": "private, no-store"}
    return Response(orjson.dumps(body), status, headers=headers, media_type="application/json")
