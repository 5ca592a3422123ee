"""The reviewer's queue and what was recommended; comments; alarms that are due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from services.petitions.domain.decide import Petition
from services.petitions.store.petitions import COLUMNS, Place, petition_of
from shared.plumbing.postgres import Connection

_QUEUED: Final = (
    "status NOT IN ('resolved', 'rejected', 'withdrawn', 'duplicate')"
    " AND (status = 'answered' OR disputed OR alarms > 0)"
)


@dataclass(frozen=True)
class Comment:
    """What was said of a petition; `kind` update is a word to the petitioner."""

    kind: str
    on: date
    text: str
    agency: str | None
    by: str


async def claim_alarms(conn: Connection, today: str, limit: int) -> list[Petition]:
    """Load and lock petitions whose next alarm is due; those in other hands are left to them."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM petition WHERE alarm_on <= $1"
        " ORDER BY alarm_on, id LIMIT $2 FOR UPDATE SKIP LOCKED",
        today,
        limit,
    )
    return [petition_of(row) for row in rows]


async def claim_led_by(conn: Connection, agencies: Sequence[str], limit: int) -> list[Petition]:
    """Load and lock petitions in work whose lead is one of the agencies, by due date."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM petition WHERE agency = ANY($1)"
        " AND status IN ('assigned', 'in_progress')"
        " ORDER BY due_on, id LIMIT $2 FOR UPDATE SKIP LOCKED",
        list(agencies),
        limit,
    )
    return [petition_of(row) for row in rows]


async def awaiting_after(conn: Connection, after: str, limit: int) -> list[Petition]:
    """Load and lock petitions whose clock runs, by id, those that follow `after`."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM petition WHERE id > $1"
        " AND status IN ('filed', 'assigned', 'in_progress') ORDER BY id LIMIT $2 FOR UPDATE",
        after,
        limit,
    )
    return [petition_of(row) for row in rows]


async def review_queue(
    conn: Connection, answered_until: str, after: Place | None, limit: int
) -> list[Petition]:
    """List what the reviewer looks at by due date and id.

    Answered up to a day (ISO) and not settled, disputed, or with an alarm in this round.
    """
    place = after or Place("", "")
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM petition WHERE {_QUEUED}"
        " AND (status <> 'answered' OR disputed OR alarms > 0 OR answered_on <= $1)"
        " AND (due_on, id) > ($2, $3) ORDER BY due_on, id LIMIT $4",
        answered_until,
        place.due_on,
        place.id,
        limit,
    )
    return [petition_of(row) for row in rows]


async def keep_review(
    conn: Connection, petition: Petition, recommendation: str, due_on: date, agency: str | None
) -> None:
    """Record a recommendation beside its event."""
    await conn.execute(
        "INSERT INTO petition_review (petition_id, sequence, round, reviewed_on, recommendation,"
        " due_on, by_agency) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        petition.id,
        petition.version,
        petition.state.round,
        petition.last_on,
        recommendation,
        due_on,
        agency,
    )


async def load_reviews(conn: Connection, petition_id: str) -> list[dict[str, Any]]:
    """Load the recommendations for a petition in order."""
    rows = await conn.fetch(
        "SELECT sequence, round, reviewed_on::text AS on, recommendation, due_on::text AS due_on,"
        " by_agency AS agency FROM petition_review WHERE petition_id = $1 ORDER BY sequence",
        petition_id,
    )
    return [dict(row) for row in rows]


async def add_comment(conn: Connection, petition_id: str, comment: Comment, at: datetime) -> None:
    """Record a comment of a petition whose text is still here."""
    await conn.execute(
        "INSERT INTO petition_comment (petition_id, kind, on_day, text, agency, by_name,"
        " recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        petition_id,
        comment.kind,
        comment.on,
        comment.text,
        comment.agency,
        comment.by,
        at,
    )


async def load_comments(conn: Connection, petition_id: str) -> list[Comment]:
    """Load what was said of a petition in order."""
    rows = await conn.fetch(
        "SELECT kind, on_day, text, agency, by_name FROM petition_comment WHERE petition_id = $1"
        " ORDER BY id",
        petition_id,
    )
    return [Comment(*row) for row in rows]


async def add_members(conn: Connection, petition_id: str, codes: Sequence[str]) -> None:
    """Record the members for whom an association speaks."""
    await conn.execute(
        "INSERT INTO petition_member (petition_id, code) SELECT $1, unnest($2::text[])"
        " ON CONFLICT DO NOTHING",
        petition_id,
        list(codes),
    )


async def load_members(conn: Connection, petition_id: str) -> list[str]:
    """Load the codes of the members for whom an association speaks."""
    rows = await conn.fetch(
        "SELECT code FROM petition_member WHERE petition_id = $1 ORDER BY code", petition_id
    )
    return [row["code"] for row in rows]
