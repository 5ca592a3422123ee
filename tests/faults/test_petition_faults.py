"""The petitions under load while a replica dies between its writes and its commit, and Postgres."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local.ports import free_ports
from deploy.local.stack import Stack
from services import petitions
from shared.contracts.topics import topics_of
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics
from shared.plumbing.migrate import migrate
from tests.faults.callers import calling
from tests.faults.registry_rig import Replica
from tests.support.servers import named, until

MIGRATIONS = Path(petitions.__file__).parent / "migrations"
SCOPES = ["petitions:file", "petitions:handle"]
COURSE: list[tuple[str, dict[str, Any]]] = [
    ("assign", {}),
    ("answer", {"document": "41/STC-DN", "outcome": "accepted"}),
    ("resolve", {"document": "52/STC-DN"}),
]


@dataclass
class House:
    """Replicas of the petitions, and callers that never give up."""

    dsn: str
    replicas: list[Replica]
    dice: random.Random
    acknowledged: dict[str, tuple[str, int]] = field(default_factory=dict)
    """(petition, version) by the reference of each act that was acknowledged."""

    def load(self, callers: int = 12) -> contextlib.AbstractAsyncContextManager[None]:
        """Callers that act within the block."""
        begun = len(self.acknowledged)
        return calling([partial(self._call, f"{begun}-{n}") for n in range(callers)])

    async def _call(self, name: str, enough: asyncio.Event) -> None:
        turn = 0
        async with httpx.AsyncClient(timeout=5, headers={"authorization": "Bearer all"}) as client:
            while not enough.is_set():
                turn += 1
                number = f"{name}-{turn}"
                filing = {
                    "field": "construction_debt",
                    "petitioner_kind": "enterprise",
                    "title": f"Thanh toán khối lượng số {number}",
                    "text": f"Kính đề nghị thanh toán khối lượng hoàn thành số {number}.",
                    "petitioner": {"name": "Nguyễn Văn Mẫu"},
                }
                said = await self._insist(client, "/v1/petitions", filing, f"PA-{number}")
                for action, body in COURSE:
                    place = f"/v1/petitions/{said['id']}/actions/{action}"
                    await self._insist(client, place, body, f"{action}-{number}")

    async def _insist(
        self, client: httpx.AsyncClient, path: str, body: dict[str, Any], reference: str
    ) -> dict[str, Any]:
        """Post the same to one replica after another until one acknowledges it."""
        keys = {"idempotency-key": reference} if self.dice.random() < 0.5 else {}
        body = {**body, "reference": reference}
        while True:
            replica = self.dice.choice(self.replicas)
            try:
                answer = await client.post(f"{replica.url}{path}", json=body, headers=keys)
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == 503:
                assert answer.json()["code"] == "unavailable"
                await asyncio.sleep(0.05)
                continue
            assert answer.status_code in {200, 201}, answer.text
            said: dict[str, Any] = answer.json()
            self.acknowledged[reference] = (said["id"], said["version"])
            return said

    async def more(self, count: int) -> None:
        """Return when so many more acts were acknowledged."""
        least = len(self.acknowledged) + count

        async def enough() -> bool:
            return len(self.acknowledged) >= least

        await until(enough, what=f"{count} acts more", seconds=90)

    async def audit(self) -> None:
        """Hold what was acknowledged against the tables, and these against one another."""
        conn = await asyncpg.connect(self.dsn)
        try:
            rows = await conn.fetch("SELECT reference, petition_id, sequence FROM reference")
            # What was done under a reference has one version, whoever asks again later.
            done = {row["reference"]: (row["petition_id"], row["sequence"]) for row in rows}
            assert done.keys() == self.acknowledged.keys()
            for reference, (petition_id, version) in self.acknowledged.items():
                assert done[reference][0] == petition_id
                assert done[reference][1] <= version
            assert await conn.fetchval("SELECT count(*) FROM event") == len(done)
            assert await conn.fetchval(HALF) == 0
        finally:
            await conn.close()


# Petitions of which something is missing, or whose last event says otherwise.
HALF = """
SELECT count(*) FROM petition p
LEFT JOIN petition_private v ON v.petition_id = p.id
LEFT JOIN petition_likeness l ON l.petition_id = p.id
CROSS JOIN LATERAL (
    SELECT count(*) AS n, max(sequence) AS last FROM event WHERE subject = p.id
) e
LEFT JOIN event last ON last.subject = p.id AND last.sequence = e.last
WHERE v.petition_id IS NULL OR l.petition_id IS NULL OR e.n <> p.version OR e.last <> p.version
   OR jsonb_array_length(p.ledger) <> p.version OR p.status <> 'resolved'
   OR convert_from(last.data, 'UTF8')::jsonb -> 'state' <> p.state
"""


@pytest.fixture(scope="module")
async def house(
    stack: Stack, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    # One database for the one topic: a relay refuses a log that is behind its topic.
    folder: Path = tmp_path_factory.mktemp("petitions")
    dsn, kafka = named(stack.database_url(), "petitions_faults"), stack.addresses.kafka
    await migrate(dsn, MIGRATIONS)
    await ensure_topics(
        kafka, [TopicSpec(t.name, t.partitions, t.retention_ms) for t in topics_of("petitions")]
    )
    token = {"token": "all", "name": "all", "agency": "STC", "scopes": SCOPES}
    tokens = folder / "tokens.json"
    tokens.write_text(json.dumps({"tokens": [token]}), "utf-8")
    made = [
        Replica(
            {
                "CAUNOI_DATABASE_URL": dsn,
                "CAUNOI_KAFKA": kafka,
                "CAUNOI_PORT": str(port),
                "CAUNOI_TOKENS": str(tokens),
                "CAUNOI_INSTANCE": str(number),
            },
            port,
            folder / f"replica-{number}.log",
            service="petitions",
        )
        for number, port in enumerate(free_ports(2), start=1)
    ]
    try:
        for replica in made:
            replica.start()
        for replica in made:
            await until(replica.ready, what=f"{replica.log} ready", seconds=90)
        yield House(dsn, made, random.Random(f"{seed} callers"))
    finally:
        for replica in made:
            replica.kill()


async def test_a_replica_that_dies_before_its_commit_leaves_nothing_of_anybodys(
    house: House,
) -> None:
    victim = house.replicas[0]
    for _ in range(2):
        victim.kill()
        victim.environment["CAUNOI_FAILPOINT"] = f"acts_written:{house.dice.randrange(3, 40)}"
        victim.start()
        async with house.load():
            await until(victim.died, what="its death between its writes and its commit")
            del victim.environment["CAUNOI_FAILPOINT"]
            victim.start()
            await until(victim.ready, what=f"{victim.log} ready again", seconds=90)
            await house.more(40)
    await house.audit()


async def test_postgres_that_is_killed_answers_everybody_with_503_and_nothing_is_half_in(
    house: House, stack: Stack
) -> None:
    async with house.load():
        for _ in range(2):
            await house.more(house.dice.randrange(20, 200))
            await asyncio.to_thread(stack.kill, "postgres", True)
            await asyncio.to_thread(stack.start_process, "postgres")
            await house.more(40)
    await house.audit()
