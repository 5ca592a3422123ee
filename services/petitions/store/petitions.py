"""The rows of the petitions and what is private of them."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from services.petitions.domain.decide import Petition
from services.petitions.domain.private import Petitioner, Private
from services.petitions.domain.workings import from_json
from shared.contracts.states import PetitionState
from shared.contracts.values import Agency, PetitionStatus
from shared.plumbing.postgres import Connection, Record

COLUMNS: Final = "id, version, entries, last_on, state::text AS state, workings::text AS workings"


class PrivateRefused(Exception):
    """The database refused the private part of a petition; says the kind of error only."""


@dataclass(frozen=True)
class Filters:
    """Which petitions a list holds; None leaves open."""

    status: PetitionStatus | None = None
    agency: Agency | None = None
    session: str | None = None


@dataclass(frozen=True)
class Place:
    """The place of a petition in a list: by due date (ISO), then id."""

    due_on: str
    id: str


async def load_ledger(conn: Connection, petition_id: str) -> list[dict[str, Any]]:
    """Load the lines of a petition in the order in which they were recorded."""
    found: list[dict[str, Any]] = await conn.fetchval(
        "SELECT ledger FROM petition WHERE id = $1", petition_id
    )
    return found


async def lock(conn: Connection, petition_id: str) -> Petition | None:
    """Load a petition and keep others from changing it until the transaction ends."""
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM petition WHERE id = $1 FOR UPDATE",
        petition_id,
    )
    return petition_of(row) if row else None


async def load(conn: Connection, petition_id: str) -> Petition | None:
    """Load a petition as it stands."""
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM petition WHERE id = $1",
        petition_id,
    )
    return petition_of(row) if row else None


async def load_private(conn: Connection, petition_id: str) -> Private | None:
    """Load the text and the person."""
    row = await conn.fetchrow(
        "SELECT title, text, petitioner FROM petition_private WHERE petition_id = $1", petition_id
    )
    if row is None:
        return None
    return Private(row["title"], row["text"], Petitioner(**row["petitioner"]))


async def load_documents(conn: Connection, petition_id: str) -> list[dict[str, Any]]:
    """Load the documents of a petition in order: {sequence, fact, on, document}."""
    rows = await conn.fetch(
        "SELECT (l ->> 'sequence')::int AS sequence, l -> 'entry' ->> 'fact' AS fact,"
        " l -> 'entry' ->> 'on' AS on, l ->> 'document' AS document"
        " FROM petition, jsonb_array_elements(ledger) l"
        " WHERE id = $1 AND l ->> 'document' IS NOT NULL ORDER BY 1",
        petition_id,
    )
    return [dict(row) for row in rows]


async def page(
    conn: Connection, filters: Filters, after: Place | None, limit: int
) -> list[Petition]:
    """List petitions by due date and id, at most `limit` of those that follow `after`."""
    arguments: list[object] = []
    terms: list[str] = []
    for column, value in asdict(filters).items():
        if value is not None:
            arguments.append(value)
            terms.append(f"{column} = ${len(arguments)}")
    if after is not None:
        arguments += [after.due_on, after.id]
        terms.append(f"(due_on, id) > (${len(arguments) - 1}, ${len(arguments)})")
    where = f"WHERE {' AND '.join(terms)}" if terms else ""
    arguments.append(limit)
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM petition {where} ORDER BY due_on, id LIMIT ${len(arguments)}",
        *arguments,
    )
    return [petition_of(row) for row in rows]


async def count_by_status(conn: Connection) -> dict[str, int]:
    """Count the petitions of each status that any has."""
    rows = await conn.fetch("SELECT status, count(*) AS n FROM petition GROUP BY status")
    return {row["status"]: row["n"] for row in rows}


def petition_of(row: Record) -> Petition:
    """Read a row of COLUMNS."""
    state = PetitionState.model_validate_json(row["state"])
    return Petition(
        id=row["id"],
        version=row["version"],
        entries=row["entries"],
        last_on=row["last_on"],
        state=state,
        workings=from_json(row["workings"], state),
    )
