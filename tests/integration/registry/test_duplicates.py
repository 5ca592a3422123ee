"""The same fact many times at once, by every door: one effect, and a clear answer to the others."""

import asyncio
import json
import random
from collections.abc import Sequence
from typing import Any

import httpx

from services.registry.app import Service
from services.registry.consumer import read
from services.registry.handlers import Outcome, Registrar
from services.registry.handlers.imports import BulkRecorder, Importer
from services.registry.handlers.imports.bulk import Done, Reported, request_of
from shared.contracts.communes import communes
from shared.plumbing.ids import new_event_id
from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.postgres import Connection
from tests.integration.registry.bodies import CODE, OTHER, Topic, branch, change, enterprise, rows
from tests.integration.registry.sheets import HEADINGS, importer, line, report, run, table, upload
from tests.integration.registry.test_imports import MANY


async def take(service: Service, records: list[RawRecord]) -> list[Outcome]:
    arrivals = [read(record) for record in records]
    return await service.registrar.transaction(
        lambda conn: service.registrar.take_in(conn, arrivals)
    )


def ndjson(*bodies: dict[str, Any]) -> bytes:
    return "\n".join(json.dumps(body) for body in bodies).encode()


async def test_parallel_posts_of_one_registration_are_one_event(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    answers = await asyncio.gather(
        *(http.post("/v1/enterprises", json=enterprise()) for _ in range(24))
    )
    assert sorted(a.status_code for a in answers) == [200] * 23 + [201]
    assert len({a.json()["event_id"] for a in answers}) == 1
    assert (await rows(conn))["event"] == 1


async def test_parallel_posts_of_one_code_with_other_content_are_told_so(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    answers = await asyncio.gather(
        *(
            http.post("/v1/enterprises", json=enterprise(reference=f"R-{n}", capital_vnd=n))
            for n in range(24)
        )
    )
    assert sorted(a.status_code for a in answers) == [201] + [409] * 23
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"already_registered"}
    assert (await rows(conn))["event"] == 1


async def test_one_reference_for_other_content_is_a_conflict_under_concurrency(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    bodies = [enterprise(code) for code in (CODE, OTHER, *MANY[10:20])]
    answers = await asyncio.gather(*(http.post("/v1/enterprises", json=b) for b in bodies))
    assert sorted(a.status_code for a in answers) == [201] + [409] * (len(bodies) - 1)
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"reference_conflict"}
    assert (await rows(conn))["event"] == 1


async def test_one_reference_through_every_door_at_once_is_one_event(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    bodies = [enterprise(code, f"R-{code}") for code in MANY[:40]]
    topic = Topic()
    records = [topic.fact("EnterpriseRegistered", body) for body in bodies]
    where = (await upload(http, ndjson(*bodies), "application/x-ndjson", origin="live")).headers[
        "location"
    ]
    answers, outcomes, _ = await asyncio.gather(
        asyncio.gather(*(http.post("/v1/enterprises", json=body) for body in bodies)),
        take(service, records),
        importer(service).run_pending(),
    )
    assert {a.status_code for a in answers} <= {200, 201}
    assert all(o.recorded for o in outcomes)
    counts = (await http.get(where)).json()["counts"]
    assert set(counts) <= {"recorded", "repeated"}
    firsts = (
        sum(a.status_code == 201 for a in answers)
        + sum(not o.repeated for o in outcomes)
        + counts.get("recorded", 0)
    )
    assert firsts == len(bodies)
    assert (await rows(conn))["event"] == len(bodies)


async def test_a_file_and_posts_of_the_same_codes_leave_one_registration_each(
    http: httpx.AsyncClient, service: Service, conn: Connection, seed: int
) -> None:
    given = MANY[:200]
    posted = random.Random(seed).sample(given, 60)
    where = (await upload(http, table([HEADINGS, *(line(c) for c in given)]))).headers["location"]
    answers, _ = await asyncio.gather(
        asyncio.gather(
            *(http.post("/v1/enterprises", json=enterprise(c, f"H-{c}")) for c in posted)
        ),
        importer(service).run_pending(),
    )
    counts = (await http.get(where)).json()["counts"]
    created = sum(a.status_code == 201 for a in answers)
    assert {a.status_code for a in answers} <= {201, 409}
    assert counts["recorded"] + created == len(given)
    assert counts.get("already_registered", 0) == created
    assert (await rows(conn))["event"] == len(given)


async def test_the_short_way_and_the_ordinary_one_leave_the_same(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    """The same file, once by each way, into the same database emptied in between."""
    odd = [
        line(MANY[101], 'Công ty "Mẫu" \\N \\. C:\\tmp'),
        line(MANY[102], "\\N"),
        line(MANY[103], "\\."),
        line(MANY[104], "Hợp tác xã \U0001f33e", form="Hợp tác xã"),
    ]
    body = table(
        [HEADINGS, *(line(code) for code in MANY[:20]), line(MANY[100], on="10/03/2026"), *odd]
    )

    class Ordinary(BulkRecorder):
        async def record(self, conn: Connection, system: str, facts: Sequence[Reported]) -> Any:
            requests = [request_of(fact, system) for fact in facts]
            outcomes = await self.registrar.record(conn, requests)
            return [Done(o.sequence or None, o.repeated, o.refusal) for o in outcomes]

    seen = []
    for way in (BulkRecorder, Ordinary):
        numbers = iter(range(1, 1_000))

        def new_id(numbers: Any = numbers) -> str:
            return f"00000000-0000-7000-8000-{next(numbers):012}"

        known = frozenset(communes())
        registrar = Registrar(service.database, service.clock, new_event_id, known)
        bulk = way(registrar, service.clock, new_id)
        where = (await upload(http, body, again=True)).headers["location"]
        await Importer(service.database, service.clock, bulk, communes()).run_pending()
        found = (await http.get(where)).json()
        seen.append(
            [
                [(r["row"], r["result"], r["sequence"]) for r in await report(http, found)],
                *[
                    [tuple(row) for row in await conn.fetch(query)]
                    for query in (
                        "SELECT to_jsonb(e) FROM entity e ORDER BY code",
                        "SELECT system, reference, digest, code, sequence FROM reference "
                        "ORDER BY reference",
                        "SELECT subject, sequence, type, recorded_at, data, traceparent "
                        "FROM event ORDER BY subject",
                        "SELECT octets FROM outbox o JOIN event e ON e.id = o.event_id "
                        "ORDER BY e.subject",
                        "SELECT count(*) FROM reference r JOIN event e ON e.ce_id = r.event_id",
                    )
                ],
            ]
        )
        await conn.execute(
            "ALTER TABLE event DISABLE TRIGGER ALL; DELETE FROM event; DELETE FROM outbox; "
            "DELETE FROM entity; DELETE FROM reference; ALTER TABLE event ENABLE TRIGGER ALL"
        )
    assert seen[0] == seen[1]
    assert len(seen[0][1]) == 24


async def test_what_waits_for_its_parent_is_recorded_when_a_file_brings_the_parent(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    (outcome,) = await take(service, [Topic().fact("BranchRegistered", branch())])
    assert outcome.waits
    done = await run(http, service, table([HEADINGS, line(CODE)]))
    assert done["counts"] == {"recorded": 1}
    assert (await rows(conn))["waiting"] == 0
    assert (await rows(conn))["entity"] == 2


async def test_changes_of_one_subject_in_a_file_keep_their_order(
    http: httpx.AsyncClient, service: Service
) -> None:
    facts = [
        {**enterprise(), "fact": "EnterpriseRegistered"},
        {**change("EntitySuspended", "2025-06-01", "R-4"), "code": CODE},
        {**change("EntityResumed", "2025-07-01", "R-5"), "code": CODE},
        {**change("DissolutionStarted", "2025-08-01", "R-6"), "code": CODE},
    ]
    done = await run(http, service, ndjson(*facts), "application/x-ndjson")
    assert [r["sequence"] for r in await report(http, done)] == [1, 2, 3, 4]
