"""Corrections, reorganizations and the timer of suspensions, on a real Postgres."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from services.registry.app import Service
from services.registry.consumer import read
from services.registry.settings import Settings
from services.registry.timers import end_suspensions
from shared.contracts.catalogue import parse
from shared.plumbing.clock import FixedClock
from shared.plumbing.postgres import Connection
from tests.integration.registry.bodies import (
    BRANCH,
    CODE,
    OTHER,
    Topic,
    branch,
    change,
    enterprise,
    rows,
)

CHANGES = f"/v1/entities/{CODE}/changes"
CORRECTIONS = f"/v1/entities/{CODE}/corrections"
NEW = "4900000024"


def correction(corrects: int, reference: str, **fields: Any) -> dict[str, Any]:
    return {"corrects": corrects, "reference": reference, "reason": "Nhập sai", **fields}


def successor(code: str, capital: int) -> dict[str, Any]:
    body = enterprise(code, capital_vnd=capital)
    return {name: value for name, value in body.items() if name not in {"on", "reference"}}


async def events_of(conn: Connection, code: str) -> list[dict[str, Any]]:
    found = await conn.fetch(
        "SELECT type, data FROM event WHERE subject = $1 ORDER BY sequence", code
    )
    for row in found:
        parse(row["type"], row["data"])
    return [orjson.loads(row["data"]) for row in found]


async def send(http: httpx.AsyncClient, path: str, body: dict[str, Any], status: int) -> Any:
    answer = await http.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_every_change_of_the_contract_is_taken_by_http(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    moved_in = enterprise(OTHER, "M-1", fact="EntityMovedIn", registered_on="2009-04-27")
    del moved_in["code"]
    await send(http, f"/v1/entities/{OTHER}/changes", moved_in, 200)
    for number, (fact, on, fields, status) in enumerate(
        [
            ("DetailsChanged", "2025-04-01", {"legal_form": "partnership"}, "active"),
            ("EntityNotAtAddress", "2025-05-01", {}, "not_at_address"),
            ("EntitySuspended", "2025-05-02", {}, "suspended"),
            ("EntityFoundAtAddress", "2025-05-03", {}, "suspended"),
            ("EntityResumed", "2025-05-04", {}, "active"),
            ("CertificateRevoked", "2025-05-05", {}, "certificate_revoked"),
            ("EntityReinstated", "2025-05-06", {}, "active"),
            ("EntityMovedOut", "2025-05-07", {}, "ended"),
        ],
        2,
    ):
        body = change(fact, on, f"M-{number}", **fields)
        done = await send(http, f"/v1/entities/{OTHER}/changes", body, 200)
        assert (done["sequence"], done["state"]["status"]) == (number, status)
    assert (await events_of(conn, OTHER))[-1]["asserts"][0]["why"] == "moved_out"
    empty = change("DetailsChanged", "2025-06-01", "M-99")
    refused = await send(http, f"/v1/entities/{OTHER}/changes", empty, 422)
    assert refused["code"] in {"details_required", "invalid_fields"}


async def test_a_correction_is_recorded_once_and_refused_by_version_or_rule(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    await send(http, "/v1/enterprises", enterprise(), 201)
    await send(http, CHANGES, change("CapitalChanged", "2025-05-15", "R-2", capital_vnd=15), 200)
    body = correction(1, "C-1", capital_vnd=12)
    stale = await http.post(CORRECTIONS, json=body, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    done = await send(http, CORRECTIONS, body, 200)
    assert (done["sequence"], done["state"]["capital_vnd"], done["repeated"]) == (3, 15, False)
    assert (await send(http, CORRECTIONS, body, 200))["repeated"]
    event = (await events_of(conn, CODE))[-1]
    assert (event["corrects"], event["reason"]) == (1, "Nhập sai")
    assert [e["entry"] for e in event["retracts"]] == [1, 2]
    assert [e["after"]["capital_vnd"] for e in event["asserts"]] == [12, 15]
    for wrong, status, code in (
        (correction(9, "C-2", capital_vnd=1), 422, "no_such_fact"),
        (correction(1, "C-3", capital_vnd=12), 409, "nothing_changed"),
        (correction(2, "C-4", name="Khác"), 422, "field_misfit"),
        (correction(1, "C-5", withdraw=True), 409, "void_instead"),
        (correction(2, "C-6", withdraw=True, on="2025-05-01"), 422, "withdrawn_with_fields"),
    ):
        refused = await send(http, CORRECTIONS, wrong, status)
        assert refused["code"] == code
        assert refused["detail"] or refused["errors"]
    assert (await rows(conn))["event"] == 3


async def test_a_voided_registration_is_gone_and_its_sequence_goes_on(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    await send(http, "/v1/enterprises", enterprise(), 201)
    await send(http, "/v1/branches", branch(), 201)
    void = {"reference": "V-1", "reason": "Cấp nhầm"}
    refused = await send(http, f"/v1/entities/{CODE}/void", void, 409)
    assert refused["code"] == "open_units"
    await send(http, f"/v1/entities/{BRANCH}/void", {**void, "reference": "V-2"}, 200)
    done = await send(http, f"/v1/entities/{CODE}/void", void, 200)
    assert (done["sequence"], done["state"]) == (2, None)
    assert (await send(http, f"/v1/entities/{CODE}/void", void, 200))["repeated"]
    gone = await http.get(f"/v1/entities/{CODE}")
    assert (gone.status_code, gone.json()["code"]) == (410, "registration_voided")
    assert (await rows(conn))["entity"] == 0
    again = await send(http, "/v1/enterprises", enterprise(reference="R-9"), 201)
    assert again["sequence"] == 3
    assert [e["sequence"] for e in await events_of(conn, CODE)] == [1, 2, 3]


async def test_corrections_and_voidings_come_by_the_topic_too(
    service: Service, conn: Connection
) -> None:
    topic = Topic()
    records = [
        topic.fact("EnterpriseRegistered", enterprise()),
        topic.fact(
            "RegistrationCorrected", {"code": CODE, **correction(1, "T-2", name="Tên đúng")}
        ),
        topic.fact("RegistrationCorrected", {"code": CODE, **correction(7, "T-3", name="Sai")}),
        topic.fact("RegistrationVoided", {"code": CODE, "reference": "T-4", "reason": "Nhầm"}),
    ]
    outcomes = await service.registrar.transaction(
        lambda conn: service.registrar.take_in(conn, [read(record) for record in records])
    )
    assert [o.sequence for o in outcomes] == [1, 2, 0, 3]
    assert await conn.fetchval("SELECT code FROM rejected") == "no_such_fact"
    assert [e["state"] and e["state"]["name"] for e in await events_of(conn, CODE)] == [
        "Công ty Mẫu",
        "Tên đúng",
        None,
    ]


async def test_the_corrected_end_of_a_parent_moves_its_units_in_one_transaction(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    await send(http, "/v1/enterprises", enterprise(), 201)
    await send(http, "/v1/branches", branch(), 201)
    end = change("EntityDissolved", "2025-07-15", "R-3", why="dissolved")
    await send(http, CHANGES, end, 200)
    await send(http, CORRECTIONS, correction(2, "C-1", on="2025-06-15"), 200)
    own, unit = (await events_of(conn, CODE))[-1], (await events_of(conn, BRANCH))[-1]
    assert own["cause"] == unit["cause"] is not None
    assert [e["on"] for e in (*own["asserts"], *unit["asserts"])] == ["2025-06-15"] * 2
    back = change("EntityReinstated", "2025-08-01", "R-4")
    await send(http, CHANGES, back, 200)
    statuses = await conn.fetch("SELECT status FROM entity")
    assert [row[0] for row in statuses] == ["active", "active"]


@pytest.mark.parametrize("kind", ["merger", "consolidation", "division", "separation"])
async def test_a_reorganization_is_one_act_with_one_cause(
    http: httpx.AsyncClient, conn: Connection, kind: str
) -> None:
    await send(http, "/v1/enterprises", enterprise(), 201)
    await send(http, "/v1/enterprises", enterprise(OTHER, "R-2"), 201)
    await send(http, "/v1/branches", branch(f"{OTHER}-001", "R-3"), 201)
    third = "4900000031"
    before, after = {
        "merger": ([CODE, OTHER], [{"code": CODE, "capital_vnd": 20_000_000_000}]),
        "consolidation": ([CODE, OTHER], [successor(NEW, 20_000_000_000)]),
        "division": ([OTHER], [successor(NEW, 4), successor(third, 6)]),
        "separation": ([OTHER], [{"code": OTHER, "capital_vnd": 6}, successor(NEW, 4)]),
    }[kind]
    body = {
        "kind": kind,
        "on": "2025-06-01",
        "reference": "X-1",
        "predecessors": before,
        "successors": after,
    }
    done = await send(http, "/v1/reorganizations", body, 201)
    told = {(event["code"], event["sequence"]) for event in done["events"]}
    written = await conn.fetch("SELECT subject, sequence, data FROM event")
    assert told == {
        (r["subject"], r["sequence"])
        for r in written
        if orjson.loads(r["data"])["cause"] == done["id"]
    }
    assert (
        len(told)
        == len(written) - 3
        == {"merger": 3, "consolidation": 4}.get(kind, 4 if kind == "division" else 2)
    )
    again = await send(http, "/v1/reorganizations", body, 200)
    assert again == {**done, "repeated": True}
    seen = await http.get(f"/v1/reorganizations/{done['id']}")
    assert {**seen.json(), "repeated": False} == done
    other = await send(http, "/v1/reorganizations", {**body, "on": "2025-06-02"}, 409)
    assert other["code"] == "reference_conflict"


async def test_a_reorganization_that_is_not_allowed_leaves_nothing(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    await send(http, "/v1/enterprises", enterprise(), 201)
    body = {
        "kind": "consolidation",
        "on": "2025-06-01",
        "reference": "X-1",
        "predecessors": [CODE, OTHER],
        "successors": [successor(NEW, 20)],
    }
    refused = await send(http, "/v1/reorganizations", body, 404)
    assert refused["code"] == "unknown_entity"
    wrong = {**body, "predecessors": [CODE]}
    assert (await send(http, "/v1/reorganizations", wrong, 422))["code"] == "reorganization_misfit"
    assert (await rows(conn))["event"] == 1
    none = await http.get("/v1/reorganizations/019a51cb-c4a0-7e16-b607-d1438b895135")
    assert none.status_code == 404


async def test_reorganizations_of_the_same_subjects_at_once_happen_once(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    await send(http, "/v1/enterprises", enterprise(), 201)
    await send(http, "/v1/enterprises", enterprise(OTHER, "R-2"), 201)

    def merger(reference: str, into: str, gone: str) -> dict[str, Any]:
        return {
            "kind": "merger",
            "on": "2025-06-01",
            "reference": reference,
            "predecessors": [gone, into],
            "successors": [{"code": into, "capital_vnd": 20_000_000_000}],
        }

    both = [merger("X-1", CODE, OTHER), merger("X-2", OTHER, CODE)] * 4
    answers = await asyncio.gather(*(http.post("/v1/reorganizations", json=b) for b in both))
    assert sorted({a.status_code for a in answers}) == [200, 201, 409]
    assert sum(a.status_code == 201 for a in answers) == 1
    assert (await rows(conn))["event"] == 4


async def test_a_new_successor_takes_in_the_units_that_waited_for_it(
    service: Service, http: httpx.AsyncClient, conn: Connection
) -> None:
    await send(http, "/v1/enterprises", enterprise(), 201)
    waiting = Topic().fact("BranchRegistered", branch(f"{NEW}-001", "W-1", on="2025-06-02"))
    await service.registrar.transaction(
        lambda conn: service.registrar.take_in(conn, [read(waiting)])
    )
    body = {
        "kind": "separation",
        "on": "2025-06-01",
        "reference": "X-1",
        "predecessors": [CODE],
        "successors": [{"code": CODE}, successor(NEW, 4)],
    }
    await send(http, "/v1/reorganizations", body, 201)
    counted = await rows(conn)
    assert (counted["waiting"], counted["entity"]) == (0, 3)


async def test_a_branch_of_a_parent_seated_elsewhere_does_not_wait(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    unknown = await send(http, "/v1/branches", branch(), 422)
    assert unknown["code"] == "unknown_parent"
    await send(http, "/v1/branches", branch(parent_seat="elsewhere"), 201)
    assert (await rows(conn))["entity"] == 1


async def test_suspensions_end_once_by_any_number_of_replicas(
    service: Service, http: httpx.AsyncClient, conn: Connection, clock: FixedClock, dsn: str
) -> None:
    await send(http, "/v1/enterprises", enterprise(), 201)
    units = [f"{CODE}-{n:03d}" for n in range(1, 31)]
    for n, unit in enumerate(units):
        await send(http, "/v1/branches", branch(unit, f"B-{n}"), 201)
        body = change("EntitySuspended", "2025-09-01", f"S-{n}", until="2025-09-30")
        await send(http, f"/v1/entities/{unit}/changes", body, 200)
    second = Service(Settings(database_url=dsn, kafka="127.0.0.1:1", tokens=Path("none")), clock)
    async with second.database:
        replicas = [service.registrar, second.registrar]
        for moment in (
            datetime(2025, 9, 30, 16, 59, tzinfo=UTC),
            datetime(2025, 9, 30, 17, 0, tzinfo=UTC),
            datetime(2025, 12, 1, tzinfo=UTC),
        ):
            clock.set(moment)
            await asyncio.gather(*(end_suspensions(r) for r in replicas * 3))
            done = await conn.fetchval("SELECT count(*) FROM event WHERE type LIKE '%Resumed.v1'")
            assert done == (0 if moment.hour == 16 else len(units))
    for unit in units:
        event = (await events_of(conn, unit))[-1]
        assert (event["asserts"][0]["on"], event["origin"]) == ("2025-10-01", "live")
        assert event["source"] == {
            "system": "/vn/lang-son/registry/timer",
            "reference": f"RESUME-{unit}-2025-10-01",
        }


async def test_a_report_behind_the_last_day_is_answered_by_its_own_event(
    http: httpx.AsyncClient, clock: FixedClock
) -> None:
    await send(http, "/v1/enterprises", enterprise(), 201)
    body = change("EntitySuspended", "2025-04-01", "S-1", until="2025-06-30")
    assert (await send(http, CHANGES, body, 200))["sequence"] == 2
    body = change("EntitySuspended", "2025-08-01", "S-2")
    done = await send(http, CHANGES, body, 200)
    assert (done["sequence"], done["state"]["status"]) == (4, "suspended")
