"""The relay against real servers: what survives a kill, a freeze, a failed send, a lost topic."""

import asyncio
import signal
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from aiokafka.partitioner import DefaultPartitioner  # type: ignore[import-untyped]

from shared.plumbing import outbox
from shared.plumbing.clock import SystemClock
from shared.plumbing.kafka.clients import start_producer, stop_producer
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics
from shared.plumbing.postgres import Database
from tests.integration.plumbing.log_support import (
    PARTITIONS,
    assert_whole,
    leads,
    make_relay,
    position,
    read_topic,
    sent,
    some_events,
    start_relay_process,
    write,
)
from tests.support.servers import until


async def _all_sent(database: Database, count: int) -> None:
    async def done() -> bool:
        return await sent(database) == count

    await until(done, what=f"{count} sent")


async def test_an_event_arrives_as_the_contract_says(
    dsn: str, database: Database, kafka: str, topic: str
) -> None:
    (event,) = some_events(1)
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    event = outbox.NewEvent(
        event.ce_id, "4900000017", 1, event.type, event.recorded_at, b'{"a":1}', trace
    )
    async with make_relay(dsn, kafka, topic).running():
        await write(database, [event])
        await _all_sent(database, 1)
    records = [r for share in (await read_topic(kafka, topic)).values() for r in share]
    (record,) = records
    assert (record.key, record.value) == (b"4900000017", b'{"a":1}')
    places = list(range(PARTITIONS))
    assert record.partition == DefaultPartitioner()(b"4900000017", places, places)
    time = event.recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert dict(record.headers) == {
        "content-type": b"application/json",
        "ce_specversion": b"1.0",
        "ce_id": event.ce_id.encode(),
        "ce_type": b"vn.caunoi.Something.v1",
        "ce_source": b"/caunoi/test",
        "ce_time": time.encode(),
        "ce_subject": b"4900000017",
        "ce_position": b"1",
        "ce_previous": b"0",
        "traceparent": trace.encode(),
    }


async def test_a_relay_killed_while_it_sends_leaves_no_hole(
    dsn: str, database: Database, kafka: str, topic: str
) -> None:
    count = 6_000
    await write(database, some_events(count))
    kills = 0
    while await sent(database) < count:
        before = await sent(database)
        process = start_relay_process(dsn, kafka, topic)

        async def moved(before: int = before) -> bool:
            return await sent(database) >= min(before + 1_000, count)

        await until(moved, what="progress")
        process.kill()
        process.wait()
        kills += 1
    assert kills > 1
    assert_whole(await read_topic(kafka, topic), count)
    async with database.connection() as conn:
        assert await outbox.verify(conn) is None


async def test_of_two_relays_one_leads_and_the_other_takes_over(
    dsn: str, database: Database, kafka: str, topic: str
) -> None:
    first, second = make_relay(dsn, kafka, topic), make_relay(dsn, kafka, topic)
    async with first.running():
        await until(lambda: leads(first), what="the first leads")
        async with second.running():
            await write(database, some_events(50))
            await _all_sent(database, 50)
            assert (first.state, second.state) == ("leading", "standby")
            first._stopping.set()
            await until(lambda: leads(second), what="the second leads")
            assert first.state == "stopped"
            await write(database, some_events(50, start=50))
            await _all_sent(database, 100)
    assert_whole(await read_topic(kafka, topic), 100)


async def test_a_frozen_leader_is_replaced_and_publishes_nothing_new_when_it_wakes(
    dsn: str, database: Database, kafka: str, topic: str
) -> None:
    await write(database, some_events(3_000))
    process = start_relay_process(dsn, kafka, topic)
    assert process.stdout is not None
    try:

        async def under_way() -> bool:
            return await sent(database) > 0

        await until(under_way, what="the process leads")
        process.send_signal(signal.SIGSTOP)
        heir = make_relay(dsn, kafka, topic)
        async with heir.running():
            await until(lambda: leads(heir), what="the heir leads", seconds=20)
            await write(database, some_events(100, start=3_000))
            await _all_sent(database, 3_100)
            process.send_signal(signal.SIGCONT)
            await write(database, some_events(100, start=3_100))
            while b"relay_failing" not in await asyncio.to_thread(process.stdout.readline):
                assert process.poll() is None
            await _all_sent(database, 3_200)
            assert heir.state == "leading"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert_whole(await read_topic(kafka, topic), 3_200)


class _FailingOnce:
    """Makes producers of which the first loses its third batch."""

    def __init__(self, kafka: str) -> None:
        self.kafka = kafka
        self.made = 0

    async def __call__(self) -> AIOKafkaProducer:
        producer = await start_producer(self.kafka, client_id="failing")
        self.made += 1
        if self.made == 1:
            original, calls = producer.send_batch, 0

            async def send_batch(*args: Any, **kwargs: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls == 3:
                    raise KafkaError("lost")
                return await original(*args, **kwargs)

            producer.send_batch = send_batch
        return producer


async def test_a_failed_send_is_repeated_with_the_same_stamps_by_a_new_producer(
    dsn: str, database: Database, kafka: str, topic: str
) -> None:
    await write(database, some_events(250))
    factory = _FailingOnce(kafka)
    async with make_relay(dsn, kafka, topic, factory=factory).running():
        await _all_sent(database, 250)
    assert factory.made == 2
    assert_whole(await read_topic(kafka, topic), 250)


async def _refuses(relay: outbox.Relay, words: str) -> None:
    async def refused() -> bool:
        await asyncio.sleep(0)
        return relay.state == "refused"

    async with relay.running():
        await until(refused, what="a refusal")
        with pytest.raises(outbox.NotReady, match=words):
            await relay.check()


async def test_a_topic_ahead_of_its_log_is_refused(
    dsn: str, database: Database, kafka: str, topic: str
) -> None:
    await write(database, some_events(10))
    async with make_relay(dsn, kafka, topic).running() as relay:
        await _all_sent(database, 10)
        await relay.check()
    # As after the restoration of an old backup: the log knows less than was published.
    async with database.transaction() as conn:
        for table in ("event", "stamp"):
            await conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await conn.execute("TRUNCATE event, stamp, outbox, relay RESTART IDENTITY")
    await write(database, some_events(3))
    await _refuses(make_relay(dsn, kafka, topic), "ahead of its log")
    assert sum(len(share) for share in (await read_topic(kafka, topic)).values()) == 10


async def test_a_topic_of_another_history_is_refused(
    dsn: str, database: Database, kafka: str, topic: str
) -> None:
    await write(database, some_events(10))
    async with make_relay(dsn, kafka, topic).running():
        await _all_sent(database, 10)
    async with database.transaction() as conn:
        await conn.execute("ALTER TABLE event DISABLE TRIGGER USER")
        await conn.execute("UPDATE event SET ce_id = gen_random_uuid()")
    await _refuses(make_relay(dsn, kafka, topic), "not of one history")


async def test_a_topic_into_which_somebody_else_writes_is_refused(
    dsn: str, kafka: str, topic: str
) -> None:
    producer = await start_producer(kafka, client_id="stranger")
    await producer.send_and_wait(topic, b"{}", b"k")
    await stop_producer(producer)
    await _refuses(make_relay(dsn, kafka, topic), "somebody else")


async def test_another_number_of_partitions_is_refused(
    dsn: str, database: Database, kafka: str, topic: str
) -> None:
    await write(database, some_events(1))
    async with make_relay(dsn, kafka, topic).running():
        await _all_sent(database, 1)
    async with database.connection() as conn:
        await conn.execute(
            "UPDATE relay SET partitions = 5, last_positions = last_positions || 0::bigint"
        )
    await _refuses(make_relay(dsn, kafka, topic), "a new topic")


async def test_a_topic_that_lost_its_end_is_filled_again_with_the_same_stamps(
    dsn: str, database: Database, kafka: str, topic: str
) -> None:
    await write(database, some_events(100))
    async with make_relay(dsn, kafka, topic).running():
        await _all_sent(database, 100)
    before = await read_topic(kafka, topic)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_topics([topic])

    async def gone() -> bool:
        return topic not in await admin.list_topics()

    await until(gone, what="deletion of the topic")
    await admin.close()
    await ensure_topics(kafka, [TopicSpec(topic, PARTITIONS, None)])
    async with make_relay(dsn, kafka, topic).running() as relay:
        await until(lambda: leads(relay), what="leading")
        await _all_sent(database, 100)
    after = await read_topic(kafka, topic)
    assert_whole(after, 100)
    for partition, records in before.items():
        ids = [(position(r), r.header("ce_id"), r.value) for r in records]
        assert [(position(r), r.header("ce_id"), r.value) for r in after[partition]] == ids


async def test_depth_and_age_are_read_from_the_database(
    dsn: str, database: Database, kafka: str, topic: str
) -> None:
    relay = make_relay(dsn, kafka, topic)
    await write(database, some_events(5))
    await relay.metrics.refresh(database, SystemClock())
    assert relay.metrics.rows._value.get() == 5
    assert relay.metrics.oldest._value.get() > 0
    async with relay.running():
        await _all_sent(database, 5)
        assert relay.metrics.leader._value.get() == 1
    await relay.metrics.refresh(database, SystemClock())
    assert relay.metrics.rows._value.get() == 0
    assert relay.metrics.oldest._value.get() == 0
    assert relay.metrics.sent._value.get() == 5
