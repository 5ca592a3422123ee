"""Events as records of a topic, without a broker."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.record.default_records import (  # type: ignore[import-untyped]
    DefaultRecordBatchBuilder,
)

from services.analytics.consumer.cutting import cut
from services.analytics.domain.batch import Batch, Partition, Progress
from services.analytics.domain.fetched import Fetched
from shared.contracts.catalogue import event_type
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC, Topic
from tests.support.event_log import EventLog
from tests.support.ledger import AnyEvent


@dataclass(frozen=True)
class Given:
    """A record as the consumer hands it over."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def records_of(
    events: Sequence[AnyEvent], topic: Topic = REGISTRY_EVENTS_TOPIC
) -> dict[Partition, list[Given]]:
    """Return events as records, stamped, by partition."""
    log = EventLog(topic)
    found: dict[Partition, list[Given]] = {}
    for event in events:
        stamped = log.stamp(
            event_type(type(event).__name__), event.subject, event.model_dump_json().encode()
        )
        mine = found.setdefault(Partition(topic.name, stamped.partition), [])
        mine.append(
            Given(
                topic.name,
                stamped.partition,
                len(mine),
                stamped.key,
                stamped.value,
                stamped.headers,
            )
        )
    return found


def octets_of(records: Sequence[Given], codec: int = 3) -> bytes:
    """Return records as the one record batch that a broker sends; their offsets count from 0."""
    made = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 40,
    )
    for number, r in enumerate(records):
        made.append(number, 1_757_815_384_000, r.key, r.value, list(r.headers))
    return bytes(made.build())


def fetched_of(records: Sequence[Given], codec: int = 3) -> Fetched:
    """Return records of one partition as they are fetched."""
    first = records[0]
    return cut(first.topic, first.partition, octets_of(records, codec), 0).fetched


def batch_of(
    records: dict[Partition, list[Given]], progress: dict[Partition, Progress] | None = None
) -> Batch:
    """Return one batch of all records."""
    batch = Batch()
    for partition, mine in records.items():
        batch.take(partition, (progress or {}).get(partition, Progress()), mine)
    return batch
