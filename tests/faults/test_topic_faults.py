"""The topic itself is at fault: a record is missing, the beginning is gone, it was made anew."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import TopicPartition  # type: ignore[import-untyped]
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete  # type: ignore[import-untyped]

from deploy.local.stack import Stack
from tests.faults.rig import TOPIC, Rig, Worker, new_rig
from tests.support.event_log import EventLog
from tests.support.history import random_log
from tests.support.servers import Servers, make_topics

pytestmark = pytest.mark.faults


@pytest.fixture
async def rig(stack: Stack, tmp_path: Path) -> AsyncIterator[Rig]:
    """A rig whose topic is its own: it is deleted first."""
    servers = Servers(stack.database_url(), stack.addresses.kafka)
    await make_topics(servers.kafka)
    await remake(servers.kafka)
    async with new_rig(servers, tmp_path, EventLog(TOPIC)) as found:
        yield found


async def remake(kafka: str) -> None:
    """Delete the topic and make it again."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.delete_topics([TOPIC.name])
        while TOPIC.name in await admin.list_topics():
            await asyncio.sleep(0.05)
    finally:
        await admin.close()
    await make_topics(kafka)


async def halted(worker: Worker, partitions: int = 1) -> None:
    """Wait until so many partitions have stopped."""
    async with asyncio.timeout(40):
        while (await worker.metric("caunoi_consumer_halted_partitions") or 0) < partitions:
            await asyncio.sleep(0.05)


async def test_a_missing_record_stops_its_partition_alone_until_it_is_there(
    rig: Rig, dice: random.Random
) -> None:
    worker = rig.start()
    await worker.ready()
    records = rig.stamp(random_log(dice.randrange(10**6), 60, 600))
    place = next(i for i in range(100, 600) if records[i].partition == records[99].partition)
    gone = records.pop(place)
    await rig.send(records)
    before = sum(1 for r in records[:place] if r.partition == gone.partition)
    await halted(worker)
    await rig.caught_up(but={gone.partition: before})
    assert "are missing before offset" in worker.log.read_text()
    # Nothing of the partition moves, and the others go on.
    more = rig.stamp(random_log(dice.randrange(10**6), 60, 100))
    await rig.send(more)
    await rig.caught_up(but={gone.partition: before})


async def test_a_truncated_topic_is_said_and_nothing_is_skipped(
    rig: Rig, dice: random.Random
) -> None:
    records = rig.stamp(random_log(dice.randrange(10**6), 60, 600))
    await rig.send(records)
    partition = records[0].partition
    admin = AIOKafkaAdminClient(bootstrap_servers=rig.kafka)
    await admin.start()
    await admin.delete_records({TopicPartition(TOPIC.name, partition): RecordsToDelete(5)})
    await admin.close()
    worker = rig.start()
    await halted(worker)
    await rig.caught_up(but={partition: 0})
    assert "history is lost" in worker.log.read_text()
    assert (await rig.offsets())[partition] == 0


async def test_a_topic_made_anew_is_refused(rig: Rig, dice: random.Random) -> None:
    worker = rig.start()
    await rig.send(rig.stamp(random_log(dice.randrange(10**6), 60, 600)))
    await rig.caught_up()
    offsets = await rig.offsets()
    worker.kill()
    await remake(rig.kafka)
    second = rig.start()
    await halted(second, partitions=12)
    assert "made anew" in second.log.read_text()
    assert await rig.offsets() == offsets
