"""Two replicas of the registry on real servers, callers that never give up, and the final audit."""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]

from bench.facts import codes
from deploy.local.ports import free_ports
from services import registry
from shared.contracts.communes import communes
from shared.contracts.headers import place_of
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC, topics_of
from shared.plumbing.kafka.records import RawRecord, raw_record
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics
from shared.plumbing.migrate import migrate
from tests.faults.callers import calling
from tests.support.servers import Servers, named, until

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = Path(registry.__file__).parent / "migrations"
SCOPES = ["registry:feed", "registry:read"]
# Every caller's subject gets its registration and then so many changes of capital.
CHANGES = 3


@dataclass
class Replica:
    """One process of a service."""

    environment: dict[str, str]
    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = None
    service: str = "registry"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"services.{self.service}", "serve"],
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
            )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill -9, and wait for its end."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    async def died(self) -> bool:
        """Whether it has ended by itself."""
        return self.process is not None and self.process.poll() is not None

    async def get(self, path: str) -> httpx.Response | None:
        """An answer, None when there is none within two seconds."""
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient(timeout=2) as client:
                return await client.get(f"{self.url}{path}")
        return None

    async def ready(self) -> bool:
        """Whether it serves requests."""
        answer = await self.get("/readyz")
        return answer is not None and answer.status_code == 200

    async def leads(self) -> bool:
        """Whether its relay leads, as its metrics say."""
        answer = await self.get("/metrics")
        name = f'caunoi_outbox_leader{{topic="{REGISTRY_EVENTS_TOPIC.name}"}} 1.0'
        return answer is not None and name in answer.text


@dataclass
class House:
    """The replicas, their database and their callers."""

    dsn: str
    kafka: str
    replicas: list[Replica]
    dice: random.Random
    acknowledged: dict[str, tuple[str, int]] = field(default_factory=dict)
    """(event id, sequence) by the reference of each post that was acknowledged."""
    _codes: Iterator[str] = field(default_factory=codes)

    # -- callers ---------------------------------------------------------------------------

    def load(self, callers: int = 6) -> contextlib.AbstractAsyncContextManager[None]:
        """Callers that post within the block."""
        return calling([self._call] * callers)

    async def _call(self, enough: asyncio.Event) -> None:
        known = sorted(communes())
        async with httpx.AsyncClient(timeout=3, headers={"authorization": "Bearer dkkd"}) as client:
            while not enough.is_set():
                code = next(self._codes)
                body = {
                    "code": code,
                    "on": "2025-03-10",
                    "reference": f"R-{code}-0",
                    "legal_form": "joint_stock",
                    "name": "Công ty Thử",
                    "capital_vnd": 10_000_000_000,
                    "commune": known[0],
                    "industry": {"scheme": "vsic2025", "code": "4711"},
                }
                await self._insist(client, "/v1/enterprises", body)
                for number in range(1, CHANGES + 1):
                    change = {
                        "fact": "CapitalChanged",
                        "on": f"2025-04-{number:02d}",
                        "reference": f"R-{code}-{number}",
                        "capital_vnd": 10_000_000_000 + number,
                    }
                    await self._insist(client, f"/v1/entities/{code}/changes", change)

    async def _insist(self, client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
        """Post the same to one replica after another until one acknowledges it."""
        key = {"idempotency-key": body["reference"]} if self.dice.random() < 0.5 else {}
        while True:
            replica = self.dice.choice(self.replicas)
            try:
                answer = await client.post(f"{replica.url}{path}", json=body, headers=key)
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == 503:
                await asyncio.sleep(0.05)
                continue
            assert answer.status_code in {200, 201}, answer.text
            said = answer.json()
            self.acknowledged[body["reference"]] = (said["event_id"], said["sequence"])
            return

    # -- relays ----------------------------------------------------------------------------

    async def leader(self, among: Sequence[Replica] | None = None, seconds: float = 60) -> Replica:
        """The replica that leads, of these."""
        found: list[Replica] = []

        async def leads() -> bool:
            for replica in among or self.replicas:
                if await replica.leads():
                    found.append(replica)
                    return True
            return False

        await until(leads, what="a relay that leads", seconds=seconds)
        return found[-1]

    def others(self, replica: Replica) -> list[Replica]:
        """The replicas beside one."""
        return [other for other in self.replicas if other is not replica]

    async def sending(self) -> None:
        """Return in the middle of a send: something is stamped and not acknowledged."""
        conn = await asyncpg.connect(self.dsn)
        try:

            async def under_way() -> bool:
                return bool(await conn.fetchval("SELECT stamped_through > sent_through FROM relay"))

            await until(under_way, what="a send under way")
        finally:
            conn.terminate()

    async def all_ready(self) -> None:
        """Return when every replica serves."""
        for replica in self.replicas:
            await until(replica.ready, what=f"{replica.log} ready", seconds=90)

    # -- the audit -------------------------------------------------------------------------

    async def audit(self) -> None:
        """Hold what was acknowledged against the log, and the log against the topic."""
        conn = await asyncpg.connect(self.dsn)
        try:

            async def settled() -> bool:
                return bool(
                    await conn.fetchval(
                        "SELECT sent_through = stamped_through AND NOT EXISTS (SELECT FROM outbox)"
                        " FROM relay"
                    )
                )

            await until(settled, what="everything sent", seconds=90)
            rows = await conn.fetch(
                "SELECT s.position, e.ce_id::text, e.subject, e.sequence "
                "FROM stamp s JOIN event e ON e.id = s.event_id ORDER BY s.position"
            )
            found = await conn.fetch("SELECT reference, event_id::text, sequence FROM reference")
        finally:
            await conn.close()
        assert {r: (e, s) for r, e, s in found} == self.acknowledged
        assert len(rows) == len(self.acknowledged)
        assert sorted(e for e, _ in self.acknowledged.values()) == sorted(row[1] for row in rows)
        check_topic(
            await everything(self.kafka), {row[0]: (row[1], row[2], row[3]) for row in rows}
        )

    async def verify(self) -> None:
        """Run the operator's command over the log."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.registry", "verify"),
            cwd=ROOT,
            env={**os.environ, **self.replicas[0].environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()


def check_topic(records: Sequence[RawRecord], log: dict[int, tuple[str, str, int]]) -> None:
    """Every event of the log is on the topic, in order; what comes again is what came before."""
    marks: dict[int, int] = {}
    sequences: dict[str, int] = {}
    seen: set[int] = set()
    for record in records:
        place = place_of(record.headers)
        ce_id, subject, sequence = log[place.position]
        assert (record.header("ce_id"), record.key) == (ce_id, subject.encode())
        if place.position <= marks.get(record.partition, 0):
            assert place.position in seen, f"{place.position} came too late"
            continue
        assert place.previous == marks.get(record.partition, 0), f"a hole before {place.position}"
        assert sequence == sequences.get(subject, 0) + 1
        marks[record.partition], sequences[subject] = place.position, sequence
        seen.add(place.position)
    assert seen == log.keys()


async def everything(kafka: str) -> list[RawRecord]:
    """Read the topic of events from its first record to its present end."""
    topic = REGISTRY_EVENTS_TOPIC
    places = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    await consumer.start()
    found: list[RawRecord] = []
    try:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                found += [raw_record(record) for record in records]
    finally:
        await consumer.stop()
    return found


@contextlib.asynccontextmanager
async def new_house(
    servers: Servers, folder: Path, dice: random.Random, replicas: int = 2
) -> AsyncIterator[House]:
    """Yield replicas that serve, on a new database and the topics of the given servers."""
    dsn = named(servers.postgres, "registry_faults")
    await migrate(dsn, MIGRATIONS)
    await ensure_topics(
        servers.kafka,
        [TopicSpec(t.name, t.partitions, t.retention_ms) for t in topics_of("registry")],
    )
    tokens = folder / "tokens.json"
    token = {"token": "dkkd", "name": "dkkd", "agency": None, "scopes": SCOPES}
    tokens.write_text(json.dumps({"tokens": [token]}), "utf-8")
    made = []
    for number, port in enumerate(free_ports(replicas), start=1):
        environment = {
            "CAUNOI_DATABASE_URL": dsn,
            "CAUNOI_KAFKA": servers.kafka,
            "CAUNOI_PORT": str(port),
            "CAUNOI_TOKENS": str(tokens),
            "CAUNOI_INSTANCE": str(number),
        }
        made.append(Replica(environment, port, folder / f"replica-{number}.log"))
    try:
        for replica in made:
            replica.start()
        house = House(dsn, servers.kafka, made, dice)
        await house.all_ready()
        yield house
    finally:
        for replica in made:
            replica.kill()
