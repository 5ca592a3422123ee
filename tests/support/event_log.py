"""A producer's log without a producer: stamps events as a relay does and sends them.

For tests and benchmarks that need the topics filled but not the services that fill them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]

from shared.contracts.catalogue import BY_TYPE
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC, Topic
from shared.plumbing.kafka.clients import partition_of

RECORDED = datetime(2025, 9, 14, 2, 3, 4, tzinfo=UTC).isoformat().replace("+00:00", "Z").encode()


@dataclass(frozen=True)
class Stamped:
    """A record ready to be sent."""

    partition: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass
class EventLog:
    """Positions and chains of one topic's partitions."""

    topic: Topic = REGISTRY_EVENTS_TOPIC
    source: bytes = b"/vn/lang-son/registry"
    position: int = 0
    ends: dict[int, int] = field(default_factory=dict)

    def stamp(self, ce_type: str, subject: str, value: bytes) -> Stamped:
        """Give an event its partition, position and previous position."""
        assert ce_type in BY_TYPE
        key = subject.encode()
        partition = partition_of(key, self.topic.partitions)
        self.position += 1
        previous = self.ends.get(partition, 0)
        self.ends[partition] = self.position
        return Stamped(
            partition,
            key,
            value,
            (
                ("content-type", b"application/json"),
                ("ce_specversion", b"1.0"),
                ("ce_id", str(UUID(int=self.position)).encode()),
                ("ce_type", ce_type.encode()),
                ("ce_source", self.source),
                ("ce_time", RECORDED),
                ("ce_subject", key),
                ("ce_position", str(self.position).encode()),
                ("ce_previous", str(previous).encode()),
            ),
        )


async def send(bootstrap: str, topic: str, records: Iterable[Stamped]) -> int:
    """Send records in order within each partition; return how many."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        compression_type="lz4",
        linger_ms=20,
        max_batch_size=262_144,
    )
    await producer.start()
    last, count = None, 0
    try:
        for record in records:
            last = await producer.send(
                topic,
                record.value,
                record.key,
                partition=record.partition,
                headers=list(record.headers),
            )
            count += 1
        await producer.flush()
        if last is not None:
            await last
    finally:
        await producer.stop()
    return count
