"""A petition's course through the door: filed, assigned, answered, resolved."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from shared.contracts.catalogue import parse
from shared.contracts.envelope import chains
from shared.plumbing.clock import FixedClock
from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import (
    NAME,
    TEXT,
    TITLE,
    As,
    act,
    assigned,
    file,
    problem,
)


async def test_a_petition_goes_from_filing_to_definitively_settled(
    as_: As, clock: FixedClock
) -> None:
    filed = await file(as_)
    assert filed["id"] == "KN-2026-000001"
    assert filed["state"]["due_on"] == "2026-03-23"
    assert len(filed["tracking_code"]) == 19
    clock.set(datetime(2026, 3, 3, 3, tzinfo=UTC))
    given = (await act(as_, filed["id"], "assign", by="VPUB")).json()
    assert given["state"]["agency"] == "STC"
    assert given["state"]["co_agencies"] == ["SXD"]
    assert {"answer", "transfer", "extend"} <= set(given["possible_actions"])
    assert "resolve" not in given["possible_actions"]
    clock.set(datetime(2026, 3, 12, 3, tzinfo=UTC))
    answered = await act(as_, filed["id"], "answer", document="41/STC-DN", outcome="accepted")
    assert answered.json()["state"]["settled_on"] is None
    clock.set(datetime(2026, 3, 19, 3, tzinfo=UTC))
    settled = await act(as_, filed["id"], "resolve", document="52/STC-DN")
    assert settled.headers["etag"] == '"4"'
    state = settled.json()["state"]
    assert state["status"] == "resolved"
    assert (state["answered_on"], state["settled_on"]) == ("2026-03-12", "2026-03-19")
    assert (state["outcome"], state["days_elapsed"]) == ("accepted", 13)


async def test_whoever_works_on_it_reads_its_text_and_documents(as_: As) -> None:
    petition_id = await assigned(as_)
    await act(as_, petition_id, "answer", document="41/STC-DN")
    case = (await as_("STC").get(f"/v1/petitions/{petition_id}")).json()
    assert case["private"]["title"] == TITLE
    assert case["private"]["text"] == TEXT
    assert case["private"]["petitioner"]["name"] == NAME
    document = {
        "sequence": 3,
        "fact": "PetitionAnswered",
        "on": "2026-03-02",
        "document": "41/STC-DN",
    }
    assert case["documents"] == [document]


async def test_an_agency_that_has_no_part_in_it_reads_neither_text_nor_person(as_: As) -> None:
    petition_id = await assigned(as_)
    answer = await as_("SNNMT").get(f"/v1/petitions/{petition_id}")
    assert answer.json()["private"] is None
    assert NAME not in answer.text
    assert TEXT not in answer.text


async def test_its_events_are_complete_and_chain(as_: As, sql: Connection) -> None:
    petition_id = await assigned(as_)
    await act(as_, petition_id, "answer", document="41/STC-DN")
    await act(as_, petition_id, "resolve", document="52/STC-DN", outcome="explained")
    shown = (await as_("reader").get(f"/v1/petitions/{petition_id}/events")).json()["events"]
    rows = await sql.fetch("SELECT type, data FROM event ORDER BY id")
    events = [parse(row["type"], row["data"]) for row in rows]
    assert [event.sequence for event in events] == [1, 2, 3, 4]
    assert chains([entry for event in events for entry in event.asserts])
    assert [one["data"] for one in shown] == [orjson.loads(row["data"]) for row in rows]
    assert [one["position"] for one in shown] == [None] * 4
    assert [one["type"].split(".")[2] for one in shown] == [
        "PetitionFiled",
        "PetitionAssigned",
        "PetitionAnswered",
        "PetitionResolved",
    ]


async def test_history_comes_in_with_its_own_dates(as_: As) -> None:
    old: dict[str, Any] = {"origin": "backfill"}
    filed = await file(as_, on="2025-07-01", **old)
    assert filed["id"].startswith("KN-2025-")
    petition_id = filed["id"]
    await act(as_, petition_id, "assign", by="VPUB", on="2025-07-02", **old)
    await act(as_, petition_id, "answer", document="1/STC", on="2025-07-10", **old)
    settled = await act(as_, petition_id, "resolve", document="2/STC", on="2025-07-15", **old)
    assert settled.json()["state"]["settled_on"] == "2025-07-15"
    shown = (await as_("reader").get(f"/v1/petitions/{petition_id}/events")).json()["events"]
    assert {one["data"]["origin"] for one in shown} == {"backfill"}


async def test_the_legal_date_is_that_of_vietnam(as_: As, clock: FixedClock) -> None:
    clock.set(datetime(2026, 12, 31, 17, 10, tzinfo=UTC))
    assert (await file(as_))["state"]["filed_on"] == "2027-01-01"


async def test_a_list_is_in_the_order_of_due_dates_and_goes_on_where_it_ended(as_: As) -> None:
    days = ["2026-01-15", "2026-01-13", "2026-01-14", "2026-01-13", "2026-01-20"]
    for number, day in enumerate(days):
        await file(as_, reference=f"PA-{number}", on=day, origin="backfill")
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        answer = await as_("STC").get("/v1/petitions", params={"limit": 2, **after})
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            break
        after = {"after": answer.json()["next"]}
    assert [one["state"]["filed_on"] for one in found] == sorted(days)
    assert len({one["id"] for one in found}) == 5
    assert TEXT not in answer.text


async def test_a_list_is_narrowed_by_state_and_agency(as_: As) -> None:
    first = await assigned(as_, reference="A")
    await file(as_, reference="B")

    async def ids(**params: str) -> list[str]:
        answer = await as_("SXD").get("/v1/petitions", params=params)
        return [one["id"] for one in answer.json()["items"]]

    assert await ids(status="assigned") == [first]
    assert await ids(agency="STC") == [first]
    assert await ids(agency="STC", status="filed") == []
    assert len(await ids()) == 2


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ("", "petition_by_due"),
        ("WHERE status = 'assigned'", "petition_by_status_due"),
        ("WHERE agency = 'STC'", "petition_by_agency_due"),
        ("WHERE agency = 'STC' AND status = 'assigned'", "petition_by_agency_status_due"),
    ],
)
async def test_a_list_reads_no_more_than_its_page(
    sql: Connection, filters: str, index: str
) -> None:
    await sql.execute(
        "INSERT INTO petition (id, version, entries, last_on, state, ledger, tracking_code,"
        " filed_at, changed_at) SELECT 'KN-' || n, 1, 1, '2026-01-01', jsonb_build_object("
        "'status', CASE n % 2 WHEN 0 THEN 'assigned' ELSE 'answered' END,"
        " 'agency', CASE n % 3 WHEN 0 THEN 'STC' ELSE 'SXD' END, 'field', 'land', 'due_on',"
        " ('2026-01-01'::date + n % 300)::text), '[]', 'T-' || n, now(), now()"
        " FROM generate_series(1, 5000) n"
    )
    await sql.execute("ANALYZE petition")
    rows = await sql.fetch(
        f"EXPLAIN SELECT id FROM petition {filters} ORDER BY due_on, id LIMIT 50"
    )
    plan = "\n".join(row[0] for row in rows)
    assert f"using {index} on petition" in plan
    assert "Sort" not in plan


async def test_how_many_stand_in_each_state_is_counted_at_scrape(as_: As) -> None:
    await assigned(as_, reference="A")
    await file(as_, reference="B")
    series = (await as_("").get("/metrics")).text
    assert 'caunoi_petitions{status="assigned"} 1.0' in series
    assert 'caunoi_petitions{status="filed"} 1.0' in series
    assert 'caunoi_petitions{status="resolved"} 0.0' in series
    assert 'caunoi_outbox_rows{topic="caunoi.petitions.events.v1"} 3.0' in series
    assert NAME not in series


async def test_a_petition_that_is_not_here_is_said_to_be_unknown(as_: As) -> None:
    for path in ("/v1/petitions/KN-1", "/v1/petitions/KN-1/events"):
        assert problem(await as_("STC").get(path), 404) == "unknown_petition"
    assert problem(await act(as_, "KN-1", "assign"), 404) == "unknown_petition"
