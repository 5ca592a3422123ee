"""Plans: rows that are only ever followed by a revision."""

from datetime import datetime

from services.analytics.domain.figures import PlanRow
from shared.plumbing.postgres import Connection


async def plans_of(conn: Connection, year: int) -> list[PlanRow]:
    """Return all revisions of a year's plans, by indicator and revision."""
    rows = await conn.fetch(
        """SELECT year, indicator, revision, target, effective_from, decision FROM plan
           WHERE year = $1 ORDER BY indicator, revision""",
        year,
    )
    return [PlanRow(**row) for row in rows]


async def all_plans(conn: Connection) -> list[PlanRow]:
    """Return all revisions of all years."""
    rows = await conn.fetch(
        """SELECT year, indicator, revision, target, effective_from, decision FROM plan
           ORDER BY year, indicator, revision"""
    )
    return [PlanRow(**row) for row in rows]


async def lock_plan(conn: Connection, year: int, indicator: str) -> list[PlanRow]:
    """Return one plan's revisions; nobody else adds one until the transaction ends."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, $2))", f"plan {indicator}", year
    )
    rows = await conn.fetch(
        """SELECT year, indicator, revision, target, effective_from, decision FROM plan
           WHERE year = $1 AND indicator = $2 ORDER BY revision""",
        *(year, indicator),
    )
    return [PlanRow(**row) for row in rows]


async def add_plan(conn: Connection, row: PlanRow, set_by: str, recorded_at: datetime) -> None:
    """Append a revision."""
    await conn.execute(
        """INSERT INTO plan (year, indicator, revision, target, effective_from, decision,
                             set_by, recorded_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        *(row.year, row.indicator, row.revision, row.target, row.effective_from, row.decision),
        *(set_by, recorded_at),
    )
