"""Offsets in Postgres: where a consumer stands, moved in the transaction of what it did.

They are the fence: a consumer that was frozen and wakes late moves no row, and its transaction is
rolled back. Commit them to Kafka as well, afterwards, only for those who look at lag.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.plumbing.postgres import Connection

SCHEMA = """\
-- Where the Kafka door stands in each partition: the next offset that it will take.
CREATE TABLE consumed (
    topic text NOT NULL,
    partition integer NOT NULL,
    next bigint NOT NULL CONSTRAINT consumed_next_is_an_offset CHECK (next >= 0),
    PRIMARY KEY (topic, partition)
);
"""
"""The table, to be copied into a migration of the service."""


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets `low` (the tracked position) up to but not including `high` of one partition."""

    topic: str
    partition: int
    low: int
    high: int


class Fenced(Exception):
    """Somebody else has moved the offsets: roll back, load them again, seek."""


async def load_offsets(conn: Connection, topic: str) -> dict[int, int]:
    """The next offset of each partition of a topic that was ever read."""
    rows = await conn.fetch("SELECT partition, next FROM consumed WHERE topic = $1", topic)
    return {row["partition"]: row["next"] for row in rows}


async def advance(conn: Connection, spans: Sequence[Span]) -> None:
    """Move the offsets of a batch, in the caller's transaction, before its work.

    Raises Fenced when one of them does not stand at its `low` (a partition never read stands
    at 0): the transaction must then be rolled back.
    """
    ordered = sorted(spans, key=lambda span: (span.topic, span.partition))
    columns = (
        [span.topic for span in ordered],
        [span.partition for span in ordered],
        [span.low for span in ordered],
        [span.high for span in ordered],
    )
    await conn.execute(
        "INSERT INTO consumed (topic, partition, next) "
        "SELECT topic, partition, 0 FROM unnest($1::text[], $2::int[]) AS b (topic, partition) "
        "ORDER BY topic, partition ON CONFLICT DO NOTHING",
        *columns[:2],
    )
    moved = await conn.fetch(
        "WITH span AS (SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) "
        "AS b (topic, partition, low, high)), held AS ("
        "SELECT c.topic, c.partition FROM consumed c JOIN span USING (topic, partition) "
        "ORDER BY topic, partition FOR UPDATE OF c) "
        "UPDATE consumed c SET next = s.high FROM span s JOIN held USING (topic, partition) "
        "WHERE c.topic = s.topic AND c.partition = s.partition AND c.next = s.low "
        "RETURNING c.partition",
        *columns,
    )
    if len(moved) != len(ordered):
        raise Fenced(f"{len(ordered) - len(moved)} of {len(ordered)} partitions were moved")
