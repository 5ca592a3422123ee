"""The events of a petition, as they were written."""

from dataclasses import dataclass
from datetime import datetime

from shared.plumbing.postgres import Connection


@dataclass(frozen=True)
class Written:
    """An event in the log; position, partition, previous are None while it waits to be stamped.

    `previous` is the position before it in the same partition, 0 for the first.
    """

    position: int | None
    ce_id: str
    subject: str
    sequence: int
    type: str
    recorded_at: datetime
    data: bytes
    partition: int | None = None
    previous: int | None = None


async def load_events(conn: Connection, petition_id: str, after: int, limit: int) -> list[Written]:
    """Return the events of a petition that follow its sequence `after`, stamped or not yet."""
    rows = await conn.fetch(
        "SELECT s.position, e.ce_id::text, e.subject, e.sequence, e.type, e.recorded_at, e.data,"
        " s.partition, s.previous"
        " FROM event e LEFT JOIN stamp s ON s.event_id = e.id"
        " WHERE e.subject = $1 AND e.sequence > $2 ORDER BY e.sequence LIMIT $3",
        petition_id,
        after,
        limit,
    )
    return [Written(*row) for row in rows]
