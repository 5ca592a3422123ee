"""A rig for faults: analytics as real processes on real servers, and an independent recount."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]

from deploy.local.ports import Ports
from services import analytics
from services.analytics.domain.indicators import Policy
from services.analytics.handlers.figures import Figures
from shared.contracts.catalogue import Refused, parse
from shared.contracts.headers import place_of, time_of, type_of
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC
from shared.plumbing.migrate import migrate
from shared.plumbing.postgres import Database
from tests.support.event_log import EventLog, Stamped, send
from tests.support.history import Made
from tests.support.servers import Servers, cloned, make_topics, named
from tests.unit.analytics.recount import recount

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = Path(analytics.__file__).parent / "migrations"
TOPIC = REGISTRY_EVENTS_TOPIC
DATES = [date(y, m, 28) for y in (2024, 2025, 2026) for m in (2, 6, 9, 12)]
POLICY = Policy()
RECOVERY = 60.0  # seconds; the bars are measured in the bench, a test only must not hang


@dataclass
class Worker:
    """One analytics process."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(10)

    async def died(self) -> None:
        """Wait until it has killed itself."""
        await asyncio.wait_for(asyncio.to_thread(self.process.wait), RECOVERY)

    async def ready(self) -> None:
        """Wait until it holds its partitions."""
        deadline = time.monotonic() + RECOVERY
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as client:
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get("/readyz")).status_code == 200:
                        return
                assert self.process.poll() is None, self.log.read_text()[-2000:]
                await asyncio.sleep(0.05)
        raise AssertionError(f"not ready: {self.log.read_text()[-2000:]}")

    async def metric(self, name: str) -> float | None:
        """Return a series of /metrics."""
        try:
            async with httpx.AsyncClient() as client:
                text = (await client.get(f"http://127.0.0.1:{self.port}/metrics")).text
        except httpx.HTTPError:
            return None
        for line in text.splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
        return None


@dataclass
class Rig:
    """Servers, a database of the test's own, a producer's log, and workers."""

    kafka: str
    dsn: str
    folder: Path
    log: EventLog = field(default_factory=lambda: EventLog(TOPIC))
    workers: list[Worker] = field(default_factory=list)

    def start(self, instance: str = "1", dsn: str = "", **env: str) -> Worker:
        """Start an analytics process."""
        port = Ports.free().analytics
        path = self.folder / f"analytics-{instance}-{len(self.workers)}.log"
        tokens = self.folder / "tokens.json"
        tokens.write_text('{"tokens": []}')
        tokens.chmod(0o600)
        with path.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "services.analytics", "serve"],
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "CAUNOI_DATABASE_URL": dsn or self.dsn,
                    "CAUNOI_KAFKA": self.kafka,
                    "CAUNOI_PORT": str(port),
                    "CAUNOI_TOKENS": str(tokens),
                    "CAUNOI_INSTANCE": instance,
                    "CAUNOI_SESSION_SECONDS": "6",
                    # Both ways of reading have to stand it; the instances take turns.
                    "CAUNOI_MACHINE_FROM": "1" if instance == "1" else "1000000",
                    **env,
                },
            )
        worker = Worker(process, port, path)
        self.workers.append(worker)
        return worker

    def stamp(self, events: Iterable[Made]) -> list[Stamped]:
        """Give events their places."""
        return [self.log.stamp(*event) for event in events]

    async def send(self, records: Iterable[Stamped]) -> None:
        """Send records to the registry's event topic."""
        await send(self.kafka, TOPIC.name, records)

    async def command(self, *words: str) -> tuple[int, str]:
        """Run an operator's command of analytics; return its exit code and output."""
        done = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.analytics", *words),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={
                **os.environ,
                "CAUNOI_DATABASE_URL": self.dsn,
                "CAUNOI_KAFKA": self.kafka,
                "CAUNOI_TOKENS": str(self.folder / "tokens.json"),
                "CAUNOI_LOG_LEVEL": "WARNING",
            },
        )
        output, _ = await done.communicate()
        return done.returncode or 0, output.decode()

    # -- what must hold --------------------------------------------------------------------

    async def ends(self) -> dict[int, int]:
        """Return the end offset of each partition of the topic."""
        async with reader(self.kafka) as client:
            places = [TopicPartition(TOPIC.name, p) for p in range(TOPIC.partitions)]
            return {tp.partition: end for tp, end in (await client.end_offsets(places)).items()}

    async def caught_up(self, but: Mapping[int, int] | None = None) -> None:
        """Wait until the lag is 0, unaided; `but` gives partitions that stop at an offset."""
        wanted = {**await self.ends(), **(but or {})}
        deadline = time.monotonic() + RECOVERY
        at: dict[int, int] = {}
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                at = await self.offsets()
                if all(at.get(p, 0) == end for p, end in wanted.items()):
                    return
            await asyncio.sleep(0.05)
        lag = {p: (at.get(p, 0), end) for p, end in wanted.items() if at.get(p, 0) != end}
        logs = "\n".join(w.log.read_text()[-1500:] for w in self.workers)
        raise AssertionError(f"lag does not go to 0: {lag}\n{logs}")

    async def query(self, sql: str) -> list[asyncpg.Record]:
        """Run a query in the live generation's schema."""
        conn = await asyncpg.connect(self.dsn, timeout=5)
        try:
            live = await conn.fetchval("SELECT number FROM generation WHERE state = 'live'")
            await conn.execute(f"SET search_path TO g{live}, public")
            return list(await conn.fetch(sql))
        finally:
            await conn.close()

    async def offsets(self) -> dict[int, int]:
        rows = await self.query(
            "SELECT partition, next FROM consumed WHERE topic LIKE '%registry%'"
        )
        return {row["partition"]: row["next"] for row in rows}

    async def check(self) -> Counter[str]:
        """Compare figures with a recount of the topic; return the counts of records by fate."""
        events, records = await self.independent()
        async with Database(self.dsn, name="check") as database:
            for as_of in DATES:
                answer = await Figures(database, POLICY, None).at(as_of)
                found = {(f.indicator.name, ""): f.value for f in answer.figures if f.value}
                assert found == recount(events, as_of, None, POLICY), as_of
        rows = await self.query(
            """SELECT sum(applied)::int AS applied, sum(repeated)::int AS repeated,
                      sum(parked_count)::int AS parked, sum(next)::int AS next FROM consumed
               WHERE topic LIKE '%registry%'"""
        )
        counts = Counter({k: v or 0 for k, v in rows[0].items()})
        assert counts["applied"] + counts["repeated"] + counts["parked"] == counts["next"]
        assert counts["applied"] == len(events)
        assert counts["next"] == records
        code, said = await self.command("verify")
        assert code == 0, said
        return counts

    async def independent(self) -> tuple[list[object], int]:
        """Read the topic from its beginning by the contract: each position once."""
        events: dict[tuple[int, int], object] = {}
        records = 0
        async with reader(self.kafka) as client:
            places = [TopicPartition(TOPIC.name, p) for p in range(TOPIC.partitions)]
            client.assign(places)
            await client.seek_to_beginning(*places)
            ends = await client.end_offsets(places)
            while any([await client.position(tp) < end for tp, end in ends.items()]):
                for tp, got in (await client.getmany(timeout_ms=200)).items():
                    for record in got:
                        records += 1
                        with contextlib.suppress(Refused):
                            place = place_of(record.headers)
                            time_of(record.headers)
                            event = parse(type_of(record.headers), record.value or b"", TOPIC.name)
                            if record.key == event.subject.encode():
                                events[tp.partition, place.position] = event
        return list(events.values()), records


@contextlib.asynccontextmanager
async def reader(kafka: str) -> AsyncIterator[AIOKafkaConsumer]:
    client = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


@contextlib.asynccontextmanager
async def new_rig(servers: Servers, folder: Path, log: EventLog) -> AsyncIterator[Rig]:
    """Yield a rig with a database of its own; its workers are ended afterwards."""
    await make_topics(servers.kafka)
    template = f"faults_{uuid.uuid4().hex[:12]}"
    await migrate(named(servers.postgres, template), MIGRATIONS)
    async with cloned(servers.postgres, template) as dsn:
        rig = Rig(servers.kafka, dsn, folder, log)
        try:
            yield rig
        finally:
            for worker in rig.workers:
                with contextlib.suppress(ProcessLookupError):
                    worker.signal(signal.SIGCONT)
                worker.kill()
