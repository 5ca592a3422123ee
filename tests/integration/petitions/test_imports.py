"""History of an older portal: whole lives, on their dates, as often as one likes."""

import csv
import io
import json
from typing import Any

import httpx

from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import NAME, PHONE, TEXT, TITLE, As, problem


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "reference": f"CU-{number:04d}",
        "filed_on": "2025-03-10",
        "field": "land",
        "petitioner_kind": "enterprise",
        "title": TITLE,
        "text": TEXT,
        "name": NAME,
        "phone": PHONE,
        "assigned_on": "2025-03-12",
        "answered_on": "2025-03-28",
        "answer_document": "41/SNNMT-QLDD",
        "resolved_on": "2025-04-15",
        "resolve_document": "77/SNNMT-QLDD",
        "outcome": "accepted",
    } | changes


def pending(number: int, **changes: Any) -> dict[str, Any]:
    whole = row(number, **changes)
    keep = ("reference", "filed_on", "field", "petitioner_kind", "title", "text", "name")
    return {name: whole[name] for name in keep}


async def bring(
    as_: As, rows: list[dict[str, Any]], *, by: str = "operator", query: str = ""
) -> httpx.Response:
    content = "\n".join(json.dumps(one, ensure_ascii=False) for one in rows).encode()
    headers = {"content-type": "application/x-ndjson"}
    return await as_(by).post(f"/v1/imports{query}", content=content, headers=headers)


async def entries(sql: Connection) -> list[tuple[str, str, str]]:
    rows = await sql.fetch("SELECT data FROM event ORDER BY id")
    events = [json.loads(found["data"]) for found in rows]
    return [(e["asserts"][0]["fact"], e["asserts"][0]["on"], e["origin"]) for e in events]


async def test_a_row_is_a_whole_life_on_the_dates_it_had(as_: As, sql: Connection) -> None:
    done = await bring(as_, [row()])
    assert done.json() == {"rows": 1, "filed": 1, "repeated": 0, "refused": []}
    assert await entries(sql) == [
        ("PetitionFiled", "2025-03-10", "backfill"),
        ("PetitionAssigned", "2025-03-12", "backfill"),
        ("PetitionAnswered", "2025-03-28", "backfill"),
        ("PetitionResolved", "2025-04-15", "backfill"),
    ]
    petition_id = await sql.fetchval("SELECT id FROM petition")
    assert petition_id.startswith("KN-2025-")
    case = (await as_("SNNMT").get(f"/v1/petitions/{petition_id}")).json()
    assert case["state"]["agency"] == "SNNMT"
    assert case["state"]["settled_on"] == "2025-04-15"
    assert case["state"]["outcome"] == "accepted"
    assert case["private"]["petitioner"]["name"] == NAME


async def test_the_same_file_again_changes_nothing(as_: As, sql: Connection) -> None:
    rows = [row(n) for n in range(5)] + [pending(9)]
    await bring(as_, rows)
    before = await entries(sql)
    again = await bring(as_, rows)
    assert again.json() == {"rows": 6, "filed": 0, "repeated": 6, "refused": []}
    assert await entries(sql) == before


async def test_a_life_that_went_on_gets_only_what_is_new(as_: As, sql: Connection) -> None:
    await bring(as_, [pending(1)])
    assert len(await entries(sql)) == 1
    early = {
        k: v for k, v in row(1).items() if k not in ("resolved_on", "resolve_document", "phone")
    }
    await bring(as_, [early])
    done = await bring(as_, [row(1, phone=None)])
    assert done.json()["repeated"] == 1, done.text
    assert [fact for fact, _, _ in await entries(sql)] == [
        "PetitionFiled",
        "PetitionAssigned",
        "PetitionAnswered",
        "PetitionResolved",
    ]


async def test_csv_as_a_spreadsheet_of_this_country_writes_it(as_: As, sql: Connection) -> None:
    out = io.StringIO()
    made = csv.DictWriter(out, [*row(), "other_fields"], delimiter=";")
    made.writeheader()
    made.writerow(row(1, other_fields="planning construction"))
    made.writerow(row(2, resolved_on="", resolve_document=""))
    done = await as_("operator").post(
        "/v1/imports",
        content=b"\xef\xbb\xbf" + out.getvalue().encode(),
        headers={"content-type": "text/csv; charset=utf-8"},
    )
    assert done.json() == {"rows": 2, "filed": 2, "repeated": 0, "refused": []}
    rows = await sql.fetch("SELECT status, state FROM petition ORDER BY status")
    assert [found["status"] for found in rows] == ["answered", "resolved"]


async def test_a_bad_row_is_said_by_its_number_and_the_others_are_taken(
    as_: As, sql: Connection
) -> None:
    bad = [
        row(2, answered_on="2025-03-01"),
        row(3, resolve_document=None),
        row(4, field="astrology"),
        row(5, reference=f"của {NAME}"),
        row(6, filed_on="2999-01-01", assigned_on=None, answered_on=None, answer_document=None)
        | {"resolved_on": None, "resolve_document": None},
    ]
    done = (await bring(as_, [row(1), *bad, row(7)])).json()
    assert (done["rows"], done["filed"]) == (7, 2)
    assert [(one["row"], one["code"]) for one in done["refused"]] == [
        (2, "life_out_of_order"),
        (3, "document_missing"),
        (4, "literal_error"),
        (5, "private_in_public"),
        (6, done["refused"][4]["code"]),
    ]
    told = json.dumps(done, ensure_ascii=False)
    assert not [private for private in (NAME, TEXT, PHONE) if private in told]
    assert await sql.fetchval("SELECT count(*) FROM petition") == 2


async def test_a_dry_run_only_reads(as_: As, sql: Connection) -> None:
    done = (await bring(as_, [row(1), row(2, field="x")], query="?dry_run=true")).json()
    assert (done["rows"], done["filed"], len(done["refused"])) == (2, 0, 1)
    assert await sql.fetchval("SELECT count(*) FROM petition") == 0


async def test_what_is_no_file_of_rows_is_refused_whole(as_: As) -> None:
    for kind, content in (("text/csv", b"\xff\xfe\x00"), ("application/x-ndjson", b"\xff\xfe")):
        answer = await as_("operator").post(
            "/v1/imports", content=content, headers={"content-type": kind}
        )
        assert problem(answer, 422) == "unreadable_rows"
    assert problem(await bring(as_, [row()], by="VPUB"), 403) == "forbidden"
