"""Doors of the conferences: recording one, its settlement, its own list of petitions."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.petitions.api.bodies import Title
from services.petitions.api.parameters import Handler, Limit, Overseer
from services.petitions.api.views import SummaryOut, next_of, read_cursor, summary_json
from services.petitions.handlers.sessions import Raised, Session, Sessions, SessionStanding
from shared.contracts.values import PETITION_ID_PATTERN, LegalDate, PetitionId

SessionId = Annotated[str, Path(pattern=PETITION_ID_PATTERN)]


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
    """How a session's petitions stand: open + answered + settled + closed make all petitions.

    `settled` are definitively settled; `closed` ended otherwise (rejected, withdrawn, duplicates).
    `reviewed` were reviewed by Sở Tài chính, `reviewed_settled` are both reviewed and settled;
    `overdue` are open and late today.
    """

    petitions: int
    open: int
    answered: int
    settled: int
    closed: int
    reviewed: int
    reviewed_settled: int
    overdue: int


class SessionOut(BaseModel):
    """A conference and how its petitions stand.

    `unverified_years`: their due dates rest on calendars of these years that nobody has checked.
    """

    id: str
    name: str
    held_on: date
    place: str
    chair: str
    attendance: dict[str, int]
    settlement: SettlementOut
    unverified_years: list[int]


class SessionsOut(BaseModel):
    """The conferences, the youngest first."""

    items: list[SessionOut]


class RaisedOut(SummaryOut):
    """A petition that was raised at a conference. `overdue`: open and late today."""

    overdue: bool
    reviewed_on: date | None


class RaisedPageOut(BaseModel):
    """A page of a conference's petitions in the order of due dates."""

    items: list[RaisedOut]
    next: str | None


def sessions_router(sessions: Sessions) -> APIRouter:
    """The routes of the conferences."""
    router = APIRouter(prefix="/v1/sessions", tags=["oversight"])

    @router.post("", status_code=201, response_model=SessionOut, summary="Record a conference")
    async def add(body: SessionIn, _: Handler) -> Response:
        made = await sessions.add(Session(**body.model_dump()))
        return _json(_session(await sessions.get(body.id)), 201 if made else 200)

    @router.get("", response_model=SessionsOut, summary="List the conferences")
    async def listing(_: Overseer) -> Response:
        return _json({"items": [_session(one) for one in await sessions.all()]})

    @router.get("/{session_id}", response_model=SessionOut, summary="Read a conference")
    async def get(session_id: SessionId, _: Overseer) -> Response:
        return _json(_session(await sessions.get(session_id)))

    @router.get(
        "/{session_id}/petitions",
        response_model=RaisedPageOut,
        summary="The petitions raised at a conference, by due date",
    )
    async def petitions(
        session_id: SessionId,
        _: Overseer,
        after: Annotated[str | None, Query(max_length=100)] = None,
        limit: Limit = 100,
    ) -> Response:
        found = await sessions.petitions(session_id, read_cursor(after), limit)
        return _json({"items": [_raised(one) for one in found], "next": next_of(found, limit)})

    return router


def _session(found: SessionStanding) -> dict[str, Any]:
    return {
        **asdict(found.session),
        "settlement": asdict(found.settlement),
        "unverified_years": list(found.unverified_years),
    }


def _raised(raised: Raised) -> dict[str, Any]:
    return {
        **summary_json(raised.petition),
        "overdue": raised.overdue,
        "reviewed_on": raised.reviewed_on,
    }


def _json(body: dict[str, Any], status: int = 200) -> Response:
    headers = {"Cache-Control": "private, no-store"}
    return Response(orjson.dumps(body), status, headers=headers, media_type="application/json")
