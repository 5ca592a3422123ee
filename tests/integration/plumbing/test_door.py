"""The Kafka door: every offset once, whatever is in the record and whatever fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition  # type: ignore[import-untyped]
from faststream.kafka import KafkaBroker
from prometheus_client import CollectorRegistry

from shared.plumbing.kafka.clients import start_producer, stop_producer
from shared.plumbing.kafka.door import Batch, BatchDoor, DoorMetrics, DoorStuck
from shared.plumbing.kafka.offsets import Fenced, Span, advance, load_offsets
from shared.plumbing.kafka.topics import TopicRefused, TopicSpec, ensure_topics
from shared.plumbing.postgres import Database
from tests.support.servers import until

Trouble = Callable[[Batch], Awaitable[None]]


async def _none(_: Batch) -> None:
    return


class Ledger:
    """Applies records to a table, in one transaction with their offsets."""

    def __init__(self, database: Database, topic: str, trouble: Trouble = _none) -> None:
        self.database, self.topic, self.trouble = database, topic, trouble

    async def load(self) -> dict[int, int]:
        async with self.database.connection() as conn:
            return await load_offsets(conn, self.topic)

    async def handle(self, batch: Batch) -> None:
        async with self.database.transaction() as conn:
            await advance(conn, batch.spans)
            await conn.executemany(
                "INSERT INTO applied VALUES ($1, $2, $3)",
                [(r.partition, r.offset, r.value) for r in batch.records],
            )
            await self.trouble(batch)

    async def applied(self) -> list[tuple[int, int, bytes]]:
        async with self.database.connection() as conn:
            return [tuple(r) for r in await conn.fetch("SELECT * FROM applied ORDER BY 1, 2")]


@asynccontextmanager
async def _door(
    kafka: str, ledger: Ledger, instance: str = "1", max_records: int = 50
) -> AsyncIterator[BatchDoor]:
    broker = KafkaBroker(kafka)
    door = BatchDoor(
        broker,
        topic=ledger.topic,
        group=f"group-{ledger.topic}",
        instance=instance,
        load=ledger.load,
        handle=ledger.handle,
        metrics=DoorMetrics(CollectorRegistry(), ledger.topic),
        max_records=max_records,
    )
    await broker.start()
    try:
        yield door
    finally:
        await broker.stop()


@pytest.fixture
async def ledger(database: Database, topic: str) -> Ledger:
    async with database.connection() as conn:
        await conn.execute("CREATE TABLE applied (partition int, place bigint, value bytea)")
    return Ledger(database, topic)


async def _produce(kafka: str, topic: str, count: int, **options: Any) -> None:
    producer = await start_producer(kafka, client_id="test")
    futures = [
        await producer.send(topic, b"%d" % n, b"key-%d" % n, **options) for n in range(count)
    ]
    await asyncio.gather(*futures)
    await stop_producer(producer)


async def _applied(ledger: Ledger, count: int) -> None:
    async def done() -> bool:
        return len(await ledger.applied()) >= count

    await until(done, what=f"{count} records applied")
    places = [(partition, offset) for partition, offset, _ in await ledger.applied()]
    assert len(places) == count
    assert len(set(places)) == count, "an offset was applied twice"


async def test_every_record_is_applied_once_and_a_restart_goes_on(
    kafka: str, ledger: Ledger
) -> None:
    await _produce(kafka, ledger.topic, 300)
    async with _door(kafka, ledger) as door:
        await _applied(ledger, 300)
        await door.check()
        await door.refresh()
        assert door._metrics.lag._value.get() == 0
    await _produce(kafka, ledger.topic, 100)
    async with _door(kafka, ledger):
        await _applied(ledger, 400)


async def test_headers_that_are_null_or_no_text_do_not_cost_their_batch(
    kafka: str, ledger: Ledger
) -> None:
    await _produce(kafka, ledger.topic, 20, headers=[("a", None), ("b", b"\xff\xfe")])
    await _produce(kafka, ledger.topic, 20, headers=[("reply_to", b"elsewhere")])
    producer = await start_producer(kafka, client_id="test")
    await producer.send_and_wait(ledger.topic, None, b"tombstone", partition=0)
    await producer.send_and_wait(ledger.topic, b"keyless", None, partition=0)
    await stop_producer(producer)
    async with _door(kafka, ledger):
        await _applied(ledger, 42)


async def test_a_batch_that_fails_is_tried_again_in_place(kafka: str, ledger: Ledger) -> None:
    failures = 0

    async def fail_thrice(_: Batch) -> None:
        nonlocal failures
        failures += 1
        if failures <= 3:
            raise ConnectionResetError("gone")

    ledger.trouble = fail_thrice
    await _produce(kafka, ledger.topic, 30)
    async with _door(kafka, ledger) as door:
        await _applied(ledger, 30)
        assert door._metrics.retries._value.get() == 3


async def test_a_commit_of_unknown_outcome_is_not_applied_again(kafka: str, ledger: Ledger) -> None:
    original = ledger.handle
    once: list[bool] = []

    async def commit_then_fail(batch: Batch) -> None:
        await original(batch)
        if not once:
            once.append(True)
            raise ConnectionResetError("the connection ended while it committed")

    ledger.handle = commit_then_fail  # type: ignore[method-assign]
    await _produce(kafka, ledger.topic, 200)
    async with _door(kafka, ledger):
        await _applied(ledger, 200)


async def test_members_that_come_and_go_apply_every_offset_once(kafka: str, ledger: Ledger) -> None:
    async def slow(_: Batch) -> None:
        await asyncio.sleep(0.01)

    ledger.trouble = slow
    producing = asyncio.create_task(_produce(kafka, ledger.topic, 1_500))
    async with _door(kafka, ledger, "1", 10):
        await until(lambda: _some(ledger, 100), what="a beginning")
        async with _door(kafka, ledger, "2", 10):
            await until(lambda: _some(ledger, 700), what="progress of two")
        await producing
        await _applied(ledger, 1_500)


async def _some(ledger: Ledger, count: int) -> bool:
    return len(await ledger.applied()) >= count


async def _stuck(door: BatchDoor, words: str) -> None:
    async def stuck() -> bool:
        try:
            await door.check()
        except DoorStuck as reason:
            return words in str(reason)
        return False

    await until(stuck, what=f"stuck: {words}")


async def test_lost_history_stops_the_partition(kafka: str, ledger: Ledger) -> None:
    await _produce(kafka, ledger.topic, 10, partition=0)
    async with _door(kafka, ledger):
        await _applied(ledger, 10)
    await _produce(kafka, ledger.topic, 10, partition=0)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_records({TopicPartition(ledger.topic, 0): RecordsToDelete(15)})
    await admin.close()
    async with _door(kafka, ledger) as door:
        await _stuck(door, "were deleted before they were taken")
        assert len(await ledger.applied()) == 10


async def test_a_first_start_begins_where_the_topic_begins(kafka: str, ledger: Ledger) -> None:
    await _produce(kafka, ledger.topic, 10, partition=0)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_records({TopicPartition(ledger.topic, 0): RecordsToDelete(4)})
    await admin.close()
    async with _door(kafka, ledger) as door:
        await _applied(ledger, 6)
        await door.check()


async def test_a_topic_that_was_made_anew_is_refused(kafka: str, ledger: Ledger) -> None:
    async with ledger.database.transaction() as conn:
        await advance(conn, [Span(ledger.topic, 0, 0, 100)])
    async with _door(kafka, ledger) as door:
        await _stuck(door, "made anew")


async def test_who_lost_a_partition_moves_no_offset(database: Database) -> None:
    async with database.transaction() as conn:
        await advance(conn, [Span("t", 0, 0, 5), Span("t", 1, 0, 7)])

    async def late() -> None:
        async with database.transaction() as conn:
            await advance(conn, [Span("t", 1, 7, 8), Span("t", 0, 0, 5)])

    with pytest.raises(Fenced):
        await late()
    async with database.connection() as conn:
        assert await load_offsets(conn, "t") == {0: 5, 1: 7}


async def test_of_two_at_the_same_offset_one_is_fenced(database: Database) -> None:
    async def move() -> bool:
        try:
            async with database.transaction() as conn:
                await advance(conn, [Span("t", n, 0, 5) for n in range(4)])
                await asyncio.sleep(0.05)
        except Fenced:
            return False
        return True

    assert sorted(await asyncio.gather(*(move() for _ in range(4)))) == [False] * 3 + [True]


async def test_topics_are_made_once_and_never_in_another_shape(kafka: str, topic: str) -> None:
    other = TopicSpec(f"{topic}.other", 2, 86_400_000)
    assert await ensure_topics(kafka, [TopicSpec(topic, 4, None), other]) == [other.name]
    assert await ensure_topics(kafka, [TopicSpec(topic, 4, None), other]) == []
    with pytest.raises(TopicRefused, match="4 partitions, not 5"):
        await ensure_topics(kafka, [TopicSpec(topic, 5, None)])


async def test_records_that_wait_while_none_is_taken_are_said_to_be_stuck(
    kafka: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.plumbing.kafka.door._STUCK_SECONDS", 0.2)
    go_on = asyncio.Event()

    async def hang(_: Batch) -> None:
        await go_on.wait()

    ledger.trouble = hang
    await _produce(kafka, ledger.topic, 10)
    async with _door(kafka, ledger) as door:
        await _stuck(door, "none was taken")
        go_on.set()
        await _applied(ledger, 10)
        await door.check()
