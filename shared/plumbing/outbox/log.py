"""The event log: written by a service inside its transaction, read by feeds and operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.plumbing.errors import JsonValue
from shared.plumbing.postgres import Connection, Record, UniqueViolation

SCHEMA = (Path(__file__).parent / "schema.sql").read_text("utf-8")
"""The tables of the log, to be copied whole into a migration of the service."""
CHANNEL = "caunoi_outbox"
"""What a writer notifies at its commit, so that the relay wakes at once."""
LARGEST_VALUE = 900_000
"""Octets of the largest value that is accepted (Kafka's default limit is 1 MiB a record)."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be written. `data` is the exact value of the record, `recorded_at` aware."""

    ce_id: str
    subject: str
    sequence: int
    type: str
    recorded_at: datetime
    data: bytes
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """A stamped event: where it stands in the log, in its partition, and what it says."""

    position: int
    partition: int
    previous: int
    ce_id: str
    subject: str
    sequence: int
    type: str
    recorded_at: datetime
    traceparent: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log stands: last stamped position, last acknowledged one, hash of the last."""

    position: int
    sent: int
    hash: bytes

    @property
    def mark(self) -> str:
        """What to write down, and to give to `verify` later: position:hash."""
        return f"{self.position}:{self.hash.hex()}"

    def to_json(self) -> dict[str, JsonValue]:
        """The head with its hash in hexadecimal."""
        return {"position": self.position, "sent": self.sent, "hash": self.hash.hex()}


class SequenceTaken(Exception):
    """Another transaction wrote this sequence of this subject first: load again and decide anew."""


_APPEND = f"""
WITH added AS (
    INSERT INTO event (ce_id, subject, sequence, type, recorded_at, traceparent, data)
    SELECT n.ce_id, n.subject, n.sequence, n.type, n.recorded_at, n.traceparent, n.data
    FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::timestamptz[], $6::text[],
                $7::bytea[])
        WITH ORDINALITY
        AS n (ce_id, subject, sequence, type, recorded_at, traceparent, data, place)
    ORDER BY n.place
    RETURNING id, octet_length(data) AS octets
), queued AS (
    INSERT INTO outbox (event_id, octets) SELECT id, octets FROM added
)
SELECT pg_notify('{CHANNEL}', '')
"""  # noqa: S608 - the channel is a constant of ours

LOGGED = """
    s.position, s.partition, s.previous, e.ce_id::text AS ce_id, e.subject, e.sequence, e.type,
    e.recorded_at, e.traceparent, e.data
"""


async def append(conn: Connection, events: Sequence[NewEvent]) -> None:
    """Write events into the log, in this order, within the caller's transaction; wake the relay.

    The caller holds the lock of each subject's row, so that the order of ids is the order of the
    subject's sequence. One statement for any number. Raises ValueError when a value is empty or
    larger than LARGEST_VALUE, SequenceTaken when a (subject, sequence) exists.
    """
    if not events:
        return
    for event in events:
        check_size(event)
    try:
        await conn.execute(
            _APPEND,
            [e.ce_id for e in events],
            [e.subject for e in events],
            [e.sequence for e in events],
            [e.type for e in events],
            [e.recorded_at for e in events],
            [e.traceparent for e in events],
            [e.data for e in events],
        )
    except UniqueViolation as error:
        if getattr(error, "constraint_name", None) != "event_subject_sequence_once":
            raise
        raise SequenceTaken(str(error)) from error


def check_size(event: NewEvent) -> None:
    """Pass when an event can be published. Raises ValueError."""
    if not 1 <= len(event.data) <= LARGEST_VALUE:
        raise ValueError(f"an event of {len(event.data)} octets cannot be published")


async def feed(conn: Connection, after: int, limit: int) -> list[LoggedEvent]:
    """The stamped events that follow position `after` (0: from the first), at most `limit`.

    Positions are given in commit order: whoever has seen up to N has missed nothing below N.
    """
    rows = await conn.fetch(
        f"SELECT {LOGGED} FROM stamp s JOIN event e ON e.id = s.event_id "  # noqa: S608
        "WHERE s.position > $1 ORDER BY s.position LIMIT $2",
        after,
        limit,
    )
    return [logged(row) for row in rows]


async def head(conn: Connection) -> Head:
    """Where the log stands; position 0 before the relay has run for the first time."""
    row = await conn.fetchrow("SELECT stamped_through, sent_through, head FROM relay")
    if row is None:
        return Head(0, 0, b"")
    return Head(row["stamped_through"], row["sent_through"], row["head"])


def logged(row: Record) -> LoggedEvent:
    """The event in a row that selected the columns LOGGED."""
    return LoggedEvent(*row)
