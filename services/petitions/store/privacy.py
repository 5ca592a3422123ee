"""The public course of a case, and the erasing of a person."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.contracts.states import PetitionState
from shared.plumbing.postgres import Connection


@dataclass(frozen=True, slots=True)
class Tracked:
    """What is public of a petition; `course` are {on, fact} in legal order."""

    state: PetitionState
    course: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Erasure:
    """That a person was erased: when, by whom, on which basis, how many files with them."""

    petition_id: str
    erased_at: datetime
    erased_by: str
    basis: str
    attachments: int
    octets: int


async def track(conn: Connection, code: str) -> Tracked | None:
    """Return what is public under a tracking code."""
    row = await conn.fetchrow(
        "SELECT state::text AS state, jsonb_path_query_array(ledger, '$[*].entry') AS entries"
        " FROM petition WHERE tracking_code = $1",
        code,
    )
    if row is None:
        return None
    ordered = sorted(row["entries"], key=lambda e: (date.fromisoformat(e["on"]), e["entry"]))
    course = [{"on": entry["on"], "fact": entry["fact"]} for entry in ordered]
    return Tracked(PetitionState.model_validate_json(row["state"]), course)


async def find_erasure(conn: Connection, petition_id: str) -> Erasure | None:
    """Return the erasure of a petition's person, None while nobody was erased."""
    row = await conn.fetchrow(
        "SELECT petition_id, erased_at, erased_by, basis, attachments, octets FROM erasure"
        " WHERE petition_id = $1",
        petition_id,
    )
    return Erasure(*row) if row else None


async def erase(
    conn: Connection, petition_id: str, *, at: datetime, by: str, basis: str
) -> Erasure:
    """Remove the text, the person and the files. The caller holds the petition's lock."""
    await conn.execute("DELETE FROM petition_private WHERE petition_id = $1", petition_id)
    # The chunks go with their file.
    row = await conn.fetchrow(
        "WITH gone AS (DELETE FROM attachment WHERE petition_id = $1 RETURNING octets)"
        " SELECT count(octets)::int AS files, coalesce(sum(octets), 0)::bigint AS octets FROM gone",
        petition_id,
    )
    assert row is not None
    done = Erasure(petition_id, at, by, basis, row["files"], row["octets"])
    await conn.execute(
        "INSERT INTO erasure (petition_id, erased_at, erased_by, basis, attachments, octets)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        *(done.petition_id, done.erased_at, done.erased_by, done.basis),
        *(done.attachments, done.octets),
    )
    return done
