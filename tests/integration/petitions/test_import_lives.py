"""An older portal's petitions with all that happened to them, act by act, as history."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from services.petitions.api.actions import BODIES
from services.petitions.api.import_rows import PastAction
from services.petitions.app import Service
from shared.contracts.catalogue import parse
from shared.plumbing.clock import FixedClock
from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import NAME, As
from tests.integration.petitions.test_imports import bring, entries, pending, row
from tests.integration.petitions.test_sessions import record

Act = dict[str, Any]


def did(action: str, on: str, **more: Any) -> Act:
    return {"action": action, "on": on, **more}


ASSIGN = did("assign", "2025-03-12", complexity="complex")
ANSWER = did("answer", "2025-03-28", document="41/SNNMT", outcome="explained")
RESOLVE = did("resolve", "2025-04-15", document="77/SNNMT")
# What each ends in, and the facts that the acts are published as.
LIVES: list[tuple[str, list[Act], str, list[str]]] = [
    (
        "sent on, supplemented, extended, answered, settled",
        [
            ASSIGN,
            did("transfer", "2025-03-13", agency="SXD", reason="thẩm quyền Sở Xây dựng"),
            did("request_supplement", "2025-03-14", reason="thiếu bản đồ"),
            did("receive_supplement", "2025-03-18"),
            did("extend", "2025-03-20", days=10, reason="phức tạp", legal_basis="Điều 28"),
            did("answer", "2025-04-02", document="9/SXD"),
            did("resolve", "2025-04-20", document="10/SXD", outcome="accepted"),
        ],
        "resolved",
        ["Transferred", "SupplementRequested", "SupplementReceived", "Extended"],
    ),
    (
        "settled, reopened, reviewed, disputed, confirmed",
        [
            ASSIGN,
            ANSWER,
            RESOLVE,
            did("reopen", "2025-05-05", reason="phát sinh mới"),
            did("answer", "2025-05-12", document="50/SNNMT"),
            did("dispute", "2025-05-14", reason="chưa đúng"),
            did("review", "2025-05-20", recommendation="trả lời dứt điểm", due_on="2025-06-15"),
            did("answer", "2025-05-26", document="58/SNNMT"),
            did("confirm", "2025-06-02"),
        ],
        "resolved",
        ["Reopened", "Reviewed"],
    ),
    ("rejected", [did("reject", "2025-03-11", reason="ngoài phạm vi")], "rejected", ["Rejected"]),
    ("withdrawn", [ASSIGN, did("withdraw", "2025-03-14")], "withdrawn", ["Withdrawn"]),
    (
        "referred and taken back",
        [
            ASSIGN,
            did("refer", "2025-03-14", reason="thẩm quyền của Bộ"),
            did("take_back", "2025-04-01"),
        ],
        "assigned",
        ["Referred"],
    ),
    ("referred", [ASSIGN, did("refer", "2025-03-14", reason="Bộ")], "referred", ["Referred"]),
]


def told(number: int, course: list[Act], **changes: Any) -> dict[str, Any]:
    return pending(number) | {"course": course} | changes


@pytest.mark.parametrize(("what", "course", "ends", "facts"), LIVES)
async def test_a_life_is_taken_act_by_act_on_its_dates(
    as_: As, sql: Connection, what: str, course: list[Act], ends: str, facts: list[str]
) -> None:
    done = (await bring(as_, [told(1, course)])).json()
    assert done == {"rows": 1, "filed": 1, "repeated": 0, "refused": []}, what
    found = await entries(sql)
    assert [on for _, on, _ in found] == ["2025-03-10", *(act["on"] for act in course)]
    assert {origin for _, _, origin in found} == {"backfill"}
    names = [fact.removeprefix("Petition") for fact, _, _ in found]
    assert set(facts) <= set(names)
    assert await sql.fetchval("SELECT status FROM petition") == ends
    for event in await sql.fetch("SELECT type, data FROM event"):
        parse(event["type"], event["data"])
    again = (await bring(as_, [told(1, course)])).json()
    assert again == {"rows": 1, "filed": 0, "repeated": 1, "refused": []}
    assert await entries(sql) == found


async def test_a_life_that_goes_on_in_the_old_portal_gets_what_is_new(
    as_: As, sql: Connection
) -> None:
    course = LIVES[1][1]
    for known in range(1, len(course) + 1):
        done = (await bring(as_, [told(1, course[:known])])).json()
        assert done["refused"] == []
    assert len(await entries(sql)) == 1 + len(course)


async def test_nothing_of_a_life_is_kept_when_one_of_its_acts_is_refused(
    as_: As, sql: Connection
) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        (told(1, [ASSIGN, RESOLVE]), "wrong_state"),
        (told(2, [ASSIGN, did("answer", "2025-03-11", document="1/A")]), "life_out_of_order"),
        (told(3, [ASSIGN, did("transfer", "2025-03-13", agency="SXD")]), "reason_missing"),
        (told(4, [ASSIGN, did("transfer", "2025-03-13", agency="SKHDT", reason="a")]),
         "unknown_agency"),
        (told(5, [ASSIGN, ANSWER, did("reopen", "2025-12-01", reason="muộn")]), "window_over"),
        (told(6, [ASSIGN | {"document": "1/A"}]), "not_of_this_action"),
        (told(7, [ASSIGN], answered_on="2025-03-28"), "life_told_twice"),
        (told(8, [ASSIGN, did("reject", "2025-03-13", reason=f"theo {NAME}")]),
         "private_in_public"),
        (told(9, [did("correct", "2025-03-13", reason="a")]), "literal_error"),
    ]  # fmt: skip
    for query in ("?dry_run=true", ""):
        done = (await bring(as_, [one for one, _ in wrong], query=query)).json()
        assert [one["code"] for one in done["refused"]] == [code for _, code in wrong]
        assert await sql.fetchval("SELECT count(*) FROM petition") == 0
        assert NAME not in json.dumps(done, ensure_ascii=False)


async def test_a_duplicate_names_its_original_by_the_old_reference_in_any_order(
    as_: As, sql: Connection
) -> None:
    repeats = did("mark_duplicate", "2025-03-14", original="CU-0002")
    rows = [told(1, [ASSIGN, repeats]), row(2), told(3, [ASSIGN, repeats | {"original": "CU-9"}])]
    done = (await bring(as_, rows)).json()
    assert [(one["row"], one["code"]) for one in done["refused"]] == [(3, "original_not_found")]
    first = await sql.fetchval("SELECT petition_id FROM reference WHERE reference = 'CU-0002'")
    linked = await sql.fetchval(
        "SELECT workings ->> 'duplicate_of' FROM petition WHERE status = 'duplicate'"
    )
    assert linked == first


async def test_a_spreadsheet_tells_the_acts_in_rows_of_their_own(as_: As, sql: Connection) -> None:
    await record(as_)
    course = LIVES[0][1]
    columns = [*pending(1), "other_fields", "session", "action", "on", "agency", "reason", "days"]
    columns += ["legal_basis", "document", "outcome", "complexity"]
    out = io.StringIO()
    made = csv.DictWriter(out, columns, delimiter=";")
    made.writeheader()
    made.writerow(pending(1) | {"other_fields": "planning land_x"[:8], "session": "HN-2026-03"})
    made.writerow(pending(2))
    made.writerows({"reference": "CU-0001", **act} for act in course)
    made.writerow({"reference": "CU-7777", **ASSIGN})
    done = await as_("operator").post(
        "/v1/imports",
        content=b"\xef\xbb\xbf" + out.getvalue().encode(),
        headers={"content-type": "text/csv; charset=utf-8"},
    )
    body = done.json()
    assert (body["rows"], body["filed"]) == (3, 2), body
    assert [(one["row"], one["code"]) for one in body["refused"]] == [(10, "act_without_petition")]
    rows = await sql.fetch("SELECT status FROM petition ORDER BY status")
    assert [found["status"] for found in rows] == ["filed", "resolved"]


async def test_history_that_is_still_open_is_late_and_raises_no_alarm(
    as_: As, service: Service, clock: FixedClock, sql: Connection
) -> None:
    await bring(as_, [told(1, [ASSIGN]), told(2, LIVES[4][1]), pending(3)])
    clock.set(datetime(2026, 6, 1, 3, tzinfo=UTC))
    assert await service.automatic.alarm() == 0
    assert await sql.fetchval("SELECT count(*) FROM petition WHERE alarm_on IS NOT NULL") == 0


def test_every_action_of_the_table_but_a_correction_can_have_happened() -> None:
    assert set(get_args(PastAction)) == set(BODIES) - {"correct"}
