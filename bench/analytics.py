"""The engine's figures: latency, restart, rebuild. The race is in `bench/race.py`."""

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]

from bench.facts import registrations
from bench.race import Figure, Race, figure
from deploy.local.ports import Ports
from deploy.local.stack import Stack
from tests.support.event_log import EventLog, Stamped
from tests.support.servers import cloned

TOPIC = "caunoi.registry.events.v1"


def figures(long: bool) -> Iterator[Figure]:
    """Measure on servers of our own."""
    n = 1_000_000 if long else 200_000
    with tempfile.TemporaryDirectory(prefix="caunoi-bench-") as folder:
        Path(folder).chmod(0o755)
        with Stack(Path(folder), ports=Ports.free(), services=()) as stack:
            race = Race(stack, n)
            asyncio.run(race.fill())
            yield from asyncio.run(_all(race, long))


async def _all(race: Race, long: bool) -> list[Figure]:
    async with cloned(race.stack.database_url(), race.template) as dsn:
        worker = race.start(dsn, 1, "whole", subprocess.DEVNULL)
        try:
            await _applied(dsn, race.n)
            found = await _latency(race, dsn, seconds=30 if long else 12)
            worker.kill()
            worker.wait()
            found.append(await _restart(race, dsn))
            found.append(await _rebuild(race, dsn))
        finally:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
    return found


async def _applied(dsn: str, n: int) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        while await conn.fetchval("SELECT coalesce(sum(applied), 0) FROM g1.consumed") < n:
            await asyncio.sleep(0.02)
    finally:
        await conn.close()


@contextlib.asynccontextmanager
async def _producer(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True, linger_ms=0)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


def _more(race: Race, n: int) -> list[Stamped]:
    """Return events that follow those of the topic."""
    log = EventLog()
    made: list[Stamped] = []
    for i, (code, ce_type, body, _, _) in enumerate(registrations(race.n + n)):
        stamped = log.stamp(ce_type, code, body)
        if i >= race.n:
            made.append(stamped)
    return made


async def _latency(race: Race, dsn: str, seconds: int) -> list[Figure]:
    """From produce to visible at 1,000 events a second."""
    conn = await asyncpg.connect(dsn)
    events = _more(race, 1_000 * seconds)
    sent: list[float] = []
    seen: list[float] = []
    before = await conn.fetchval("SELECT sum(applied)::bigint FROM g1.consumed")

    async def watch() -> None:
        while len(seen) < len(events):
            count = await conn.fetchval("SELECT sum(applied)::bigint FROM g1.consumed") - before
            now = time.monotonic()
            seen.extend([now] * (count - len(seen)))
            # Who asks without a pause takes a core away from what is measured.
            await asyncio.sleep(0.002)

    watching = asyncio.create_task(watch())
    async with _producer(race.kafka) as producer:
        begun = time.monotonic()
        for i, event in enumerate(events):
            await asyncio.sleep(max(0.0, begun + i / 1_000 - time.monotonic()))
            sent.append(time.monotonic())
            await producer.send(
                TOPIC,
                event.value,
                event.key,
                partition=event.partition,
                headers=list(event.headers),
            )
        await watching
    await conn.close()
    # The first seconds warm up.
    waits = sorted(b - a for a, b in zip(sent[3_000:], seen[3_000:], strict=True))
    p50, p99 = statistics.median(waits) * 1000, waits[len(waits) * 99 // 100] * 1000
    return [
        figure("analytics_visible_p50", p50, "ms", 20, p50 < 20),
        figure("analytics_visible_p99", p99, "ms", 100, p99 < 100),
    ]


async def _restart(race: Race, dsn: str) -> Figure:
    """From the start of a process after kill -9 to the first event applied."""
    conn = await asyncpg.connect(dsn)
    before = await conn.fetchval("SELECT sum(applied)::bigint FROM g1.consumed")
    event = _more(race, 40_000)[30_000]
    # The chain goes on where the latency run ended: take the next true place.
    rows = await conn.fetch("SELECT partition, mark FROM g1.consumed WHERE topic = $1", TOPIC)
    log = EventLog(
        position=max(r["mark"] for r in rows), ends={r["partition"]: r["mark"] for r in rows}
    )
    stamped = log.stamp("vn.caunoi.EnterpriseRegistered.v1", event.key.decode(), event.value)
    async with _producer(race.kafka) as producer:
        await producer.send_and_wait(
            TOPIC, stamped.value, stamped.key, partition=stamped.partition,
            headers=list(stamped.headers),
        )  # fmt: skip
    started = time.monotonic()
    worker = race.start(dsn, 1, "whole", subprocess.DEVNULL)
    while (
        await conn.fetchval("SELECT (sum(applied) + sum(parked_count))::bigint FROM g1.consumed")
        <= before
    ):
        await asyncio.sleep(0.01)
    seconds = time.monotonic() - started
    worker.kill()
    worker.wait()
    await conn.close()
    return figure("analytics_restart", seconds, "s", 3, seconds < 3)


async def _rebuild(race: Race, dsn: str) -> Figure:
    """A rebuild of everything, per million events."""
    started = time.monotonic()
    done = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.analytics", "rebuild"),
        env={
            **os.environ,
            "CAUNOI_DATABASE_URL": dsn,
            "CAUNOI_KAFKA": race.kafka,
            "CAUNOI_TOKENS": "none",
        },
        stdout=asyncio.subprocess.DEVNULL,
    )
    code = await done.wait()
    seconds = (time.monotonic() - started) / race.n * 1e6
    return figure("analytics_rebuild", seconds, "s/million", 15, code == 0 and seconds < 15)
