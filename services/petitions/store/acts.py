"""Statements of a transaction that does many acts: one for all of them, whatever their number.

Whoever begins with `open_desk` gets plans that go by the indexes, also while the tables are small
and nobody has counted their rows: a plan that was made then is kept as they grow.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

import asyncpg
import orjson

from services.petitions.domain.petition import Petition
from services.petitions.domain.private import Petitioner, Private
from services.petitions.domain.similar import BANDS, HASHES, Likeness
from services.petitions.domain.workings import to_bytes
from services.petitions.store.petitions import COLUMNS, PrivateRefused, petition_of
from shared.plumbing.postgres import UNAVAILABLE, Connection


@dataclass(frozen=True, slots=True)
class Held:
    """A petition as it stands, and the code by which its petitioner follows it."""

    petition: Petition
    tracking_code: str


@dataclass(frozen=True, slots=True)
class NewPetition:
    """What is written of a petition that is filed; `line` is JSON, the first of its ledger."""

    petition: Petition
    private: Private
    likeness: Likeness
    line: bytes
    tracking_code: str


@dataclass(frozen=True, slots=True)
class Changed:
    """What is written of a petition after acts; `lines` are JSON, added to its ledger in order.

    `restated`: they are the whole ledger, as it stands after a correction.
    """

    petition: Petition
    lines: Sequence[bytes]
    restated: bool = False


async def open_desk(conn: Connection) -> int:
    """Begin: return the version of the rules that stand in the database."""
    return int(
        await conn.fetchval(
            "SELECT version FROM rulebook, set_config('enable_seqscan', 'off', true)"
        )
    )


_LOOK: Final = f"SELECT {COLUMNS}, tracking_code FROM petition WHERE id = ANY($1::text[])"
HOLD: Final = f"{_LOOK} ORDER BY id FOR UPDATE"
HOLD_FREE: Final = f"{_LOOK} FOR UPDATE SKIP LOCKED"


async def hold(conn: Connection, ids: Collection[str], *, wait: bool) -> dict[str, Held]:
    """Load petitions and keep others from changing them until the transaction ends.

    Without `wait` those in other hands are left out; who waits for several waits in one order.
    """
    rows = await conn.fetch(HOLD if wait else HOLD_FREE, list(ids))
    return {row["id"]: Held(petition_of(row), row["tracking_code"]) for row in rows}


async def look(conn: Connection, ids: Collection[str]) -> dict[str, Held]:
    """Load petitions as they stand."""
    rows = await conn.fetch(_LOOK, list(ids))
    return {row["id"]: Held(petition_of(row), row["tracking_code"]) for row in rows}


async def load_persons(conn: Connection, ids: Collection[str]) -> dict[str, Petitioner]:
    """Load the persons behind petitions; one who was erased is not among them."""
    rows = await conn.fetch(
        "SELECT petition_id, petitioner FROM petition_private WHERE petition_id = ANY($1::text[])",
        list(ids),
    )
    return {row["petition_id"]: Petitioner(**row["petitioner"]) for row in rows}


async def take_numbers(conn: Connection, count: int) -> list[int]:
    """Return so many numbers that no petition has."""
    rows = await conn.fetch(
        "SELECT nextval('petition_number') AS n FROM generate_series(1, $1::int)", count
    )
    return [row["n"] for row in rows]


# The candidates of each text by itself, so that one that many have sent does not crowd the others
# out. Those filed first come first: it is they that a duplicate is linked to.
ALIKE: Final = f"""
SELECT t.n, found.petition_id, found.signature
FROM generate_series(0, $2::int - 1) AS t (n) CROSS JOIN LATERAL (
    SELECT petition_id, signature FROM petition_likeness
    WHERE bands && ($1::int[])[t.n * {BANDS} + 1 : (t.n + 1) * {BANDS}] LIMIT $3
) found
"""


async def find_alike(
    conn: Connection, texts: Sequence[Likeness], limit: int
) -> list[list[tuple[str, list[int]]]]:
    """Return for each text (id, signature) of petitions that share a band, at most `limit`."""
    bands = [band for text in texts for band in text.bands]
    rows = await conn.fetch(ALIKE, bands, len(texts), limit)
    found: list[list[tuple[str, list[int]]]] = [[] for _ in texts]
    for row in rows:
        found[row["n"]].append((row["petition_id"], row["signature"]))
    return found


_INSERT: Final = f"""
WITH filed AS (
    SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::text[], $5::text[], $6::text[],
                         $7::text[], $8::text[], $9::text[])
        WITH ORDINALITY AS n (id, last_on, state, line, tracking_code, workings, title, text,
                              petitioner, place)
), written AS (
    INSERT INTO petition (id, version, entries, last_on, state, ledger, tracking_code, filed_at,
                          changed_at, workings)
    SELECT id, 1, 1, last_on, state::jsonb, jsonb_build_array(line::jsonb), tracking_code, $12, $12,
           workings::jsonb
    FROM filed
), kept AS (
    INSERT INTO petition_private (petition_id, title, text, petitioner)
    SELECT id, title, text, petitioner::jsonb FROM filed
)
INSERT INTO petition_likeness (petition_id, field, signature, bands)
SELECT id, state::jsonb ->> 'field',
       ($10::int[])[(place - 1) * {HASHES} + 1 : place * {HASHES}],
       ($11::int[])[(place - 1) * {BANDS} + 1 : place * {BANDS}]
FROM filed
"""


async def insert_all(conn: Connection, new: Sequence[NewPetition], at: datetime) -> None:
    """Write new petitions, what is private of them, and what their texts are recognised by.

    Raises PrivateRefused.
    """
    arguments = (
        [one.petition.id for one in new],
        [one.petition.last_on for one in new],
        [one.petition.state.model_dump_json() for one in new],
        [one.line.decode() for one in new],
        [one.tracking_code for one in new],
        [to_bytes(one.petition.workings).decode() for one in new],
        [one.private.title for one in new],
        [one.private.text for one in new],
        [orjson.dumps(asdict(one.private.petitioner)).decode() for one in new],
        [number for one in new for number in one.likeness.signature],
        [band for one in new for band in one.likeness.bands],
    )
    # The server quotes a row that it refuses, and a traceback would carry the quotation into the
    # log: what is raised instead knows the kind of error and nothing of the row.
    try:
        await conn.execute(_INSERT, *arguments, at)
        return
    except UNAVAILABLE:
        raise
    except asyncpg.PostgresError as error:
        kind = type(error).__name__
    raise PrivateRefused(f"{len(new)} petitions: {kind}")


UPDATE: Final = """
UPDATE petition p SET version = n.version, entries = n.entries, last_on = n.last_on,
    state = n.state::jsonb, workings = n.workings::jsonb, changed_at = $8,
    ledger = CASE WHEN n.restated THEN n.lines::jsonb ELSE p.ledger || n.lines::jsonb END
FROM unnest($1::text[], $2::int[], $3::int[], $4::date[], $5::text[], $6::text[], $7::text[],
            $9::bool[])
    AS n (id, version, entries, last_on, state, workings, lines, restated)
WHERE p.id = n.id
"""


async def save_all(conn: Connection, changed: Sequence[Changed], at: datetime) -> None:
    """Write petitions as they stand after their acts. The caller holds their locks."""
    await conn.execute(
        UPDATE,
        [one.petition.id for one in changed],
        [one.petition.version for one in changed],
        [one.petition.entries for one in changed],
        [one.petition.last_on for one in changed],
        [one.petition.state.model_dump_json() for one in changed],
        [to_bytes(one.petition.workings).decode() for one in changed],
        [f"[{b','.join(one.lines).decode()}]" for one in changed],
        at,
        [one.restated for one in changed],
    )
