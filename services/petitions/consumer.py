"""The Kafka door: what the registry says, one transaction a batch, nothing dropped."""

from typing import Any, Final

from faststream.kafka import KafkaBroker

from services.petitions.handlers.register import Arrival, KnownEntity, RegisterCopy, Unread
from shared.contracts.catalogue import Refused, parse
from shared.contracts.states import EntityState
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC
from shared.plumbing.kafka.door import Batch, BatchDoor, DoorMetrics
from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.log import get_logger

_log = get_logger(__name__)
GROUP: Final = "caunoi-petitions-registry"


def register_door(
    broker: KafkaBroker, copy: RegisterCopy, metrics: DoorMetrics, *, instance: str
) -> BatchDoor:
    """The door of the registry's events; it begins when the broker is started."""

    async def handle(batch: Batch) -> None:
        arrivals = [read(record) for record in batch.records]
        await copy.take_in(batch.spans, arrivals)
        for one in arrivals:
            if isinstance(one, Unread):
                # The place and the reason; the record itself lies in the table.
                where = {"partition": one.record.partition, "offset": one.record.offset}
                _log.warning("record_parked", topic=one.record.topic, code=one.code, **where)

    return BatchDoor(
        broker,
        topic=REGISTRY_EVENTS_TOPIC.name,
        group=GROUP,
        instance=instance,
        load=lambda: copy.offsets(REGISTRY_EVENTS_TOPIC.name),
        handle=handle,
        metrics=metrics,
    )


def read(record: RawRecord) -> Arrival:
    """Read an event of the registry out of a record, whatever it holds. Cannot fail."""
    if record.value is None:
        return Unread(record, "null_value", "the record has no value")
    try:
        event: Any = parse(record.header("ce_type") or "", record.value, record.topic)
    except Refused as refused:
        return Unread(record, refused.code, refused.detail)
    if record.key != event.subject.encode():
        return Unread(record, "key_mismatch", f"the key is not the subject {event.subject}")
    state: EntityState | None = event.state
    if state is None:
        return KnownEntity(event.subject, event.sequence, None, None, None)
    return KnownEntity(event.subject, event.sequence, state.name, state.kind, state.status)
