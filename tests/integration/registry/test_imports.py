"""Import of files: the door, the worker and the downloads, on a real Postgres."""

import asyncio
import csv
import gc
import io
import json
from typing import Any

import httpx
import orjson
import pytest

from bench.facts import codes
from services.registry.app import Service
from services.registry.domain import Fact
from services.registry.handlers.imports.rejected import encode
from shared.contracts.catalogue import parse
from shared.plumbing.postgres import Connection
from tests.integration.registry.bodies import BRANCH, CODE, OTHER, enterprise, rows
from tests.integration.registry.sheets import (
    HEADINGS,
    XLSX,
    importer,
    line,
    report,
    run,
    table,
    upload,
)

MANY = [code for code, _ in zip(codes(), range(2_500), strict=False)]


async def test_a_table_of_an_officer_becomes_events(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    done = await run(http, service, table([["DANH SÁCH DOANH NGHIỆP"], HEADINGS, line(CODE)]))
    assert (done["state"], done["counts"], done["progress"]) == ("done", {"recorded": 1}, 1.0)
    assert done["ignored"] == ["STT"]
    state = (await http.get(f"/v1/entities/{CODE}")).json()["state"]
    assert state == {
        "kind": "enterprise",
        "legal_form": "joint_stock",
        "name": "Công ty Mẫu",
        "status": "active",
        "capital_vnd": 12_500_000_000,
        "commune": "05977",
        "industry": {"scheme": "vsic2025", "code": "4711"},
        "registered_on": "2025-03-10",
        "parent": None,
    }
    event = await conn.fetchrow("SELECT type, data FROM event")
    assert event is not None
    assert parse(event["type"], event["data"]).origin == "backfill"


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1258"])
async def test_every_usual_csv_is_understood(
    http: httpx.AsyncClient, service: Service, delimiter: str, encoding: str
) -> None:
    name = "Công ty Mỹ Nghệ Lạng Sơn; số 1, “Đỗ”"
    text = table([HEADINGS, line(CODE, name)], delimiter).decode()
    body = encode(text, encoding) if encoding == "cp1258" else text.encode(encoding)
    done = await run(http, service, body)
    assert done["counts"] == {"recorded": 1}, await report(http, done)
    state = (await http.get(f"/v1/entities/{CODE}")).json()["state"]
    assert state["name"] == name


AMBIGUOUS: list[tuple[list[Any], str]] = [
    (line(CODE, capital="1.234"), "ambiguous_amount"),
    (line(CODE, capital="1.234,567.8"), "ambiguous_amount"),
    (line(CODE, capital="10 triệu"), "ambiguous_amount"),
    (line(CODE, capital="-1"), "negative_capital"),
    (line(CODE, capital="nhiều"), "invalid_capital"),
    (line(CODE, on="03/04/25"), "ambiguous_date"),
    (line(CODE, on="12/31/2025"), "ambiguous_date"),
    (line(CODE, on="31/02/2025"), "invalid_date"),
    (line(CODE, on="10/03/2026"), "date_in_future"),
    (line(CODE, form="TNHH"), "ambiguous_form"),
    (line(CODE, form="Tập đoàn"), "unknown_form"),
    (line(CODE, commune="Xã Ở Đâu"), "unknown_commune"),
    (line(CODE, commune="99999"), "unknown_commune"),
    (line(CODE, industry="6201"), "ambiguous_industry"),
    (line(CODE, industry="Bán lẻ"), "unknown_industry"),
    (line("4900000018"), "invalid_check_digit"),
    (line("4,9E+09"), "invalid_code"),
    (line(CODE, ""), "missing_field"),
    ([1, CODE], "form_required"),
    (line(CODE, "a\x00b"), "invalid_text"),
]


async def test_what_is_wrong_or_ambiguous_is_refused_row_by_row_with_its_code(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    good = line(OTHER)
    body = table([HEADINGS, *(row for row, _ in AMBIGUOUS), [], good])
    done = await run(http, service, body)
    found = await report(http, done)
    assert [(r["row"], r["result"]) for r in found] == [
        *((place, code) for place, (_, code) in enumerate(AMBIGUOUS, start=2)),
        (len(AMBIGUOUS) + 3, "recorded"),
    ]
    assert all(r["reason"] and r["reason_en"] for r in found[:-1])
    assert (await rows(conn))["entity"] == 1


async def test_what_is_declared_makes_it_clear(http: httpx.AsyncClient, service: Service) -> None:
    body = table([HEADINGS, line(CODE, capital="1.234", industry="6201")])
    done = await run(http, service, body, decimal="comma", scheme="vsic2018", origin="live")
    assert done["counts"] == {"recorded": 1}
    state = (await http.get(f"/v1/entities/{CODE}")).json()["state"]
    assert state["capital_vnd"] == 1_234_000_000_000
    assert state["industry"] == {"scheme": "vsic2018", "code": "6201"}


async def test_the_same_file_twice_changes_nothing(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    body = table([HEADINGS, *(line(code) for code in MANY[:50]), line("4900000018")])
    first = await run(http, service, body)
    before = await rows(conn)
    same = await upload(http, body)
    assert (same.status_code, same.json()["id"], same.json()["repeated"]) == (
        200,
        first["id"],
        True,
    )
    again = await run(http, service, body, again=True)
    assert again["counts"] == {"repeated": 50, "invalid_check_digit": 1}
    other = await run(http, service, body.replace(b";", b"\t"))
    assert other["id"] != first["id"]
    assert other["counts"]["repeated"] == 50
    assert await rows(conn) == before


async def test_a_row_with_other_content_is_no_second_registration(
    http: httpx.AsyncClient, service: Service
) -> None:
    await run(http, service, table([HEADINGS, line(CODE)]))
    done = await run(http, service, table([HEADINGS, line(CODE, capital="13"), line(CODE)]))
    assert done["counts"] == {"already_registered": 1, "repeated": 1}


async def test_a_dry_run_says_what_would_be_and_leaves_nothing(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    before = await rows(conn)
    early = [1, BRANCH, "Chi nhánh", "Chi nhánh", "", "05977", "4711", "11/03/2025"]
    body = table(
        [HEADINGS, line(CODE), early, *(line(code) for code in MANY[5:1_200]), line(CODE, "Khác")]
    )
    done = await run(http, service, body, dry_run=True)
    assert done["counts"] == {"recorded": 1_197, "depends_on_earlier_row": 1}
    assert await rows(conn) == before
    real = await run(http, service, body)
    assert real["counts"] == {"recorded": 1_197, "already_registered": 1}


async def test_lines_of_json_are_the_bodies_of_the_door(
    http: httpx.AsyncClient, service: Service
) -> None:
    lines = [
        json.dumps(enterprise()),
        json.dumps(
            {
                "fact": "CapitalChanged",
                "code": CODE,
                "on": "2025-05-01",
                "reference": "R-2",
                "capital_vnd": 5,
            }
        ),
        json.dumps({"fact": "EntityResumed", "code": CODE, "on": "2025-05-01", "reference": "R-3"}),
        "{",
        "[]",
        json.dumps({**enterprise(OTHER, "R-4"), "captial": 1}),
    ]
    body = "\n".join(lines).encode()
    done = await run(http, service, body, "application/x-ndjson")
    assert [r["result"] for r in await report(http, done)] == [
        "recorded",
        "recorded",
        "status_forbids",
        "malformed_json",
        "malformed_json",
        "invalid_field",
    ]
    rejected = (await http.get(f"/v1/imports/{done['id']}/rejected")).text.splitlines()
    assert [json.loads(one)["_code"] for one in rejected] == [
        "status_forbids",
        "malformed_json",
        "malformed_json",
        "invalid_field",
    ]
    mended = json.loads(rejected[3])
    del mended["captial"]
    again = await run(http, service, orjson.dumps(mended), "application/x-ndjson")
    assert again["counts"] == {"recorded": 1}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1258"])
async def test_rejected_rows_come_back_harmless_in_the_files_own_format_and_can_be_sent_again(
    http: httpx.AsyncClient, service: Service, encoding: str
) -> None:
    name = '=HYPERLINK("http://x") Mỹ'
    text = table([HEADINGS, line(CODE, name, capital="1.234"), line(OTHER)]).decode()
    done = await run(http, service, encode(text, encoding))
    answer = await http.get(f"/v1/imports/{done['id']}/rejected")
    assert answer.headers["content-type"].startswith("text/csv; charset=")
    back = answer.content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    (heading, row) = csv.reader(io.StringIO(back), delimiter=";")
    assert row[2].startswith("'=HYPERLINK")
    assert row[-2] == "ambiguous_amount"
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    row[4] = "1,2"
    again = await run(http, service, encode(table([heading, row]).decode(), encoding))
    assert again["counts"] == {"recorded": 1}, await report(http, again)
    assert (await http.get(f"/v1/entities/{CODE}")).json()["state"]["name"] == name


FAILED: list[tuple[bytes, str, str]] = [
    (b"a;b\n1;2\n", "text/csv", "unknown_headings"),
    (table([["Mã số", "Tên", "MST"], [CODE, "A", CODE]]), "text/csv", "ambiguous_heading"),
    (b'code,name\n4900000017,"' + b"x" * 200_000, "text/csv", "malformed_csv"),
    (b"code,name\n" + b"x" * 1_200_000, "text/csv", "line_too_long"),
    (b"code,name\n\xd2\xff\x81", "text/csv", "unknown_encoding"),
    (b"PK\x03\x04 nothing", XLSX, "malformed_workbook"),
]


@pytest.mark.parametrize(("body", "kind", "code"), FAILED, ids=[f[2] for f in FAILED])
async def test_a_file_that_cannot_be_read_fails_as_a_whole_and_says_why(
    http: httpx.AsyncClient, service: Service, body: bytes, kind: str, code: str
) -> None:
    done = await run(http, service, body, kind)
    assert (done["state"], done["failure"]["code"]) == ("failed", code)
    assert done["failure"]["vi"]


async def test_the_door_refuses_what_is_no_file(http: httpx.AsyncClient) -> None:
    assert (await upload(http, b"")).json()["code"] == "empty_file"
    assert (await upload(http, b"a", XLSX)).json()["code"] == "format_misfit"
    assert (await upload(http, b"PK\x03\x04")).json()["code"] == "format_misfit"
    assert (await upload(http, b"{}", "application/json")).status_code == 415
    assert (await http.get("/v1/imports/x")).status_code == 422
    unknown = await http.get("/v1/imports/00000000-0000-0000-0000-000000000000/report")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_import")
    reader = {"authorization": "Bearer reader", "content-type": "text/csv"}
    assert (await http.post("/v1/imports", content=b"x", headers=reader)).status_code == 403


async def test_a_key_belongs_to_one_file(http: httpx.AsyncClient) -> None:
    headers = {"content-type": "text/csv", "idempotency-key": "k-1"}
    first = await http.post("/v1/imports", content=b"code,name\n", headers=headers)
    same = await http.post("/v1/imports", content=b"code,name\n", headers=headers)
    assert same.json()["id"] == first.json()["id"]
    other = await http.post("/v1/imports", content=b"code,names\n", headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_an_import_that_is_cancelled_stops_and_keeps_what_it_did(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    answer = await upload(http, table([HEADINGS, *(line(code) for code in MANY)]))
    where = answer.headers["location"]
    cancelling: list[asyncio.Task[httpx.Response]] = []

    def on_slice() -> None:
        cancelling.append(asyncio.create_task(http.delete(where)))

    await importer(service, on_slice=on_slice).run_pending()
    await asyncio.gather(*cancelling)
    found = (await http.get(where)).json()
    assert found["state"] == "cancelled"
    assert found["counts"]["recorded"] == (await rows(conn))["entity"] < len(MANY)


async def test_a_slice_leaves_no_cycle_for_the_collector(
    http: httpx.AsyncClient, service: Service
) -> None:
    """The worker looks for cycles rarely: each slice that is held by one stays in memory."""
    await upload(http, table([HEADINGS, *(line(code) for code in MANY)]))
    gc.collect()
    gc.disable()
    try:
        await importer(service).run_pending()
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        held = [one for one in gc.garbage if isinstance(one, (bytes, list, io.BytesIO, Fact))]
        assert held == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def test_another_worker_goes_on_behind_the_last_slice(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    body = table([HEADINGS, *(line(code) for code in MANY)])
    where = (await upload(http, body)).headers["location"]

    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    with pytest.raises(Killed):
        await importer(service, on_slice=die).run_pending()
    half = (await http.get(where)).json()
    assert (half["state"], half["counts"]) == ("running", {"recorded": 1_000})
    assert 0 < half["progress"] < 1
    await importer(service).run_pending()
    found = (await http.get(where)).json()
    assert (found["state"], found["counts"]) == ("done", {"recorded": len(MANY)})
    assert [r["row"] for r in await report(http, found)][:3] == [2, 3, 4]
    assert await conn.fetchval("SELECT count(*) FROM import_piece") == 0
