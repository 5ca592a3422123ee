"""Doors of oversight: the reviewer's queue, a petition's course, comments."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.petitions.api.bodies import Text
from services.petitions.api.parameters import REVIEW, Handler, Id, Limit
from services.petitions.api.views import SummaryOut, next_of, read_cursor, summary_json
from services.petitions.handlers.oversight import Oversight, Queued
from shared.plumbing.auth import Principal
from shared.plumbing.http import requires

Reviewer = Annotated[Principal, Depends(requires(REVIEW))]
Why = Literal["answered", "disputed", "overdue", "escalated"]


class QueuedOut(SummaryOut):
    """A petition that is not definitively settled, and why the reviewer looks at it."""

    why: list[Why]
    reviewed_on: date | None


class QueueOut(BaseModel):
    """A page of the reviewer's queue in the order of due dates."""

    items: list[QueuedOut]
    next: str | None


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


class SuggestionOut(BaseModel):
    """Who would lead and co-ordinate by the fields; `agency` null: nobody leads the field."""

    agency: str | None
    co_agencies: list[str]


class CourseOut(BaseModel):
    """A petition's course beside its state. `update_due_on`: when the petitioner is told again.

    `suggestion` is given until it is assigned. `unverified_years`: its dates rest on calendars of
    these years that nobody has checked.
    """

    reviews: list[ReviewOut]
    comments: list[CommentOut]
    members: list[str]
    duplicate_of: str | None
    update_due_on: date | None
    suggestion: SuggestionOut | None
    unverified_years: list[int]


def oversight_router(oversight: Oversight) -> APIRouter:
    """The routes of oversight."""
    router = APIRouter(tags=["oversight"])
    _queue(router, oversight)
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


def _json(body: dict[str, Any], status: int = 200) -> Response:
    headers = {"Cache-Control": "private, no-store"}
    return Response(orjson.dumps(body), status, headers=headers, media_type="application/json")
