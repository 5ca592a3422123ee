"""Clients of Kafka with our settings, written out."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import (  # type: ignore[import-untyped]
    AIOKafkaConsumer,
    AIOKafkaProducer,
    TopicPartition,
)
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from aiokafka.partitioner import murmur2 as _murmur2  # type: ignore[import-untyped]

from shared.plumbing.kafka import lenient
from shared.plumbing.kafka.records import RawRecord, raw_record

lenient.install()

KAFKA_UNAVAILABLE: tuple[type[Exception], ...] = (KafkaError, ConnectionError, TimeoutError)
"""What a client of Kafka raises when the cluster cannot be had, or refuses."""
BATCH_OCTETS = 256 * 1024
"""Octets of the largest batch of a partition; the broker takes 1 MiB unless told otherwise."""
LARGEST_RECORD = 1_000_000


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key: murmur2, as Kafka's own clients compute it."""
    return int((_murmur2(key) & 0x7FFFFFFF) % partitions)


async def start_producer(bootstrap: str, *, client_id: str) -> AIOKafkaProducer:
    """A started producer: idempotent, all replicas, lz4, no linger.

    The caller stops it (`stop_producer`). Raises one of KAFKA_UNAVAILABLE.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        linger_ms=0,
        max_batch_size=BATCH_OCTETS,
        max_request_size=LARGEST_RECORD,
        request_timeout_ms=10_000,
        retry_backoff_ms=50,
        metadata_max_age_ms=60_000,
    )
    try:
        await asyncio.wait_for(producer.start(), 15)
    except BaseException:
        await stop_producer(producer)
        raise
    return producer


async def stop_producer(producer: AIOKafkaProducer, *, patience: float = 1) -> None:
    """Stop a producer, even one that is stuck: `patience` seconds for what it still holds.

    aiokafka's own stop waits for ever while a broker is away, because an idempotent producer never
    gives a batch up.
    """
    try:
        await asyncio.wait_for(producer.stop(), patience)
    except BaseException as error:
        await _abandon(producer)
        if not isinstance(error, KAFKA_UNAVAILABLE):
            raise


async def _abandon(producer: AIOKafkaProducer) -> None:
    """End what a stuck producer left running, so that it sends nothing after we have gone on."""
    sender = getattr(producer, "_sender", None)
    task = getattr(sender, "sender_task", None)
    if task is not None and not task.done():
        task.cancel()
    await producer.client.close()
    if task is not None:
        await asyncio.wait([task], timeout=1)


def new_consumer(*topics: str, bootstrap: str, **settings: Any) -> AIOKafkaConsumer:
    """A consumer, not started, that commits nothing by itself and begins at the first record.

    `settings` are aiokafka's and win over ours.
    """
    ours: dict[str, Any] = {
        "bootstrap_servers": bootstrap,
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "fetch_max_wait_ms": 50,
    }
    return AIOKafkaConsumer(*topics, **{**ours, **settings})


async def read_ends(
    bootstrap: str, topic: str, partitions: int, *, depth: int
) -> Mapping[int, list[RawRecord]]:
    """The last records of each partition, at most `depth` of each, oldest first.

    Raises one of KAFKA_UNAVAILABLE, also when the records do not come within 30 seconds.
    """
    consumer = new_consumer(bootstrap=bootstrap, fetch_max_wait_ms=10)
    places = [TopicPartition(topic, number) for number in range(partitions)]
    found: dict[int, list[RawRecord]] = {number: [] for number in range(partitions)}
    try:
        async with asyncio.timeout(30):
            await consumer.start()
            consumer.assign(places)
            begins = await consumer.beginning_offsets(places)
            ends = await consumer.end_offsets(places)
            waiting = {place for place in places if ends[place] > begins[place]}
            for place in waiting:
                consumer.seek(place, max(begins[place], ends[place] - depth))
            consumer.pause(*(place for place in places if place not in waiting))
            while waiting:
                for place, records in (await consumer.getmany(timeout_ms=500)).items():
                    found[place.partition] += [raw_record(r) for r in records]
                # The position, not the last record, tells the end: control records are not given.
                waiting = {p for p in waiting if await consumer.position(p) < ends[p]}
    finally:
        await consumer.stop()
    return found
