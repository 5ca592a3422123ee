"""All petitions as of one position of the log, read piece by piece within one transaction."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from shared.plumbing.postgres import Connection


@dataclass(frozen=True, slots=True)
class Cut:
    """A place in the log: `position`, and the last position of each partition, 0 for none."""

    position: int
    partitions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A petition as of the cut: the sequence of its last event there, its state as JSON."""

    id: str
    sequence: int
    state: str


async def cut(conn: Connection) -> Cut:
    """Return where the log stands; position 0 before the relay has run for the first time."""
    row = await conn.fetchrow("SELECT stamped_through, last_positions FROM relay")
    return Cut(row["stamped_through"], tuple(row["last_positions"])) if row else Cut(0, ())


async def lines(conn: Connection, size: int) -> AsyncIterator[list[Line]]:
    """Yield the petitions as of the cut of this transaction (repeatable read), `size` at a time.

    A petition with events that wait to be stamped is ahead of the log: it is given as its last
    stamped event left it, and not at all when none is stamped.
    """
    waiting = await conn.fetch(
        "SELECT DISTINCT e.subject FROM outbox o JOIN event e ON e.id = o.event_id"
    )
    ahead = [row["subject"] for row in waiting]
    after = ""
    while True:
        rows = await conn.fetch(
            "SELECT id, version, state::text AS state FROM petition WHERE id > $1"
            " AND NOT id = ANY($2::text[]) ORDER BY id LIMIT $3",
            *(after, ahead, size),
        )
        if not rows:
            break
        after = rows[-1]["id"]
        yield [Line(row["id"], row["version"], row["state"]) for row in rows]
    if ahead:
        yield await _behind(conn, ahead)


async def _behind(conn: Connection, subjects: list[str]) -> list[Line]:
    rows = await conn.fetch(
        "SELECT DISTINCT ON (e.subject) e.subject, e.sequence,"
        " convert_from(e.data, 'UTF8')::json ->> 'state' AS state"
        " FROM event e JOIN stamp s ON s.event_id = e.id WHERE e.subject = ANY($1)"
        " ORDER BY e.subject, e.sequence DESC",
        subjects,
    )
    return [Line(row["subject"], row["sequence"], row["state"]) for row in rows]
