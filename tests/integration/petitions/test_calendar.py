"""A year's decision is checked by an officer, and open petitions follow it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from fastapi import FastAPI

from services.petitions.app import Service
from shared.plumbing.clock import FixedClock
from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import As, assigned, file, problem
from tests.integration.petitions.conftest import MORNING
from tests.integration.petitions.test_sessions import record


async def years(as_: As) -> dict[int, dict[str, Any]]:
    found = (await as_("VPUB").get("/v1/calendar")).json()["years"]
    return {year["year"]: year for year in found}


async def put(as_: As, year: int, by: str = "operator", **body: Any) -> Any:
    given = {"source": "Công văn 1/VPCP", "verified": True} | body
    return await as_(by).put(f"/v1/calendar/{year}", json=given)


async def test_an_officer_sees_every_day_to_hold_against_the_decision(as_: As) -> None:
    found = (await years(as_))[2025]
    assert (found["revision"], found["verified"], found["applied"]) == (0, False, True)
    assert found["days_worked"] == ["2025-04-26"]
    assert found["days_off"][:2] == ["2025-01-01", "2025-01-27"]
    assert "2025-05-02" in found["days_off"]


async def test_a_year_is_set_verified_and_what_relied_on_it_stops_saying_so(as_: As) -> None:
    await record(as_)
    filed = await file(as_, session="HN-2026-03")
    course = f"/v1/petitions/{filed['id']}/course"
    assert (await as_("STC").get(course)).json()["unverified_years"] == [2026]
    session = (await as_("reviewer").get("/v1/sessions/HN-2026-03")).json()
    assert session["unverified_years"] == [2026]
    before = (await years(as_))[2026]
    days = {name: before[name] for name in ("off", "working")}
    done = await put(as_, 2026, **days)
    assert (done.status_code, done.json()["revision"]) == (201, 1)
    assert (await put(as_, 2026, **days)).status_code == 200
    assert (await as_("STC").get(course)).json()["unverified_years"] == []
    session = (await as_("reviewer").get("/v1/sessions/HN-2026-03")).json()
    assert session["unverified_years"] == []
    after = (await years(as_))[2026]
    assert {k: before[k] for k in ("days_off", "days_worked")} == {
        k: after[k] for k in ("days_off", "days_worked")
    }


async def test_what_makes_no_sense_is_refused(as_: As) -> None:
    other = await put(as_, 2026, off=["2025-03-23"])
    assert problem(other, 422) == "day_not_of_year"
    both = await put(as_, 2026, off=["2026-03-23"], working=["2026-03-23"])
    assert problem(both, 422) == "day_off_and_worked"
    assert problem(await put(as_, 2026, by="VPUB"), 403) == "forbidden"
    assert problem(await as_("portal").get("/v1/calendar"), 403) == "forbidden"


async def test_a_new_day_off_dates_open_petitions_again_by_an_event_once(
    as_: As, app: FastAPI, service: Service, clock: FixedClock, sql: Connection
) -> None:
    petition_id = await assigned(as_)
    before = (await years(as_))[2026]
    off = [*before["off"], "2026-03-23"]
    await put(as_, 2026, off=off, working=before["working"], source="Quyết định 9/QĐ-TTg")
    # Not before every replica has read the row.
    assert await service.calendars.apply() == 0
    assert not (await years(as_))[2026]["applied"]
    clock.set(MORNING + timedelta(seconds=61))
    assert await service.calendars.apply() == 1
    assert await service.calendars.apply() == 0
    assert (await years(as_))[2026]["applied"]
    row = await sql.fetchrow("SELECT type, data FROM event ORDER BY id DESC LIMIT 1")
    assert row is not None
    event = orjson.loads(row["data"])
    assert row["type"] == "vn.caunoi.PetitionDueChanged.v1"
    (entry,) = event["asserts"]
    assert (entry["before"]["due_on"], entry["after"]["due_on"]) == ("2026-03-23", "2026-03-24")
    state = (await as_("STC").get(f"/v1/petitions/{petition_id}")).json()["state"]
    assert state["due_on"] == "2026-03-24"


async def test_history_that_a_changed_calendar_touches_raises_no_alarm(
    as_: As, service: Service, clock: FixedClock, sql: Connection
) -> None:
    body = {"origin": "backfill", "on": "2026-02-27"}
    await file(as_, **body)
    before = (await years(as_))[2026]
    due_on = await sql.fetchval("SELECT due_on FROM petition")
    await put(as_, 2026, off=[*before["off"], due_on], working=before["working"])
    clock.set(MORNING + timedelta(seconds=61))
    assert await service.calendars.apply() == 1
    clock.set(datetime(2026, 6, 1, 3, tzinfo=UTC))
    assert await service.automatic.alarm() == 0
