"""Statements that write many subjects that are new: the rows that `register` writes, at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.registry.domain import Fact, facts_to_json
from services.registry.store.register import Recorded, ReferenceKey, ReferenceTaken
from shared.plumbing.postgres import Connection

_TAKEN = """
SELECT 1, code, NULL FROM entity WHERE code = ANY($1::text[])
UNION ALL
SELECT 1, code, NULL FROM voided WHERE code = ANY($1::text[])
UNION ALL
SELECT 2, r.system, r.reference FROM unnest($2::text[], $3::text[]) AS k (system, reference)
    JOIN reference r ON r.system = k.system AND r.reference = k.reference
UNION ALL
SELECT DISTINCT 3, root, NULL FROM waiting WHERE root = ANY($1::text[])
"""
_SAVE = """
INSERT INTO entity (code, version, facts, kind, legal_form, name, status, capital_vnd, commune,
    industry_scheme, industry_code, registered_on, updated_at)
SELECT n.code, 1, n.facts::jsonb, n.kind, n.legal_form, n.name, 'active', n.capital_vnd,
    n.commune, n.industry_scheme, n.industry_code, n.registered_on, $11
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[],
    $8::text[], $9::text[], $10::date[])
    AS n (code, facts, kind, legal_form, name, capital_vnd, commune, industry_scheme,
          industry_code, registered_on)
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What stands in the way of writing at once; `waiting` are codes that records wait for."""

    codes: frozenset[str]
    references: frozenset[ReferenceKey]
    waiting: frozenset[str]


async def load_taken(
    conn: Connection,
    codes: Collection[str],
    keys: Collection[ReferenceKey],
) -> Taken:
    """Which of these are on record, and for which something waits. The families are locked."""
    rows = await conn.fetch(
        _TAKEN,
        list(codes),
        [system for system, _ in keys],
        [reference for _, reference in keys],
    )
    return Taken(
        frozenset(row[1] for row in rows if row[0] == 1),
        frozenset((row[1], row[2]) for row in rows if row[0] == 2),
        frozenset(row[1] for row in rows if row[0] == 3),
    )


async def save_first(conn: Connection, firsts: Sequence[tuple[str, Fact]], now: datetime) -> None:
    """Write subjects that are not on record, each with its registration alone."""
    if not firsts:
        return
    sets = [fact.sets for _, fact in firsts]
    await conn.execute(
        _SAVE,
        [code for code, _ in firsts],
        [facts_to_json((fact,)) for _, fact in firsts],
        [s.kind for s in sets],
        [s.legal_form for s in sets],
        [s.name for s in sets],
        [s.capital_vnd for s in sets],
        [s.commune for s in sets],
        [s.industry_scheme for s in sets],
        [s.industry_code for s in sets],
        [fact.on for _, fact in firsts],
        now,
    )


async def save_new_references(
    conn: Connection, added: Sequence[tuple[ReferenceKey, Recorded]]
) -> None:
    """Write references that were free when they were read. Raises ReferenceTaken."""
    if not added:
        return
    done = await conn.execute(
        "INSERT INTO reference (system, reference, digest, code, sequence, event_id) "
        "SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::int[], "
        "$6::uuid[]) ON CONFLICT DO NOTHING",
        [key[0] for key, _ in added],
        [key[1] for key, _ in added],
        [one.digest for _, one in added],
        [one.code for _, one in added],
        [one.sequence for _, one in added],
        [one.event_id for _, one in added],
    )
    if int(done.split()[-1]) != len(added):
        raise ReferenceTaken
