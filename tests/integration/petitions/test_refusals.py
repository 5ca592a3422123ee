"""What is refused says why in both languages, and leaves nothing behind."""

from typing import Any

import httpx
import pytest

from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import NAME, As, act, assigned, file, filing, problem

TABLES = ("petition", "petition_private", "event", "outbox", "reference", "idempotency")


async def rows(sql: Connection) -> dict[str, int]:
    return {t: await sql.fetchval(f"SELECT count(*) FROM {t}") for t in TABLES}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "complaint"}, "not_a_petition"),
        ({"kind": "denunciation"}, "not_a_petition"),
        ({"on": "2026-03-03", "origin": "backfill"}, "date_in_future"),
        ({"on": "2026-03-01"}, "date_needs_backfill"),
        ({"petitioner_kind": "person"}, "entity_not_for_kind"),
        ({"other_fields": ["construction_debt"]}, "field_repeated"),
        ({"reference": "gọi 0912345678"}, "private_in_public"),
        ({"reference": NAME}, "private_in_public"),
        ({"entity": "0100233480"}, "invalid_check_digit"),
        ({"field": "weather"}, "invalid_field"),
        ({"text": " "}, "invalid_text"),
        ({"text": "x" * 20_001}, "invalid_field"),
        ({"text": "a\u0000b"}, "invalid_field"),
        ({"petitioner": {"name": "A", "phone": "call me"}}, "invalid_field"),
        ({"on": "2026-3-1"}, "invalid_date"),
        ({"surprise": 1}, "invalid_field"),
    ],
)
async def test_a_filing_that_cannot_be_taken_leaves_nothing(
    as_: As, sql: Connection, changes: dict[str, Any], code: str
) -> None:
    headers = {"idempotency-key": "k-1"}
    answer = await as_("portal").post("/v1/petitions", json=filing(**changes), headers=headers)
    assert problem(answer, 422) == code
    assert set((await rows(sql)).values()) == {0}
    assert (await file(as_))["id"] == "KN-2026-000001"


async def test_a_complaint_is_told_where_to_go(as_: As) -> None:
    answer = await as_("portal").post("/v1/petitions", json=filing(kind="complaint"))
    assert "Luật Khiếu nại" in answer.json()["detail"]
    assert "Law on Complaints" in answer.json()["detail_en"]


async def send(as_: As, content: bytes, kind: str = "application/json") -> httpx.Response:
    headers = {"content-type": kind}
    return await as_("portal").post("/v1/petitions", content=content, headers=headers)


async def test_what_is_no_json_is_refused(as_: As, sql: Connection) -> None:
    assert problem(await send(as_, b"{"), 400) == "malformed_json"
    assert problem(await send(as_, b"[]"), 422) == "invalid_field"
    assert problem(await send(as_, b"{}", "text/plain"), 415) == "unsupported_media_type"
    assert problem(await send(as_, b'"' + b"x" * 10_000_000 + b'"'), 413) == "body_too_large"
    assert set((await rows(sql)).values()) == {0}


async def test_a_refusal_does_not_repeat_what_is_private(as_: As) -> None:
    wrong = filing(petitioner={"name": NAME, "phone": "0912-not-a-phone", "age": 4})
    answer = await as_("portal").post("/v1/petitions", json=wrong)
    problem(answer, 422)
    assert NAME not in answer.text
    assert "not-a-phone" not in answer.text


async def test_every_door_knows_who_is_asking(as_: As) -> None:
    assert problem(await as_("").post("/v1/petitions", json=filing()), 401) == "unauthenticated"
    for name in ("nobody",):
        assert problem(await as_(name).get("/v1/petitions"), 401) == "unauthenticated"
    assert problem(await as_("STC").post("/v1/petitions", json=filing()), 403) == "forbidden"
    filed = await file(as_)
    for path in ("/v1/petitions", f"/v1/petitions/{filed['id']}"):
        assert problem(await as_("portal").get(path), 403) == "forbidden"
        assert problem(await as_("reader").get(path), 403) == "forbidden"
    for path in ("/v1/events", f"/v1/petitions/{filed['id']}/events"):
        assert problem(await as_("stranger").get(path), 403) == "forbidden"
        assert (await as_("reader").get(path)).status_code == 200
    assert problem(await act(as_, filed["id"], "assign", by="portal"), 403) == "forbidden"


async def test_only_the_lead_agency_answers_and_settles(as_: As, sql: Connection) -> None:
    petition_id = await assigned(as_)
    before = await rows(sql)
    for by in ("SXD", "VPUB"):
        answer = await act(as_, petition_id, "answer", by=by, document="1/X")
        assert problem(answer, 403) == "not_lead_agency"
        assert answer.json()["facts"]["lead_agency"] == "STC"
    assert await rows(sql) == before


@pytest.mark.parametrize(
    ("action", "body", "status", "code"),
    [
        ("answer", {}, 422, "document_missing"),
        ("answer", {"document": "no number"}, 422, "invalid_document"),
        ("answer", {"document": "1/X", "on": "2026-03-01"}, 422, "date_needs_backfill"),
        (
            "answer",
            {"document": "1/X", "on": "2026-03-01", "origin": "backfill"},
            409,
            "before_last_fact",
        ),
        ("resolve", {"document": "1/X"}, 409, "wrong_state"),
        ("assign", {}, 409, "wrong_state"),
        ("dance", {}, 404, "not_found"),
    ],
)
async def test_an_action_that_cannot_be_taken_leaves_nothing(
    as_: As, sql: Connection, action: str, body: dict[str, Any], status: int, code: str
) -> None:
    petition_id = await assigned(as_)
    before = await rows(sql)
    assert problem(await act(as_, petition_id, action, **body), status) == code
    assert await rows(sql) == before


async def test_an_unknown_agency_is_not_given_a_petition(as_: As) -> None:
    filed = await file(as_)
    answer = await act(as_, filed["id"], "assign", by="VPUB", agency="NOBODY")
    assert problem(answer, 422) == "unknown_agency"


@pytest.mark.parametrize("after", ["x", "2026-01-01", "2026-01-01~"])
async def test_a_cursor_of_somebody_else_is_refused(as_: As, after: str) -> None:
    answer = await as_("STC").get("/v1/petitions", params={"after": after})
    assert problem(answer, 422) == "invalid_cursor"


@pytest.mark.parametrize("seen", ["three", '"0"', '"-1"', "W/3"])
async def test_an_etag_that_is_none_is_refused(as_: As, seen: str) -> None:
    petition_id = await assigned(as_)
    headers = {"if-match": seen}
    answer = await act(as_, petition_id, "answer", headers=headers, document="1/X")
    assert problem(answer, 422) == "invalid_field"
