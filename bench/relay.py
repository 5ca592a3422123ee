"""How fast the relay is: a backlog sent in bulk, and one event at a time as it is written.

The relay runs as the service runs it, on a database and a topic of its own.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from aiokafka import ConsumerRecord, TopicPartition  # type: ignore[import-untyped]
from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]
from aiokafka.admin.config_resource import (  # type: ignore[import-untyped]
    ConfigResource,
    ConfigResourceType,
)
from prometheus_client import CollectorRegistry

from bench.facts import registrations
from services import registry
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC
from shared.plumbing import outbox
from shared.plumbing.clock import SystemClock, monotonic
from shared.plumbing.ids import new_event_id
from shared.plumbing.kafka.clients import new_consumer
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics
from shared.plumbing.migrate import migrate
from shared.plumbing.postgres import Database

MIGRATIONS = Path(registry.__file__).parent / "migrations"
PARTITIONS = REGISTRY_EVENTS_TOPIC.partitions
_SLICE = 5_000


async def bulk(dsn: str, kafka: str, count: int) -> float:
    """Events a second of a backlog of `count`, from the relay's first look to the last sent."""
    async with _database(dsn) as database:
        await _write(database, _events(count))
        relay = await _relay(database.dsn, kafka)
        async with relay.running():
            while relay.state != "leading":
                await asyncio.sleep(0.001)
            began = monotonic()
            while await _sent(database) < count:
                await asyncio.sleep(0.02)
            return count / (monotonic() - began)


async def delays(kafka: str, work: Awaitable[object]) -> dict[str, float]:
    """Milliseconds from the recording of an event to Kafka, and to a reader, while `work` lasts.

    The broker stamps each record when it appends it (LogAppendTime, whole milliseconds). An event
    is recorded before its transaction is committed: the true delay from the commit is less.
    """
    topic = REGISTRY_EVENTS_TOPIC.name
    await _let_the_broker_stamp(kafka, topic)
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer = new_consumer(bootstrap=kafka)
    await consumer.start()
    appended: list[float] = []
    seen: list[float] = []
    try:
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        for place in places:
            await consumer.position(place)
        task = asyncio.ensure_future(work)
        idle = 0
        while idle < 5:
            records = [
                r for share in (await consumer.getmany(timeout_ms=100)).values() for r in share
            ]
            now = datetime.now(UTC).timestamp()
            idle = 0 if records or not task.done() else idle + 1
            for record in records:
                recorded = _recorded(record)
                appended.append(1000 * (record.timestamp / 1000 - recorded))
                seen.append(1000 * (now - recorded))
        await task
    finally:
        await consumer.stop()
    return {**_shares("acknowledged", appended), **_shares("seen", seen)}


def _recorded(record: ConsumerRecord) -> float:
    headers = dict(record.headers)
    return datetime.fromisoformat(headers["ce_time"].decode().replace("Z", "+00:00")).timestamp()


def _shares(name: str, values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {f"{name}_p{p}": ordered[int(len(ordered) * p / 100)] for p in (50, 99)}


async def _let_the_broker_stamp(kafka: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        settings = {"message.timestamp.type": "LogAppendTime"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])
    finally:
        await admin.close()


def _events(count: int) -> list[outbox.NewEvent]:
    now = datetime.now(UTC)
    return [
        outbox.NewEvent(new_event_id(), code, 1, ce_type, now, data)
        for code, ce_type, data, _, _ in registrations(count)
    ]


async def _write(database: Database, events: Sequence[outbox.NewEvent]) -> None:
    for start in range(0, len(events), _SLICE):
        async with database.transaction() as conn:
            await outbox.append(conn, events[start : start + _SLICE])
    async with database.connection() as conn:
        await conn.execute("ANALYZE")


async def _sent(database: Database) -> int:
    async with database.connection() as conn:
        return (await outbox.head(conn)).sent


async def _relay(dsn: str, kafka: str) -> outbox.Relay:
    topic = f"bench.{uuid.uuid4().hex[:12]}"
    await ensure_topics(kafka, [TopicSpec(topic, PARTITIONS, None)])
    metrics = outbox.OutboxMetrics(CollectorRegistry(), topic)
    return outbox.Relay(
        dsn=dsn,
        bootstrap=kafka,
        topic=topic,
        partitions=PARTITIONS,
        source="/vn/lang-son/registry",
        name="bench",
        clock=SystemClock(),
        metrics=metrics,
    )


@asynccontextmanager
async def _database(server: str) -> AsyncIterator[Database]:
    """A migrated database of its own on the server, dropped afterwards."""
    name = f"bench_{uuid.uuid4().hex[:12]}"
    dsn = f"{server.rpartition('/')[0]}/{name}"
    await migrate(dsn, MIGRATIONS)
    try:
        async with Database(dsn, name="bench") as database:
            yield database
    finally:
        conn = await asyncpg.connect(server)
        await conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await conn.close()
