"""Agencies, time limits and conference sessions."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from services.petitions.domain.limits import Limit, Limits, Term
from services.petitions.domain.routing import AgencyRow
from shared.plumbing.postgres import Connection, Record


@dataclass(frozen=True)
class Session:
    """A conference. `attendance` are numbers by group."""

    id: str
    name: str
    held_on: date
    place: str
    chair: str
    attendance: dict[str, int]


@dataclass(frozen=True)
class Settlement:
    """How the petitions of a session stand, in numbers; `closed` ended without being settled."""

    petitions: int
    open: int
    answered: int
    settled: int
    closed: int
    reviewed: int
    reviewed_settled: int
    overdue: int


async def rules_version(conn: Connection) -> int:
    """Return how often agencies, limits and calendar have changed."""
    return int(await conn.fetchval("SELECT version FROM rulebook"))


async def load_limits(conn: Connection) -> Limits:
    """Load all time limits."""
    rows = await conn.fetch(
        "SELECT step, field, complexity, amount, unit, legal_basis, valid_from, valid_to"
        " FROM time_limit ORDER BY id"
    )
    return Limits(tuple(_limit(row) for row in rows))


def _limit(row: Record) -> Limit:
    return Limit(
        step=row["step"],
        term=Term(row["amount"], row["unit"]),
        legal_basis=row["legal_basis"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        field=row["field"],
        complexity=row["complexity"],
    )


async def load_agencies(conn: Connection) -> list[AgencyRow]:
    """Load all agencies; none before they were loaded for the first time."""
    rows = await conn.fetch(
        "SELECT code, name, valid_from, valid_to, successor, front_desk, reviews, fields"
        " FROM agency ORDER BY code"
    )
    return [
        AgencyRow(
            code=row["code"],
            name=row["name"],
            fields=tuple(row["fields"]),
            since=row["valid_from"],
            front_desk=row["front_desk"],
            reviews=row["reviews"],
            until=row["valid_to"],
            successor=row["successor"],
        )
        for row in rows
    ]


async def save_agencies(conn: Connection, rows: Sequence[AgencyRow]) -> None:
    """Write agencies over what is there; those that are not named stay."""
    await conn.executemany(
        "INSERT INTO agency (code, name, valid_from, valid_to, successor, front_desk, reviews,"
        " fields) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (code) DO UPDATE SET"
        " name = excluded.name, valid_from = excluded.valid_from, valid_to = excluded.valid_to,"
        " successor = excluded.successor, front_desk = excluded.front_desk,"
        " reviews = excluded.reviews, fields = excluded.fields",
        [
            (r.code, r.name, r.since, r.until, r.successor, r.front_desk, r.reviews, r.fields)
            for r in rows
        ],
    )


async def add_session(conn: Connection, session: Session, at: datetime) -> bool:
    """Record a session; False when the id is taken."""
    done = await conn.execute(
        "INSERT INTO conference_session (id, name, held_on, place, chair, attendance, recorded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        session.id,
        session.name,
        session.held_on,
        session.place,
        session.chair,
        session.attendance,
        at,
    )
    return bool(done == "INSERT 0 1")


async def session_is_recorded(conn: Connection, session_id: str) -> bool:
    """Say whether there is a session of this id."""
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM conference_session WHERE id = $1)", session_id
        )
    )


Span = tuple[date, date]


async def load_sessions(
    conn: Connection, today: str, session_id: str | None = None
) -> list[tuple[Session, Settlement, Span | None]]:
    """Load sessions, the youngest first, each with how its petitions stand; or the one.

    The span is from the first filing to the last due date of its petitions, None without any.
    """
    rows = await conn.fetch(
        "SELECT s.id, s.name, s.held_on, s.place, s.chair, s.attendance, n.* FROM"
        " conference_session s CROSS JOIN LATERAL (SELECT count(*) AS petitions,"
        " count(*) FILTER (WHERE status NOT IN ('answered', 'resolved', 'rejected', 'withdrawn',"
        " 'duplicate')) AS open, count(*) FILTER (WHERE status = 'answered') AS answered,"
        " count(*) FILTER (WHERE status = 'resolved') AS settled,"
        " count(*) FILTER (WHERE status IN ('rejected', 'withdrawn', 'duplicate')) AS closed,"
        " count(*) FILTER (WHERE workings ->> 'reviewed_on' IS NOT NULL) AS reviewed,"
        " count(*) FILTER (WHERE workings ->> 'reviewed_on' IS NOT NULL"
        " AND status = 'resolved') AS reviewed_settled,"
        " count(*) FILTER (WHERE status IN ('filed', 'assigned', 'in_progress')"
        " AND due_on < $1) AS overdue, min(state ->> 'filed_on') AS first, max(due_on) AS last"
        " FROM petition p WHERE p.session = s.id) n"
        " WHERE $2::text IS NULL OR s.id = $2 ORDER BY s.held_on DESC, s.id",
        today,
        session_id,
    )
    return [(_session(row), _settlement(row), _span(row)) for row in rows]


def _session(row: Record) -> Session:
    attendance: dict[str, Any] = row["attendance"]
    return Session(row["id"], row["name"], row["held_on"], row["place"], row["chair"], attendance)


def _settlement(row: Record) -> Settlement:
    return Settlement(**{field.name: row[field.name] for field in fields(Settlement)})


def _span(row: Record) -> Span | None:
    if row["first"] is None:
        return None
    return date.fromisoformat(row["first"]), date.fromisoformat(row["last"])
