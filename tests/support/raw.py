"""Events as records of a topic, without a broker."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.analytics.domain.batch import Batch, Partition, Progress
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


def batch_of(
    records: dict[Partition, list[Given]], progress: dict[Partition, Progress] | None = None
) -> Batch:
    """Return one batch of all records."""
    batch = Batch()
    for partition, mine in records.items():
        batch.take(partition, (progress or {}).get(partition, Progress()), mine)
    return batch
