"""The text and the person are in two places: the private table, and the officer's answer."""

import logging

import orjson
import pytest

from shared.plumbing import log
from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import (
    EMAIL,
    NAME,
    PHONE,
    TEXT,
    TITLE,
    As,
    act,
    assigned,
    filing,
)

PRIVATE = (NAME, PHONE, PHONE.replace(" ", ""), EMAIL, TEXT, TITLE)


def holds(data: bytes) -> list[str]:
    text = data.decode()
    escaped = [orjson.dumps(one).decode()[1:-1] for one in PRIVATE]
    ascii_only = [one.encode("unicode_escape").decode() for one in PRIVATE]
    return [one for one in (*PRIVATE, *escaped, *ascii_only) if one in text]


async def walk(as_: As) -> str:
    petition_id = await assigned(as_)
    await act(as_, petition_id, "answer", document="41/STC-DN", reference="VB-41")
    await act(as_, petition_id, "resolve", document="52/STC-DN")
    return petition_id


async def test_no_event_and_no_other_table_holds_them(as_: As, sql: Connection) -> None:
    petition_id = await walk(as_)
    headers = {"idempotency-key": "k-9"}
    await as_("portal").post("/v1/petitions", json=filing(reference="PA-2"), headers=headers)
    for table in ("event", "petition", "reference", "idempotency", "outbox"):
        rows = await sql.fetch(f"SELECT row_to_json(t)::text AS row FROM {table} t")
        assert rows
        assert [holds(row["row"].encode()) for row in rows] == [[]] * len(rows)
    for row in await sql.fetch("SELECT data FROM event"):
        assert holds(row["data"]) == []
    for path in ("/v1/events", f"/v1/petitions/{petition_id}/events", "/metrics"):
        assert holds((await as_("reader").get(path)).content) == []


async def test_no_log_line_holds_them_whatever_goes_wrong(
    as_: As, sql: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log.configure("petitions", "DEBUG")
    try:
        await walk(as_)
        await as_("portal").post("/v1/petitions", json=filing(text="x\u0000"))
        await as_("portal").post("/v1/petitions", json=filing(reference=NAME))
        # A statement that fails quotes its row in the server's words.
        await sql.execute("ALTER TABLE petition_private ADD CHECK (length(text) < 5) NOT VALID")
        broken = await as_("portal").post("/v1/petitions", json=filing(reference="PA-3"))
        assert broken.status_code == 500
        assert holds(broken.content) == []
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    shown = capsys.readouterr()
    assert "/v1/petitions" in shown.out
    assert holds(shown.out.encode()) == []
    assert holds(shown.err.encode()) == []
