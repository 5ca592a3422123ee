"""Statements over the register: locks, subjects, references, queries."""

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.registry.domain import Subject, facts_from_json, facts_to_json, load
from shared.plumbing.postgres import Connection, Record

# The family locks of the registry among the advisory locks of its database. ("reg1")
_LOCKS = 0x7265_6731

ReferenceKey = tuple[str, str]
"""(system, reference)."""


@dataclass(frozen=True)
class Recorded:
    """What was recorded under a reference: the digest of its content, and its first event."""

    digest: bytes
    code: str
    sequence: int
    event_id: str


class ReferenceTaken(Exception):
    """Another transaction recorded one of the references first: begin the transaction anew."""


async def lock_families(conn: Connection, roots: Collection[str]) -> None:
    """Hold each parent with all its branches until the end of the transaction.

    A lock of the code and not of a row: a code that is not registered yet has no row, and two
    registrations of it must meet. Taken in one order by everybody, so that nobody waits in a ring.
    """
    keys = sorted({_lock_of(root) for root in roots})
    await conn.execute(
        "SELECT pg_advisory_xact_lock($1, k) FROM unnest($2::int[]) AS k", _LOCKS, keys
    )


async def lock_free_families(conn: Connection, roots: Collection[str]) -> set[str]:
    """Hold those of the families that nobody else holds, without waiting; which they are."""
    rows = await conn.fetch(
        "SELECT k FROM unnest($2::int[]) AS k WHERE pg_try_advisory_xact_lock($1, k)",
        _LOCKS,
        list({_lock_of(root) for root in roots}),
    )
    held = {row[0] for row in rows}
    return {root for root in roots if _lock_of(root) in held}


def _lock_of(root: str) -> int:
    return zlib.crc32(root.encode()) - 2**31


_SUBJECT = "code, version, facts::text AS facts"
_VOIDED = "SELECT code, version, '[]' AS facts FROM voided"


async def load_subjects(
    conn: Connection, codes: Collection[str], parents: Collection[str]
) -> list[Subject]:
    """The subjects of these codes, also voided ones, and all dependent units of these parents."""
    rows = await conn.fetch(
        f"SELECT {_SUBJECT} FROM entity WHERE code = ANY($1::text[]) "
        f"UNION ALL SELECT {_SUBJECT} FROM entity "
        "WHERE parent = ANY($2::text[]) AND code <> ALL($1::text[]) "
        f"UNION ALL {_VOIDED} WHERE code = ANY($1::text[])",
        list(codes),
        list(parents),
    )
    return [_subject(row) for row in rows]


async def find_subject(conn: Connection, code: str) -> Subject | None:
    """The subject of a code, also a voided one; None when it was never registered."""
    row = await conn.fetchrow(
        f"SELECT {_SUBJECT} FROM entity WHERE code = $1 UNION ALL {_VOIDED} WHERE code = $1", code
    )
    return None if row is None else _subject(row)


def _subject(row: Record) -> Subject:
    return load(row["code"], row["version"], facts_from_json(row["facts"]))


_SAVE = """
INSERT INTO entity (code, version, facts, kind, legal_form, name, status, capital_vnd, commune,
    industry_scheme, industry_code, registered_on, parent, suspended_until, updated_at)
SELECT n.code, n.version, n.facts::jsonb, n.kind, n.legal_form, n.name, n.status, n.capital_vnd,
    n.commune, n.industry_scheme, n.industry_code, n.registered_on, n.parent, n.suspended_until, $15
FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::bigint[], $9::text[], $10::text[], $11::text[], $12::date[], $13::text[], $14::date[])
    AS n (code, version, facts, kind, legal_form, name, status, capital_vnd, commune,
          industry_scheme, industry_code, registered_on, parent, suspended_until)
ON CONFLICT (code) DO UPDATE SET
    version = excluded.version, facts = excluded.facts, kind = excluded.kind,
    legal_form = excluded.legal_form, name = excluded.name, status = excluded.status,
    capital_vnd = excluded.capital_vnd, commune = excluded.commune,
    industry_scheme = excluded.industry_scheme, industry_code = excluded.industry_code,
    registered_on = excluded.registered_on, parent = excluded.parent,
    suspended_until = excluded.suspended_until, updated_at = excluded.updated_at
"""


async def save_subjects(conn: Connection, subjects: Collection[Subject], now: datetime) -> None:
    """Write subjects as they stand now, in one statement. Their families are locked."""
    states = [(subject, subject.state) for subject in subjects]
    if not states:
        return
    await conn.execute(
        _SAVE,
        [subject.code for subject, _ in states],
        [subject.version for subject, _ in states],
        [facts_to_json(subject.recorded) for subject, _ in states],
        [state.kind for _, state in states],
        [state.legal_form for _, state in states],
        [state.name for _, state in states],
        [state.status for _, state in states],
        [state.capital_vnd for _, state in states],
        [state.commune for _, state in states],
        [state.industry.scheme for _, state in states],
        [state.industry.code for _, state in states],
        [state.registered_on for _, state in states],
        [state.parent for _, state in states],
        [subject.until for subject, _ in states],
        now,
    )


async def load_references(
    conn: Connection, keys: Collection[ReferenceKey]
) -> dict[ReferenceKey, Recorded]:
    """What was recorded under these references."""
    rows = await conn.fetch(
        "SELECT r.system, r.reference, r.digest, r.code, r.sequence, r.event_id::text "
        "FROM unnest($1::text[], $2::text[]) AS k (system, reference) "
        "JOIN reference r ON r.system = k.system AND r.reference = k.reference",
        [system for system, _ in keys],
        [reference for _, reference in keys],
    )
    return {(row[0], row[1]): Recorded(row[2], row[3], row[4], row[5]) for row in rows}


async def save_references(conn: Connection, added: Mapping[ReferenceKey, Recorded]) -> None:
    """Write references that were free when they were read. Raises ReferenceTaken."""
    if not added:
        return
    keys = sorted(added)
    done = await conn.execute(
        "INSERT INTO reference (system, reference, digest, code, sequence, event_id) "
        "SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::int[], "
        "$6::uuid[]) ON CONFLICT DO NOTHING",
        [system for system, _ in keys],
        [reference for _, reference in keys],
        [added[key].digest for key in keys],
        [added[key].code for key in keys],
        [added[key].sequence for key in keys],
        [added[key].event_id for key in keys],
    )
    if int(done.split()[-1]) != len(keys):
        raise ReferenceTaken


async def load_data(conn: Connection, code: str, sequence: int) -> bytes:
    """The data of one event of a subject, as it was published."""
    data = await conn.fetchval(
        "SELECT data FROM event WHERE subject = $1 AND sequence = $2", code, sequence
    )
    assert isinstance(data, bytes), "an event is never deleted"
    return data


@dataclass(frozen=True)
class Written:
    """An event of the log; `position` is None while it waits to be stamped."""

    position: int | None
    ce_id: str
    sequence: int
    type: str
    recorded_at: datetime
    data: bytes


async def load_events(conn: Connection, code: str, after: int, limit: int) -> list[Written]:
    """The events of one subject that follow its sequence `after`, stamped or not yet."""
    rows = await conn.fetch(
        "SELECT s.position, e.ce_id::text, e.sequence, e.type, e.recorded_at, e.data "
        "FROM event e LEFT JOIN stamp s ON s.event_id = e.id "
        "WHERE e.subject = $1 AND e.sequence > $2 ORDER BY e.sequence LIMIT $3",
        code,
        after,
        limit,
    )
    return [Written(*row) for row in rows]


async def count_entities(conn: Connection) -> list[tuple[str, str, int]]:
    """Rows of (kind, status, number of entities)."""
    rows = await conn.fetch("SELECT kind, status, count(*) FROM entity GROUP BY kind, status")
    return [(row[0], row[1], row[2]) for row in rows]
