"""A conference has its own list, its state of settlement, and only petitions that name it right."""

import json
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from services.petitions import store
from services.petitions.store.petitions import Filters
from shared.plumbing.clock import FixedClock
from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import As, act, file, filing, problem
from tests.integration.petitions.test_imports import bring, pending

SESSION: dict[str, Any] = {
    "id": "HN-2026-03",
    "name": "Hội nghị đối thoại doanh nghiệp",
    "held_on": "2026-03-01",
    "place": "Lạng Sơn",
    "chair": "Chủ tịch UBND tỉnh",
    "attendance": {"enterprises": 120, "cooperatives": 14},
}


async def record(as_: As, **changes: Any) -> str:
    answer = await as_("VPUB").post("/v1/sessions", json=SESSION | changes)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


async def raised(as_: As, name: str, *acts: tuple[str, dict[str, Any]], **changes: Any) -> str:
    """File a petition of the conference and take acts on it; return its id."""
    filed = await file(as_, reference=name, **{"session": SESSION["id"]} | changes)
    for action, body in acts:
        by = "reviewer" if action == "review" else "STC"
        done = await act(as_, filed["id"], action, by=by, **body)
        assert done.status_code == 200, done.text
    found: str = filed["id"]
    return found


ASSIGN = ("assign", {"agency": "STC"})
ANSWER = ("answer", {"document": "1/STC", "outcome": "accepted"})
RESOLVE = ("resolve", {"document": "2/STC"})
REVIEW = ("review", {"recommendation": "dứt điểm trong quý", "due_on": "2026-06-30"})


async def test_a_session_that_nobody_recorded_is_refused_by_every_door(
    as_: As, sql: Connection
) -> None:
    refused = await as_("portal").post("/v1/petitions", json=filing(session="HN-2026-30"))
    assert problem(refused, 422) == "unknown_session"
    assert refused.json()["facts"] == {"session": "HN-2026-30"}
    done = (await bring(as_, [pending(1) | {"session": "HN-2026-30"}, pending(2)])).json()
    assert [(one["row"], one["code"]) for one in done["refused"]] == [(1, "unknown_session")]
    petition_id = (await file(as_))["id"]
    wrong = await act(
        as_, petition_id, "correct", by="VPUB", reason="gõ nhầm", session="HN-2026-30"
    )
    assert problem(wrong, 422) == "unknown_session"
    assert await sql.fetchval("SELECT count(*) FROM event") == 2
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await sql.execute("""UPDATE petition SET state = state || '{"session": "HN-0"}'""")


async def test_once_recorded_it_is_taken_at_once(as_: As) -> None:
    await record(as_)
    filed = await file(as_, session="HN-2026-03")
    assert filed["state"]["session"] == "HN-2026-03"


async def test_a_session_lists_its_own_petitions_and_no_others(as_: As, clock: FixedClock) -> None:
    await record(as_)
    other = await record(as_, id="HN-2026-02")
    settled = await raised(as_, "A", ASSIGN, ANSWER, REVIEW, RESOLVE)
    late = await raised(as_, "B", ASSIGN)
    await raised(as_, "C", session=other)
    await file(as_, reference="D")
    clock.set(datetime(2026, 3, 25, 2, tzinfo=UTC))
    new = await raised(as_, "E", field="land", other_fields=[])
    path = "/v1/sessions/HN-2026-03/petitions"
    items = (await as_("reviewer").get(path)).json()["items"]
    assert [(one["id"], one["overdue"], one["reviewed_on"]) for one in items] == [
        (settled, False, "2026-03-02"),
        (late, True, None),
        (new, False, None),
    ]
    first = (await as_("STC").get(f"{path}?limit=2")).json()
    rest = (await as_("STC").get(f"{path}?limit=2&after={first['next']}")).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == [settled, late, new]
    listed = (await as_("STC").get("/v1/petitions?session=HN-2026-03")).json()["items"]
    assert [one["id"] for one in listed] == [settled, late, new]
    narrowed = await as_("STC").get("/v1/petitions?session=HN-2026-03&status=resolved")
    assert [one["id"] for one in narrowed.json()["items"]] == [settled]
    missing = await as_("reviewer").get("/v1/sessions/HN-1/petitions")
    assert problem(missing, 404) == "unknown_session"
    assert problem(await as_("portal").get(path), 403) == "forbidden"


async def test_the_settlement_of_a_session_adds_up_and_counts_what_was_reviewed(
    as_: As, clock: FixedClock
) -> None:
    await record(as_)
    await raised(as_, "A", ASSIGN, ANSWER, REVIEW, RESOLVE)
    await raised(as_, "B", ASSIGN, ANSWER, RESOLVE)
    await raised(as_, "C", ASSIGN, ANSWER, REVIEW)
    await raised(as_, "D", ASSIGN, ("reject", {"reason": "không thuộc phạm vi"}))
    await raised(as_, "E", ASSIGN, REVIEW, REVIEW)
    await raised(as_, "F")
    reopened = await raised(as_, "G", ASSIGN, ANSWER, RESOLVE)
    await act(as_, reopened, "reopen", reason="phát sinh mới")
    clock.set(datetime(2026, 3, 25, 2, tzinfo=UTC))
    (found,) = (await as_("reviewer").get("/v1/sessions")).json()["items"]
    counts = found["settlement"]
    assert counts == {
        "petitions": 7,
        "open": 3,
        "answered": 1,
        "settled": 2,
        "closed": 1,
        "reviewed": 3,
        "reviewed_settled": 1,
        "overdue": 3,
    }
    assert found["attendance"] == SESSION["attendance"]
    parts = (counts[name] for name in ("open", "answered", "settled", "closed"))
    assert sum(parts) == counts["petitions"]


async def test_a_session_s_list_reads_no_more_than_its_page(sql: Connection) -> None:
    state = json.dumps({"status": "filed", "field": "land", "agency": None})
    await sql.execute(
        "INSERT INTO conference_session SELECT 'HN-' || n, 'a', '2026-01-01', 'b', 'c', '{}', now()"
        " FROM generate_series(1, 40) n"
    )
    await sql.execute(
        "INSERT INTO petition (id, version, entries, last_on, state, ledger, tracking_code,"
        " filed_at, changed_at) SELECT 'KN-' || n, 1, 1, '2026-01-01', $1::jsonb"
        " || jsonb_build_object('due_on', (date '2026-01-01' + n % 300)::text,"
        " 'session', CASE WHEN n % 5 = 0 THEN 'HN-' || (1 + n % 40) END),"
        " '[]', n::text, now(), now() FROM generate_series(1, 20000) n",
        state,
    )
    await sql.execute("ANALYZE petition")
    plans: list[str] = []
    fetch = sql.fetch

    class Explaining:
        """Asks for the plan of what is asked."""

        async def fetch(self, statement: str, *arguments: object) -> list[Any]:
            rows = await fetch(f"EXPLAIN (COSTS off) {statement}", *arguments)
            plans.append("\n".join(row[0] for row in rows))
            return []

    page = store.page
    await page(Explaining(), Filters(session="HN-11"), None, 50)  # type: ignore[arg-type]
    assert "petition_by_session" in plans[0]
    assert "Sort" not in plans[0]


async def test_who_would_lead_and_co_ordinate_is_suggested_until_it_is_assigned(as_: As) -> None:
    filed = await file(as_)
    course = f"/v1/petitions/{filed['id']}/course"
    found = (await as_("VPUB").get(course)).json()
    assert found["suggestion"] == {"agency": "STC", "co_agencies": ["SXD"]}
    await act(as_, filed["id"], "assign", by="VPUB")
    assert (await as_("VPUB").get(course)).json()["suggestion"] is None
