"""Statements over administrative units."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.registry.domain.units import Succession, Unit, Units
from shared.plumbing.postgres import Connection

# Whoever changes the units waits here, so that what was checked together is stored. ("reg2")
_LOCK = 0x7265_6732


async def lock_units(conn: Connection) -> None:
    """Hold the units until the end of the transaction."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def load_units(conn: Connection) -> Units:
    """All units and successions."""
    units = await conn.fetch(
        "SELECT code, valid_from, name, type, valid_to, district FROM commune_unit "
        "ORDER BY code, valid_from"
    )
    successions = await conn.fetch(
        'SELECT old, "from", new, main FROM commune_succession ORDER BY old, "from", new'
    )
    return Units([Unit(*row) for row in units], [Succession(*row) for row in successions])


async def save_units(
    conn: Connection, units: Sequence[Unit], successions: Sequence[Succession]
) -> None:
    """Add units and successions, or put those that are there in their place."""
    await conn.executemany(
        "INSERT INTO commune_unit (code, valid_from, name, type, valid_to, district) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (code, valid_from) DO UPDATE SET "
        "name = excluded.name, type = excluded.type, valid_to = excluded.valid_to, "
        "district = excluded.district",
        [(u.code, u.valid_from, u.name, u.type, u.valid_to, u.district) for u in units],
    )
    await conn.executemany(
        'INSERT INTO commune_succession (old, "from", new, main) VALUES ($1, $2, $3, $4) '
        'ON CONFLICT (old, "from", new) DO UPDATE SET main = excluded.main',
        [(s.old, s.on, s.new, s.main) for s in successions],
    )


async def count_after_end(conn: Connection, ended: Mapping[str, date]) -> list[tuple[str, int]]:
    """Rows of (code, subjects whose commune was set to it on or after the day it ended)."""
    rows = await conn.fetch(
        "SELECT e.commune, count(*) FROM unnest($1::text[], $2::date[]) AS u (code, ended) "
        "JOIN entity e ON e.commune = u.code AND e.commune_on >= u.ended "
        "GROUP BY e.commune ORDER BY e.commune",
        list(ended),
        list(ended.values()),
    )
    return [(row[0], row[1]) for row in rows]
