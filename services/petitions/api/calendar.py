"""Doors of the calendar: which days are worked, whether somebody has read the decision."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.petitions.api.bodies import Title
from services.petitions.api.parameters import Overseer
from services.petitions.handlers.calendars import Calendars, Year, YearDecision
from services.petitions.handlers.privacy import OPERATE
from shared.contracts.values import LegalDate
from shared.plumbing.auth import Principal
from shared.plumbing.http import requires

YearNumber = Annotated[int, Path(ge=1990, le=2199)]
Operator = Annotated[Principal, Depends(requires(OPERATE))]
Days = Annotated[list[LegalDate], Field(max_length=120)]


class CalendarIn(BaseModel):
    """What the decision of a year says. `verified`: somebody has read the decision itself."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)
    off: Days = Field(
        default=[], description="Days off; public holidays are known and may be left out."
    )
    working: Days = Field(
        default=[], description="Days that are worked although they would be off."
    )
    source: Title = Field(description="Number and date of the decision, and who says so.")
    verified: bool


class YearOut(BaseModel):
    """A year as clocks count it. `revision` 0 came with the service.

    `days_off` are all weekdays that are not worked, `days_worked` the days of weekends that are:
    this is what an officer holds against the decision. `applied`: open petitions are dated by it.
    """

    year: int
    revision: int
    verified: bool
    source: str
    off: list[date]
    working: list[date]
    days_off: list[date]
    days_worked: list[date]
    applied: bool


class CalendarOut(BaseModel):
    """The years that have a decision. What is not among them has the library's public holidays."""

    years: list[YearOut]


def calendar_router(calendars: Calendars) -> APIRouter:
    """The routes of the calendar."""
    router = APIRouter(prefix="/v1/calendar", tags=["oversight"])

    @router.get("", response_model=CalendarOut, summary="The years' working days, and who says so")
    async def years(_: Overseer) -> Response:
        return _json({"years": [_year(year) for year in await calendars.years()]})

    @router.put(
        "/{year}",
        response_model=YearOut,
        responses={201: {"model": YearOut, "description": "A new revision was recorded."}},
        summary="Set a year's decision, or say that it was read (verified)",
    )
    async def put(year: YearNumber, body: CalendarIn, principal: Operator) -> Response:
        decision = YearDecision(
            year, tuple(body.off), tuple(body.working), body.source, body.verified
        )
        found, added = await calendars.set(decision, principal.name)
        return _json(_year(found), 201 if added else 200)

    return router


def _year(year: Year) -> dict[str, Any]:
    return {
        **asdict(year.decision),
        "revision": year.revision,
        "days_off": year.off,
        "days_worked": year.worked,
        "applied": year.applied,
    }


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
