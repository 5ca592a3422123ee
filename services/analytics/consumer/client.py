"""The client with our settings, written out, and what it says about a partition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]

from services.analytics.consumer.reader import Reader, ReaderSettings
from services.analytics.domain.batch import TOPICS, Hole, Partition, Progress


@dataclass(frozen=True)
class ConsumerSettings:
    """How the loop reads. Sizes in records and bytes, times in seconds."""

    bootstrap: str
    group: str
    instance: str
    topics: tuple[str, ...] = TOPICS
    max_records: int = 20_000
    poll_seconds: float = 0.2
    reader: ReaderSettings = field(default_factory=ReaderSettings)
    session_seconds: float = 10.0
    halt_retry_seconds: float = 5.0
    backoff_seconds: float = 0.2
    backoff_limit_seconds: float = 5.0
    kafka_commit_seconds: float = 5.0


def new_client(settings: ConsumerSettings, **more: Any) -> AIOKafkaConsumer:
    """Return a client that commits nothing by itself and never resets its position."""
    return AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap,
        client_id=f"caunoi-analytics-{settings.instance}",
        enable_auto_commit=False,
        auto_offset_reset="none",
        metadata_max_age_ms=30_000,
        **more,
    )


def new_reader(settings: ConsumerSettings) -> Reader:
    """Return a reader of the settings' topics that stands nowhere yet."""
    name = f"caunoi-analytics-{settings.instance}-reader"
    return Reader(settings.bootstrap, settings.topics, settings.reader, name)


def place(partition: Partition) -> TopicPartition:
    """Return the client's name of a partition."""
    return TopicPartition(partition.topic, partition.number)


def partition_of(tp: TopicPartition) -> Partition:
    """Return our name of a partition."""
    return Partition(tp.topic, tp.partition)


async def misfits(
    client: AIOKafkaConsumer, at: Mapping[Partition, Progress]
) -> dict[Partition, str]:
    """Return why a partition's log does not fit the offset that was reached, where it does not."""
    places = [place(partition) for partition in at]
    first = await client.beginning_offsets(places)
    last = await client.end_offsets(places)
    found: dict[Partition, str] = {}
    for partition, progress in at.items():
        tp = place(partition)
        if progress.next < first[tp]:
            found[partition] = f"history is lost: records {progress.next} to {first[tp]} are gone"
        elif progress.next > last[tp]:
            found[partition] = (
                f"the log ends at {last[tp]}, before {progress.next}: the topic was made anew"
            )
    return found


def say(hole: Hole) -> str:
    """Say which positions are missing."""
    return (
        f"positions after {hole.mark} up to {hole.previous} are missing before offset "
        f"{hole.offset} (position {hole.position})"
    )
