"""Before a relay sends: do the topic and the log belong together?"""

from collections.abc import Mapping, Sequence

from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.outbox import stamping
from shared.plumbing.outbox.stamping import RelayRefused, Standing
from shared.plumbing.postgres import Connection


async def compare(conn: Connection, at: Standing, ends: Mapping[int, Sequence[RawRecord]]) -> int:
    """Compare the ends of the topic's partitions with the log; from where to send again.

    Returns the position after which everything must be sent: `at.sent`, or an earlier one where
    the topic has lost its end (a broker that lost power; consumers drop what they have seen).
    Raises RelayRefused when the topic holds a record that the log does not: the log was restored
    from an old backup, or the topic is another's, and positions would be given twice.
    """
    highest: dict[int, int] = {}
    seen: dict[int, tuple[str | None, int]] = {}
    for partition, records in ends.items():
        places = [(_position(record), record) for record in records]
        if not places:
            continue
        position, record = max(places, key=lambda pair: pair[0])
        highest[partition] = position
        seen[position] = (record.header("ce_id"), partition)
    _refuse_ahead(at, highest)
    await _refuse_strangers(conn, seen)
    return await _resume_from(conn, at, highest)


def _position(record: RawRecord) -> int:
    text = record.header("ce_position")
    if text is None or not (text.isascii() and text.isdecimal()):
        raise RelayRefused(
            f"{record.topic}[{record.partition}] offset {record.offset} has no ce_position: "
            "somebody else writes into this topic"
        )
    return int(text)


def _refuse_ahead(at: Standing, highest: Mapping[int, int]) -> None:
    for partition, position in sorted(highest.items()):
        if position > at.stamped:
            raise RelayRefused(
                f"the topic is ahead of its log: partition {partition} holds position {position}, "
                f"the log ends at {at.stamped}; was the database restored from an old backup?"
            )


async def _refuse_strangers(conn: Connection, seen: Mapping[int, tuple[str | None, int]]) -> None:
    known = await stamping.ids_at(conn, list(seen))
    for position, (ce_id, partition) in sorted(seen.items()):
        if known.get(position) != ce_id:
            raise RelayRefused(
                f"partition {partition} of the topic holds event {ce_id} at position {position}, "
                f"the log has {known.get(position)} there: they are not of one history"
            )


async def _resume_from(conn: Connection, at: Standing, highest: Mapping[int, int]) -> int:
    resume = at.sent
    for partition, last in enumerate(at.last):
        if last == 0:
            continue
        sent = await stamping.last_sent_in(conn, partition, at.sent)
        if highest.get(partition, 0) < sent:
            resume = min(resume, highest.get(partition, 0))
    return resume
