"""Dead letters: looked at, applied after a fix, or given up."""

from typing import NamedTuple

from services.analytics.domain.batch import Fact, Partition
from services.analytics.domain.dead import Resolution
from shared.plumbing.postgres import Connection, Record


class Parked(NamedTuple):
    """A parked record, whole; it reads like a record of the consumer."""

    id: int
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    code: str
    detail: str
    resolution: str | None


_COLUMNS = """id, topic, partition, "offset", key, value, header_names, header_values, code, detail,
              resolution"""


def _parked(row: Record) -> Parked:
    headers = tuple(zip(row["header_names"], row["header_values"], strict=True))
    return Parked(
        *(row["id"], row["topic"], row["partition"], row["offset"], row["key"], row["value"]),
        *(headers, row["code"], row["detail"], row["resolution"]),
    )


async def open_letters(conn: Connection, *, after: int = 0, limit: int = 100) -> list[Parked]:
    """Return letters that wait, by id."""
    rows = await conn.fetch(
        f"""SELECT {_COLUMNS} FROM dead_letter WHERE resolution IS NULL AND id > $1
            ORDER BY id LIMIT $2""",
        *(after, limit),
    )
    return [_parked(row) for row in rows]


async def lock_letter(conn: Connection, number: int) -> Parked | None:
    """Return a letter that waits and hold it; None when it is resolved or unknown."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM dead_letter WHERE id = $1 AND resolution IS NULL FOR UPDATE",
        number,
    )
    return None if row is None else _parked(row)


async def resolve(conn: Connection, number: int, resolution: Resolution) -> None:
    """Mark a letter as applied or dismissed."""
    await conn.execute(
        "UPDATE dead_letter SET resolution = $2, resolved_at = now() WHERE id = $1",
        *(number, resolution),
    )


async def resolutions(conn: Connection) -> dict[tuple[str, int, int], Resolution]:
    """Return what became of every parked record, for a rebuild."""
    rows = await conn.fetch(
        """SELECT topic, partition, "offset", coalesce(resolution, 'open') AS r FROM dead_letter"""
    )
    return {(row["topic"], row["partition"], row["offset"]): row["r"] for row in rows}


async def count_as_applied(conn: Connection, g: str, fact: Fact, partition: Partition) -> None:
    """Move one record of a partition from parked to applied; offset and mark stay."""
    await conn.execute(
        f"""UPDATE {g}.consumed SET applied = applied + 1, parked_count = parked_count - 1,
                newest = greatest(newest, $3)
            WHERE topic = $1 AND partition = $2""",
        *(partition.topic, partition.number, fact.recorded_at),
    )


async def position_is_applied(conn: Connection, g: str, fact: Fact) -> bool:
    """Say whether an event of this position is in the ledger already (delivered again later)."""
    for ledger in ("entity_fact", "petition_fact"):
        found = await conn.fetchval(
            f"SELECT EXISTS (SELECT 1 FROM {g}.{ledger} WHERE src = $1 AND position = $2)",
            *(fact.src, fact.position),
        )
        if found:
            return True
    return False
