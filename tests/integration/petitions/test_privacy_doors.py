"""A person's data, sent through every door at once, are found in the private tables alone."""

import json
import logging

import pytest

from services.petitions.consumer import read
from services.petitions.handlers.register import RegisterCopy
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC
from shared.plumbing import log
from shared.plumbing.clock import FixedClock
from shared.plumbing.kafka.offsets import Span
from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.postgres import Connection, Database
from tests.integration.petitions.bodies import As, act, assigned, filing
from tests.integration.petitions.test_imports import bring, row
from tests.integration.petitions.test_privacy import holds

NAME, PHONE = "Hoàng Văn Thụ Mẫu", "0987 654 321"
# Where a person may be: what was filed, and what was sent with it.
PRIVATE_TABLES = {
    "petition_private",
    "petition_comment",
    "attachment",
    "attachment_chunk",
    "parked",
}


def found(data: bytes) -> list[str]:
    text = data.decode("utf-8", "replace")
    words = (NAME, PHONE, PHONE.replace(" ", ""))
    escaped = [form for word in words for form in (word, json.dumps(word)[1:-1])]
    return [word for word in escaped if word in text] + holds(data)


async def through_all_doors(as_: As, dsn: str, clock: FixedClock) -> None:
    person = {"name": NAME, "phone": PHONE, "address": f"Nhà {NAME}"}
    petition_id = await assigned(as_, petitioner=person, title=f"Của {NAME}", text=f"Gọi {PHONE}")
    await as_("portal").post("/v1/petitions", json=filing(reference=PHONE, petitioner=person))
    await as_("portal").post("/v1/petitions", json=filing(field=NAME, petitioner=person))
    await as_("portal").post("/v1/petitions", content=f'{{"text": "{NAME}'.encode())
    files = f"/v1/petitions/{petition_id}/attachments"
    said = f'attachment; filename="{PHONE}.txt"'
    headers = {"content-type": "text/plain", "content-disposition": said}
    for content in (f"{NAME} {PHONE}".encode(), f"<b>{NAME}</b>".encode()):
        await as_("portal").post(files, content=content, headers=headers)
    await as_("STC").get(files)
    await as_("").get(f"/v1/track/{PHONE}")
    await act(as_, petition_id, "answer", document=f"1/{NAME}", reference=PHONE)
    await act(as_, petition_id, "answer", document="41/STC-DN")
    await bring(as_, [row(1, name=NAME, phone=PHONE), row(2, name=NAME, field=NAME)])
    await bring(as_, [row(3, name=NAME, reference=f"{NAME}")])
    record = RawRecord(REGISTRY_EVENTS_TOPIC.name, 0, 0, NAME.encode(), NAME.encode(), (), 0)
    async with Database(dsn, name="test") as database:
        copy = RegisterCopy(database, clock)
        await copy.take_in([Span(REGISTRY_EVENTS_TOPIC.name, 0, 0, 1)], [read(record)])
    await as_("operator").post(f"/v1/petitions/{petition_id}/erasure", json={"basis": f"1 {NAME}"})


async def test_no_log_metric_event_or_public_answer_holds_them(
    as_: As, dsn: str, clock: FixedClock, sql: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log.configure("petitions", "DEBUG")
    try:
        await through_all_doors(as_, dsn, clock)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    shown = capsys.readouterr()
    assert "/v1/imports" in shown.out
    assert found((shown.out + shown.err).encode()) == []
    for path in ("/v1/events", "/v1/snapshot", "/metrics"):
        assert found((await as_("reader").get(path)).content) == []
    assert found((await as_("VPUB").get("/v1/petitions")).content) == []
    tables = await sql.fetch(
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    )
    for table in {one["name"] for one in tables} - PRIVATE_TABLES:
        rows = await sql.fetch(f"SELECT row_to_json(t)::text AS row FROM {table} t")
        assert [found(one["row"].encode()) for one in rows] == [[]] * len(rows), table
    for event in await sql.fetch("SELECT data FROM event"):
        assert found(event["data"]) == []


async def test_after_an_erasure_no_table_holds_them(as_: As, sql: Connection) -> None:
    person = {"name": NAME, "phone": PHONE}
    petition_id = await assigned(as_, petitioner=person, title=f"Của {NAME}", text=f"Gọi {PHONE}")
    await as_("portal").post(
        f"/v1/petitions/{petition_id}/attachments",
        content=f"{NAME} {PHONE}".encode(),
        headers={"content-type": "text/plain"},
    )
    done = await as_("operator").post(
        f"/v1/petitions/{petition_id}/erasure", json={"basis": "12/VPUB"}
    )
    assert done.json()["attachments"] == 1
    tables = await sql.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    for table in [one["name"] for one in tables]:
        for one in await sql.fetch(f"SELECT row_to_json(t)::text AS row FROM {table} t"):
            assert found(one["row"].encode()) == [], table
    rows = await sql.fetch("SELECT octets FROM attachment_chunk")
    assert rows == []
