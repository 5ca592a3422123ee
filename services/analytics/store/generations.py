"""Generations: made beside the live one, compared, swapped, thrown away."""

from collections.abc import Mapping
from typing import NamedTuple

from services.analytics.domain.batch import Partition
from services.analytics.domain.cells import Cell, Sum
from services.analytics.store.batches import schema
from shared.plumbing.postgres import Connection

_REBUILD_LOCK = 4_242_001


class GenerationRow(NamedTuple):
    """A generation and its state: building, live or kept."""

    number: int
    state: str


async def generations(conn: Connection) -> list[GenerationRow]:
    """Return all generations, oldest first."""
    rows = await conn.fetch("SELECT number, state FROM generation ORDER BY number")
    return [GenerationRow(*row) for row in rows]


async def claim_rebuild(conn: Connection) -> bool:
    """Take the right to rebuild for as long as the connection lives; False when another has it."""
    return bool(await conn.fetchval("SELECT pg_try_advisory_lock($1)", _REBUILD_LOCK))


async def create_generation(conn: Connection) -> int:
    """Make the tables of a new generation; return its number."""
    number = int(await conn.fetchval("SELECT coalesce(max(number), 0) + 1 FROM generation"))
    await conn.execute("SELECT create_generation($1)", number)
    await conn.execute("SELECT add_sequence_trail($1)", number)
    await conn.execute("SELECT add_petition_indexes($1)", number)
    await conn.execute(
        "INSERT INTO generation (number, state, created_at) VALUES ($1, 'building', now())", number
    )
    return number


async def drop_generation(conn: Connection, number: int) -> bool:
    """Delete a generation that is not live; return whether there was one."""
    gone = await conn.fetchval(
        "DELETE FROM generation WHERE number = $1 AND state <> 'live' RETURNING number", number
    )
    if gone is None:
        return False
    await conn.execute(f"DROP SCHEMA IF EXISTS {schema(number)} CASCADE")
    return True


async def hold_live(conn: Connection) -> int:
    """Return the live generation; nobody commits into it until this transaction ends."""
    number = await conn.fetchval("SELECT number FROM generation WHERE state = 'live' FOR UPDATE")
    return int(number)


async def swap(conn: Connection, old: int, new: int) -> None:
    """Let the new generation answer and keep the old one."""
    await conn.execute("UPDATE generation SET state = 'kept' WHERE number = $1", old)
    await conn.execute("UPDATE generation SET state = 'live' WHERE number = $1", new)


async def vector(conn: Connection, number: int) -> dict[Partition, int]:
    """Return the offset that each partition of a generation has reached."""
    rows = await conn.fetch(f"SELECT topic, partition, next FROM {schema(number)}.consumed")
    return {Partition(row["topic"], row["partition"]): row["next"] for row in rows}


class Counts(NamedTuple):
    """Records of a generation by what became of them, and the lines of its ledgers."""

    applied: int
    repeated: int
    parked: int
    read: int
    entity_lines: int
    petition_lines: int


async def counts(conn: Connection, number: int) -> Counts:
    """Count what a generation holds."""
    g = schema(number)
    row = await conn.fetchrow(
        f"""SELECT coalesce(sum(applied), 0)::bigint, coalesce(sum(repeated), 0)::bigint,
                   coalesce(sum(parked_count), 0)::bigint, coalesce(sum(next), 0)::bigint,
                   (SELECT count(*) FROM {g}.entity_fact),
                   (SELECT count(*) FROM {g}.petition_fact)
            FROM {g}.consumed"""
    )
    assert row is not None
    return Counts(*row)


async def sums(conn: Connection, number: int) -> dict[Cell, Sum]:
    """Return every cell that does not come to nothing, over all writers."""
    rows = await conn.fetch(
        f"""SELECT dim, period, measure, key, sum(n)::bigint AS n, sum(amount)::text AS amount
            FROM {schema(number)}.cell GROUP BY 1, 2, 3, 4
            HAVING sum(n) <> 0 OR sum(amount) <> 0"""
    )
    return {Cell(*row[:4]): Sum(row["n"], int(row["amount"])) for row in rows}


async def digest(conn: Connection, number: int) -> str:
    """Return a digest of all cells: equal figures have equal digests, whoever wrote them."""
    found = await conn.fetchval(
        f"""SELECT coalesce(encode(sha256(convert_to(
                       string_agg(line, E'\\n' ORDER BY line), 'UTF8')), 'hex'), 'empty')
            FROM (SELECT concat_ws('|', dim, period, measure, key, sum(n), sum(amount)) AS line
                  FROM {schema(number)}.cell GROUP BY dim, period, measure, key
                  HAVING sum(n) <> 0 OR sum(amount) <> 0) AS lines"""
    )
    return str(found)


Vector = Mapping[Partition, int]
