"""Reading the ledgers whole: for verification and the trailing sequence check."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from services.analytics.domain.columns import Line
from services.analytics.domain.petition_fold import PetitionLine
from services.analytics.domain.sequences import Gap
from services.analytics.store.batches import schema
from shared.contracts.petitions import PetitionEntry
from shared.plumbing.postgres import Connection

CHUNK = 20_000
_TRAIL_LOCK = 4_242


async def entity_chunks(conn: Connection, number: int) -> AsyncIterator[list[Line]]:
    """Yield all lines of the entities' ledger, in chunks; needs a transaction."""
    cursor = await conn.cursor(
        f"""SELECT sign, number, fact, detail, on_date, before_key, before_vnd, after_key, after_vnd
            FROM {schema(number)}.entity_fact"""
    )
    while rows := await cursor.fetch(CHUNK):
        yield [Line(*row) for row in rows]


async def petition_chunks(conn: Connection, number: int) -> AsyncIterator[list[PetitionLine]]:
    """Yield all lines of the petitions' ledger, in chunks; needs a transaction."""
    cursor = await conn.cursor(
        f"SELECT sign, entry::text AS entry FROM {schema(number)}.petition_fact"
    )
    while rows := await cursor.fetch(CHUNK):
        yield [
            PetitionLine(row["sign"], PetitionEntry.model_validate_json(row["entry"]))
            for row in rows
        ]


class LedgerCount(NamedTuple):
    """Events of a partition in the ledger, and its highest position."""

    src: int
    events: int
    last: int


async def events_by_partition(conn: Connection, number: int) -> dict[int, LedgerCount]:
    """Count the events of each partition in the ledgers, each position once."""
    g = schema(number)
    rows = await conn.fetch(
        f"""SELECT src, count(DISTINCT position) AS events, max(position) AS last
            FROM (SELECT src, position FROM {g}.entity_fact
                  UNION ALL SELECT src, position FROM {g}.petition_fact) AS lines
            GROUP BY src"""
    )
    return {row["src"]: LedgerCount(*row) for row in rows}


async def sequence_misfits(conn: Connection, number: int, limit: int = 20) -> list[str]:
    """Return subjects whose events are not 1, 2, 3 ... each exactly once."""
    g = schema(number)
    rows = await conn.fetch(
        f"""SELECT subject, max(sequence) AS last, count(DISTINCT sequence) AS n,
                   count(DISTINCT position) AS places
            FROM (SELECT subject, sequence, position FROM {g}.entity_fact
                  UNION ALL SELECT subject, sequence, position FROM {g}.petition_fact) AS lines
            GROUP BY subject
            HAVING max(sequence) <> count(DISTINCT sequence)
                OR count(DISTINCT position) <> count(DISTINCT sequence)
            LIMIT $1""",
        limit,
    )
    return [
        f"{row['subject']}: {row['n']} sequences up to {row['last']}, at {row['places']} positions"
        for row in rows
    ]


class Seen(NamedTuple):
    """An event in the ledger, as the sequence check sees it."""

    position: int
    subject: str
    sequence: int


async def claim_trail(conn: Connection, src: int) -> bool:
    """Take the check of a partition for this transaction; False when another replica has it."""
    return bool(await conn.fetchval("SELECT pg_try_advisory_xact_lock($1, $2)", _TRAIL_LOCK, src))


async def fresh_events(conn: Connection, g: str, src: int, limit: int) -> list[Seen]:
    """Return a partition's events that the sequence check has not seen, by position.

    Positions grow within a partition and are committed in order, so what lies above the trail is
    all that is new.
    """
    rows = await conn.fetch(
        f"""WITH t AS (SELECT coalesce(max(position), 0) AS at FROM {g}.sequence_trail
                       WHERE src = $1)
            SELECT DISTINCT position, subject, sequence FROM (
                SELECT position, subject, sequence FROM {g}.entity_fact, t
                WHERE src = $1 AND position > t.at
                UNION ALL
                SELECT position, subject, sequence FROM {g}.petition_fact, t
                WHERE src = $1 AND position > t.at
            ) AS lines ORDER BY position LIMIT $2""",
        *(src, limit),
    )
    return [Seen(*row) for row in rows]


async def known_sequences(conn: Connection, g: str, subjects: list[str]) -> dict[str, int]:
    """Return the last sequence seen of each subject."""
    rows = await conn.fetch(
        f"SELECT subject, sequence FROM {g}.subject_sequence WHERE subject = ANY ($1)", subjects
    )
    return {row["subject"]: row["sequence"] for row in rows}


async def save_trail(
    conn: Connection, g: str, src: int, position: int, known: dict[str, int], gaps: list[Gap]
) -> None:
    """Remember how far the check has come, and what it found."""
    await conn.execute(
        f"""INSERT INTO {g}.subject_sequence AS s (subject, sequence)
            SELECT * FROM unnest($1::text[], $2::int[])
            ON CONFLICT (subject)
            DO UPDATE SET sequence = greatest(s.sequence, excluded.sequence)""",
        *(list(known), list(known.values())),
    )
    await conn.executemany(
        f"""INSERT INTO {g}.sequence_gap (subject, expected, found) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING""",
        gaps,
    )
    await conn.execute(
        f"""INSERT INTO {g}.sequence_trail AS t (src, position) VALUES ($1, $2)
            ON CONFLICT (src) DO UPDATE SET position = greatest(t.position, excluded.position)""",
        *(src, position),
    )


async def close_gap(conn: Connection, g: str, subject: str, sequence: int) -> None:
    """Forget a gap whose event was applied after all."""
    await conn.execute(
        f"DELETE FROM {g}.sequence_gap WHERE subject = $1 AND expected <= $2 AND found > $2",
        *(subject, sequence),
    )


async def gaps(conn: Connection, g: str) -> int:
    """Count the gaps that stand."""
    return int(await conn.fetchval(f"SELECT count(*) FROM {g}.sequence_gap"))
