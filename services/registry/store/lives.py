"""Statements over suspensions that end, voided registrations and reorganizations."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shared.plumbing.postgres import Connection


async def find_expired(conn: Connection, today: date, limit: int) -> list[str]:
    """Codes whose suspension had its last day before `today`, the longest past first."""
    rows = await conn.fetch(
        "SELECT code FROM entity WHERE suspended_until < $1 "
        "ORDER BY suspended_until, code LIMIT $2",
        today,
        limit,
    )
    return [row[0] for row in rows]


async def save_voided(conn: Connection, voided: Collection[tuple[str, int]], now: datetime) -> None:
    """Take subjects, (code, version), off the register. Their families are locked."""
    if not voided:
        return
    codes = [code for code, _ in voided]
    await conn.execute("DELETE FROM entity WHERE code = ANY($1::text[])", codes)
    await conn.execute(
        "INSERT INTO voided (code, version, voided_at) "
        "SELECT n.code, n.version, $3 FROM unnest($1::text[], $2::int[]) AS n (code, version) "
        "ON CONFLICT (code) DO UPDATE SET version = excluded.version, "
        "voided_at = excluded.voided_at",
        codes,
        [version for _, version in voided],
        now,
    )


async def forget_voided(conn: Connection, codes: Collection[str]) -> None:
    """Forget that subjects were voided: they are registered after all."""
    if codes:
        await conn.execute("DELETE FROM voided WHERE code = ANY($1::text[])", list(codes))


@dataclass(frozen=True)
class Caused:
    """One event of a reorganization."""

    code: str
    sequence: int
    event_id: str
    type: str


@dataclass(frozen=True)
class Reorganized:
    """A reorganization as it was recorded; `id` is the cause of its events."""

    id: str
    kind: str
    on: date
    system: str
    reference: str
    events: tuple[Caused, ...]


async def save_reorganizations(
    conn: Connection, reorganized: Sequence[Reorganized], now: datetime
) -> None:
    """Write reorganizations, in the transaction of their events."""
    for one in reorganized:
        await conn.execute(
            "INSERT INTO reorganization "
            "(id, kind, on_date, system, reference, events, recorded_at) "
            "SELECT $1::uuid, $2, $3, $4, $5, jsonb_agg(jsonb_build_object('code', e.code, "
            "'sequence', e.sequence, 'event_id', e.id, 'type', e.type) ORDER BY e.n), $10 "
            "FROM unnest($6::text[], $7::int[], $8::text[], $9::text[]) WITH ORDINALITY "
            "AS e (code, sequence, id, type, n)",
            one.id,
            one.kind,
            one.on,
            one.system,
            one.reference,
            [event.code for event in one.events],
            [event.sequence for event in one.events],
            [event.event_id for event in one.events],
            [event.type for event in one.events],
            now,
        )


_REORGANIZATION = """
SELECT r.id::text, r.kind, r.on_date, r.system, r.reference, e.code, e.sequence, e.event_id, e.type
FROM reorganization r, jsonb_to_recordset(r.events)
    AS e (code text, sequence int, event_id text, type text)
WHERE {}
"""


async def find_reorganization(conn: Connection, cause: str) -> Reorganized | None:
    """The reorganization of a cause (a UUID), None when there is none."""
    return await _find(conn, "r.id = $1::uuid", cause)


async def _find(conn: Connection, condition: str, *values: str) -> Reorganized | None:
    rows = await conn.fetch(_REORGANIZATION.format(condition), *values)
    if not rows:
        return None
    one = rows[0]
    events = tuple(Caused(row[5], row[6], row[7], row[8]) for row in rows)
    return Reorganized(one[0], one[1], one[2], one[3], one[4], events)
