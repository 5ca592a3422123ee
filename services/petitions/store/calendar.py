"""What officers have set about the working days of a year."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.petitions.domain.calendar import YearDecision
from shared.plumbing.postgres import Connection


@dataclass(frozen=True)
class CalendarRow:
    """A revision of a year, by whom; `applied`: the open petitions were dated again since."""

    decision: YearDecision
    revision: int
    set_by: str
    applied: bool


async def load_calendar(conn: Connection) -> list[CalendarRow]:
    """Load the youngest revision of each year that somebody has set, by year."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (year) year, off, working, source, verified, revision, set_by, applied"
        " FROM calendar_year ORDER BY year, revision DESC"
    )
    return [
        CalendarRow(
            YearDecision(
                row["year"], tuple(row["off"]), tuple(row["working"]), row["source"],
                row["verified"],
            ),
            row["revision"],
            row["set_by"],
            row["applied"],
        )
        for row in rows
    ]  # fmt: skip


async def add_calendar(
    conn: Connection, decision: YearDecision, revision: int, by: str, at: datetime
) -> bool:
    """Record a revision of a year; False when somebody else has recorded it meanwhile."""
    done = await conn.execute(
        "INSERT INTO calendar_year (year, revision, off, working, source, verified, set_by,"
        " recorded_at) VALUES ($1, $2, $3::date[], $4::date[], $5, $6, $7, $8)"
        " ON CONFLICT DO NOTHING",
        decision.year,
        revision,
        _days(decision.off),
        _days(decision.working),
        decision.source,
        decision.verified,
        by,
        at,
    )
    return bool(done == "INSERT 0 1")


async def unapplied_calendar(conn: Connection, before: datetime) -> list[tuple[int, int]]:
    """Return (year, revision) recorded before a moment that no petition was dated under yet."""
    rows = await conn.fetch(
        "SELECT year, revision FROM calendar_year WHERE NOT applied AND recorded_at < $1"
        " ORDER BY year, revision",
        before,
    )
    return [(row["year"], row["revision"]) for row in rows]


async def calendar_applied(conn: Connection, done: Sequence[tuple[int, int]]) -> None:
    """Record that the open petitions were dated again under these revisions."""
    await conn.executemany(
        "UPDATE calendar_year SET applied = true WHERE year = $1 AND revision = $2", list(done)
    )


def _days(days: Sequence[date]) -> list[date]:
    return sorted(set(days))
