"""Giving events their place: the relay's statements, on the connection that holds its lock."""

from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from shared.plumbing.outbox.chain import genesis, link, partition_of
from shared.plumbing.outbox.log import LOGGED, LoggedEvent, logged
from shared.plumbing.postgres import Connection

RelayConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class RelayRefused(Exception):
    """The relay must not run: topic and log do not belong together. The message says why."""


@dataclass(frozen=True)
class Standing:
    """Where the relay stands. `last` holds the last stamped position of each partition."""

    stamped: int
    sent: int
    head: bytes
    last: tuple[int, ...]


async def load(conn: Connection, topic: str, partitions: int) -> Standing:
    """Where the relay stands; begins at zero. RelayRefused when the log is of another topic."""
    await conn.execute(
        "INSERT INTO relay (topic, partitions, stamped_through, sent_through, head, last_positions)"
        " VALUES ($1, $2, 0, 0, $3, $4) ON CONFLICT DO NOTHING",
        topic,
        partitions,
        genesis(topic, partitions),
        [0] * partitions,
    )
    row = await conn.fetchrow("SELECT * FROM relay")
    assert row is not None
    if (row["topic"], row["partitions"]) != (topic, partitions):
        raise RelayRefused(
            f"the log belongs to {row['topic']} with {row['partitions']} partitions, "
            f"not to {topic} with {partitions}: a changed number of partitions is a new topic"
        )
    last = tuple(row["last_positions"])
    return Standing(row["stamped_through"], row["sent_through"], row["head"], last)


def _take(rows: int, octets: int) -> str:
    # The limits are written into the statement so that the planner knows how few rows come.
    return f"""
        WITH first AS (
            SELECT event_id, octets FROM outbox ORDER BY event_id LIMIT {rows:d}
        ), cut AS (
            SELECT event_id FROM (
                SELECT event_id, sum(octets) OVER (ORDER BY event_id) - octets AS before FROM first
            ) f WHERE before < {octets:d}
        )
        SELECT e.id, e.ce_id::text, e.subject, e.sequence, e.type, e.recorded_at, e.traceparent,
               e.data
        FROM cut JOIN event e ON e.id = cut.event_id ORDER BY e.id
    """  # noqa: S608 - two integers of ours


# One statement and so one transaction: a small batch costs two round trips, the reading and this.
# Whoever has lost the lock finds that the relay has moved on; then nothing of it happens.
_STAMP = """
WITH moved AS (
    UPDATE relay SET stamped_through = $1, sent_through = greatest(sent_through, $2), head = $3,
        last_positions = $4
    WHERE stamped_through = $5 AND head = $6
    RETURNING one
), gone AS (
    DELETE FROM outbox WHERE event_id = ANY($7::bigint[]) AND EXISTS (SELECT FROM moved)
)
INSERT INTO stamp (position, event_id, partition, previous, hash)
SELECT n.position, n.event_id, n.partition, n.previous, n.hash
FROM unnest($8::bigint[], $7::bigint[], $9::smallint[], $10::bigint[], $11::bytea[])
    AS n (position, event_id, partition, previous, hash)
WHERE EXISTS (SELECT FROM moved)
"""


async def stamp(
    conn: Connection, at: Standing, acknowledged: int, *, rows: int, octets: int
) -> tuple[Standing, list[LoggedEvent]]:
    """Take the oldest waiting events, give them their places, commit; the new standing and them.

    At most `rows` events, of about `octets` together (one at least). Also records that everything
    up to `acknowledged` was sent. RelayRefused when somebody else has stamped since `at`: the
    lock was lost, and nothing is stamped.
    """
    taken = await conn.fetch(_take(rows, octets))
    if not taken:
        return at, []
    last, before = list(at.last), at.head
    events: list[LoggedEvent] = []
    hashes: list[bytes] = []
    for position, row in enumerate(taken, start=at.stamped + 1):
        partition = partition_of(row["subject"], len(last))
        event = LoggedEvent(position, partition, last[partition], *row[1:])
        before = link(before, event)
        last[partition] = position
        events.append(event)
        hashes.append(before)
    new = Standing(at.stamped + len(events), acknowledged, before, tuple(last))
    done = await conn.execute(
        _STAMP,
        new.stamped,
        new.sent,
        new.head,
        last,
        at.stamped,
        at.head,
        [row["id"] for row in taken],
        [event.position for event in events],
        [event.partition for event in events],
        [event.previous for event in events],
        hashes,
    )
    if int(done.split()[-1]) != len(events):
        raise RelayRefused("another relay has stamped although this one held the lock")
    return new, events


async def save_sent(conn: Connection, through: int) -> None:
    """Record that everything up to `through` was acknowledged.

    Does not wait for the disk: what is forgotten in a crash is only sent again.
    """
    await conn.execute(
        "UPDATE relay SET sent_through = greatest(sent_through, $1) "
        "WHERE set_config('synchronous_commit', 'off', true) = 'off'",
        through,
    )


async def rewind(conn: Connection, to: int) -> None:
    """Let everything after `to` be sent again: the topic has lost its end."""
    await conn.execute("UPDATE relay SET sent_through = least(sent_through, $1)", to)


async def stamped(conn: Connection, after: int, rows: int, octets: int) -> list[LoggedEvent]:
    """Events that have their place, after a position: what a crash left unsent."""
    found = await conn.fetch(
        f"SELECT {LOGGED} FROM (SELECT * FROM stamp WHERE position > $1 ORDER BY position "  # noqa: S608
        "LIMIT $2) s JOIN event e ON e.id = s.event_id ORDER BY s.position",
        after,
        rows,
    )
    events: list[LoggedEvent] = []
    size = 0
    for row in found:
        event = logged(row)
        if events and size + len(event.data) > octets:
            break
        size += len(event.data)
        events.append(event)
    return events


async def last_sent_in(conn: Connection, partition: int, through: int) -> int:
    """The last position of a partition at or before `through`; 0 for none."""
    found = await conn.fetchval(
        "SELECT position FROM stamp WHERE partition = $1 AND position <= $2 "
        "ORDER BY position DESC LIMIT 1",
        partition,
        through,
    )
    return int(found or 0)


async def ids_at(conn: Connection, positions: list[int]) -> dict[int, str]:
    """The ce_id at each of these positions of the log, where it has them."""
    rows = await conn.fetch(
        "SELECT s.position, e.ce_id::text FROM stamp s JOIN event e ON e.id = s.event_id "
        "WHERE s.position = ANY($1::bigint[])",
        positions,
    )
    return {row[0]: row[1] for row in rows}


async def connect(dsn: str, name: str) -> RelayConnection:
    """The connection on which a relay holds its lock and stamps.

    The server ends it within seconds when its holder freezes, dies or is cut off, and with it the
    lock. The holder must speak at least once a second.
    """
    return await asyncpg.connect(
        dsn,
        timeout=5,
        command_timeout=30,
        server_settings={
            "application_name": name,
            "timezone": "UTC",
            "idle_session_timeout": "3s",
            "idle_in_transaction_session_timeout": "3s",
            "tcp_user_timeout": "3s",
            "lock_timeout": "5s",
            "jit": "off",
            # Every statement here fetches few rows by their key from tables of millions. A queue
            # that is empty most of the time has no statistics from which a planner could know it.
            "enable_seqscan": "off",
            "enable_hashjoin": "off",
            "enable_mergejoin": "off",
        },
    )
