"""An upstream system is one source by HTTP, by the topic and by files: one reference, one effect."""

import asyncio
import json
import random
import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from services.registry.app import Service, application
from services.registry.consumer import read
from services.registry.handlers import Outcome
from shared.plumbing.auth import Principal
from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.migrate import migrate
from shared.plumbing.postgres import Connection
from tests.integration.registry.bodies import CODE, OTHER, Topic, change, enterprise, rows
from tests.integration.registry.conftest import MIGRATIONS
from tests.integration.registry.sheets import report, run
from tests.integration.registry.test_imports import MANY
from tests.support.servers import Servers, named, run_sql

CHANGES = f"/v1/entities/{CODE}/changes"


async def take(service: Service, records: list[RawRecord]) -> list[Outcome]:
    arrivals = [read(record) for record in records]
    return await service.registrar.transaction(
        lambda conn: service.registrar.take_in(conn, arrivals)
    )


async def test_the_same_reports_by_http_and_topic_at_once_have_one_effect_each(
    http: httpx.AsyncClient, service: Service, conn: Connection, seed: int
) -> None:
    dice, topic = random.Random(seed), Topic()
    bodies = [enterprise(code, f"R-{code}") for code in MANY[:60]]
    records = [topic.fact("EnterpriseRegistered", body) for body in bodies]
    batches = [records[n : n + 6] for n in range(0, 60, 6)]
    dice.shuffle(bodies)
    answers, taken = await asyncio.gather(
        asyncio.gather(*(http.post("/v1/enterprises", json=body) for body in bodies)),
        asyncio.gather(*(take(service, batch) for batch in batches)),
    )
    outcomes = [outcome for batch in taken for outcome in batch]
    assert {a.status_code for a in answers} <= {200, 201}
    assert all(outcome.recorded for outcome in outcomes)
    first = [a.status_code == 201 for a in answers] + [not o.repeated for o in outcomes]
    assert sum(first) == len(bodies)
    # Both name the event of whoever came first.
    told = {a.json()["code"]: a.json()["event_id"] for a in answers}
    assert told == {o.code: o.event_id for o in outcomes}
    counted = await rows(conn)
    assert (counted["event"], counted["rejected"], counted["reference"]) == (60, 0, 60)


async def test_one_reference_with_other_content_by_http_and_topic_at_once_is_refused_to_one(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    await http.post("/v1/enterprises", json=enterprise())
    topic = Topic()
    ours = [change("CapitalChanged", "2025-05-01", f"C-{n}", capital_vnd=n) for n in range(30)]
    records = [
        topic.fact("CapitalChanged", {**body, "code": CODE, "capital_vnd": 1_000 + n})
        for n, body in enumerate(ours)
    ]
    answers, taken = await asyncio.gather(
        asyncio.gather(*(http.post(CHANGES, json=body) for body in ours)),
        asyncio.gather(*(take(service, [record]) for record in records)),
    )
    for answer, (outcome,) in zip(answers, taken, strict=True):
        assert (answer.status_code == 200) != outcome.recorded
        if outcome.recorded:
            assert (answer.status_code, answer.json()["code"]) == (409, "reference_conflict")
            assert answer.json()["facts"]["system"] == "/vn/lang-son/dkkd"
        else:
            assert outcome.refusal is not None
            assert outcome.refusal.code == "reference_conflict"
    refused = await conn.fetch("SELECT DISTINCT code FROM rejected")
    assert [row["code"] for row in refused] in ([], ["reference_conflict"])
    assert (await rows(conn))["event"] == 31


async def test_one_reference_for_two_subjects_by_two_doors_at_once_is_one_event(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    # Not the family's lock decides here but the reference alone.
    answer, (outcome,) = await asyncio.gather(
        http.post("/v1/enterprises", json=enterprise(CODE)),
        take(service, [Topic().fact("EnterpriseRegistered", enterprise(OTHER))]),
    )
    assert (answer.status_code == 201) != outcome.recorded
    assert answer.status_code in (201, 409)
    assert (await rows(conn))["event"] == 1


async def test_a_reorganization_by_two_doors_at_once_happens_once(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    await http.post("/v1/enterprises", json=enterprise())
    await http.post("/v1/enterprises", json=enterprise(OTHER, "R-2"))
    body: dict[str, Any] = {
        "kind": "merger",
        "on": "2025-06-01",
        "reference": "X-1",
        "predecessors": [OTHER, CODE],
        "successors": [{"code": CODE, "capital_vnd": 20}],
    }
    topic = Topic()
    records = [topic.fact("EntitiesReorganized", {"code": OTHER, **body}) for _ in range(4)]
    answers, taken = await asyncio.gather(
        asyncio.gather(*(http.post("/v1/reorganizations", json=body) for _ in range(4))),
        asyncio.gather(*(take(service, [record]) for record in records)),
    )
    assert {a.status_code for a in answers} <= {200, 201}
    outcomes = [outcome for batch in taken for outcome in batch]
    first = [a.status_code == 201 for a in answers] + [not o.repeated for o in outcomes]
    assert sum(first) == 1
    counted = await rows(conn)
    assert (counted["event"], counted["rejected"]) == (4, 0)
    (cause,) = {a.json()["id"] for a in answers}
    found = (await http.get(f"/v1/reorganizations/{cause}")).json()
    assert [event["code"] for event in found["events"]] == [OTHER, CODE]


async def test_a_reorganization_of_unknown_subjects_comes_back_refused(
    service: Service, conn: Connection
) -> None:
    body = {
        "code": CODE,
        "kind": "merger",
        "on": "2025-06-01",
        "reference": "X-1",
        "predecessors": [CODE, OTHER],
        "successors": [{"code": OTHER}],
    }
    (outcome,) = await take(service, [Topic().fact("EntitiesReorganized", body)])
    assert outcome.refusal is not None
    row = await conn.fetchrow("SELECT code, reference FROM rejected")
    assert row is not None
    assert tuple(row) == ("unknown_entity", "X-1")


async def test_a_file_of_the_same_system_repeats_what_it_posted(
    http: httpx.AsyncClient, service: Service
) -> None:
    await take(service, [Topic().fact("EnterpriseRegistered", enterprise())])
    sheet = json.dumps(enterprise()).encode()
    done = await run(http, service, sheet, "application/x-ndjson", origin="live")
    assert done["counts"] == {"repeated": 1}
    assert [row["sequence"] for row in await report(http, done)] == [1]


class Officers:
    """Two tokens of one system, and one of another."""

    async def find(self, token: str) -> Principal | None:
        source = None if token == "tax" else "/vn/lang-son/dkkd"
        return Principal(token, None, frozenset({"registry:feed"}), source)


async def test_tokens_that_speak_for_one_system_share_its_references(
    service: Service, conn: Connection
) -> None:
    transport = httpx.ASGITransport(app=application(service, Officers()))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
        seen = [
            (
                await client.post(
                    "/v1/enterprises",
                    json=enterprise(),
                    headers={"authorization": f"Bearer {token}"},
                )
            ).status_code
            for token in ("nga", "minh", "tax")
        ]
    assert seen == [201, 200, 409]
    (outcome,) = await take(service, [Topic().fact("EnterpriseRegistered", enterprise())])
    assert outcome.repeated


@pytest.fixture
async def older(servers: Servers) -> AsyncIterator[str]:
    """A database of before the change of names."""
    name = f"older_{uuid.uuid4().hex[:12]}"
    yield named(servers.postgres, name)
    await run_sql(named(servers.postgres, "postgres"), f"DROP DATABASE {name} WITH (FORCE)")


async def test_what_was_recorded_under_the_old_name_is_known_under_the_new_one(
    older: str, tmp_path: Path
) -> None:
    for file in MIGRATIONS.glob("*.sql"):
        if int(file.name[:4]) < 15:
            shutil.copy(file, tmp_path)
    await migrate(older, tmp_path)
    conn = await asyncpg.connect(older)
    try:
        await conn.executemany(
            "INSERT INTO reference (system, reference, digest, code, sequence, event_id) "
            "VALUES ($1, $2, decode(repeat('00', 16), 'hex'), $3, 1, gen_random_uuid())",
            [
                ("/vn/lang-son/http/dkkd", "A", "1"),
                ("/vn/lang-son/http/dkkd", "B", "2"),
                ("/vn/lang-son/dkkd", "B", "3"),
                ("/vn/lang-son/http/", "C", "4"),
            ],
        )
        await migrate(older, MIGRATIONS)
        found = await conn.fetch("SELECT system, reference, code FROM reference ORDER BY code")
    finally:
        await conn.close()
    assert [tuple(row) for row in found] == [
        ("/vn/lang-son/dkkd", "A", "1"),
        ("/vn/lang-son/http/dkkd", "B", "2"),
        ("/vn/lang-son/dkkd", "B", "3"),
        ("/vn/lang-son/http/", "C", "4"),
    ]
