"""Reading sums: what the figures are made of."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from services.analytics.domain.cells import (
    DAYS,
    DUE,
    ENTITY_DIMS,
    MONTHLY_TOTAL,
    TOTAL,
    Sum,
    flow_measure,
    stock_measure,
)
from services.analytics.domain.columns import Line
from services.analytics.domain.petition_figures import Place, Step
from services.analytics.domain.petition_fold import PetitionLine
from shared.contracts.petitions import PetitionEntry
from shared.plumbing.postgres import Connection


async def totals(conn: Connection, g: str, as_of: date) -> dict[str, Sum]:
    """Return {measure: sum}: stocks up to the date, flows from 1 January of its year."""
    month, year = as_of.replace(day=1), as_of.replace(month=1, day=1)
    rows = await conn.fetch(
        f"""SELECT measure, sum(n)::bigint AS n, sum(amount)::text AS amount FROM (
                SELECT measure, n, amount FROM {g}.cell
                WHERE dim = $1 AND period < $2 AND (period >= $3 OR measure NOT LIKE '%:%')
                UNION ALL
                SELECT measure, n, amount FROM {g}.cell
                WHERE dim = $4 AND period >= $2 AND period <= $5
            ) AS found GROUP BY measure""",
        *(MONTHLY_TOTAL, month, year, TOTAL, as_of),
    )
    return {row["measure"]: Sum(row["n"], int(row["amount"])) for row in rows}


async def breakdown(conn: Connection, g: str, dim: str, as_of: date) -> dict[tuple[str, str], Sum]:
    """Return {(measure, key): sum} of the months that ended before the date's own month."""
    month, year = as_of.replace(day=1), as_of.replace(month=1, day=1)
    rows = await conn.fetch(
        f"""SELECT measure, key, sum(n)::bigint AS n, sum(amount)::text AS amount
            FROM {g}.cell
            WHERE dim = $1 AND period < $2 AND (period >= $3 OR measure NOT LIKE '%:%')
            GROUP BY measure, key""",
        *(dim, month, year),
    )
    return {(row["measure"], row["key"]): Sum(row["n"], int(row["amount"])) for row in rows}


async def lines_of_month(
    conn: Connection, g: str, dim: str, as_of: date
) -> list[Line] | list[PetitionLine]:
    """Return the ledger lines from the first of the date's month up to the date."""
    first = as_of.replace(day=1)
    if dim in ENTITY_DIMS:
        rows = await conn.fetch(
            f"""SELECT sign, number, fact, detail, on_date, before_key, before_vnd,
                       after_key, after_vnd
                FROM {g}.entity_fact WHERE on_date BETWEEN $1 AND $2""",
            *(first, as_of),
        )
        return [Line(*row) for row in rows]
    found = await conn.fetch(
        f"SELECT sign, entry::text FROM {g}.petition_fact WHERE on_date BETWEEN $1 AND $2",
        *(first, as_of),
    )
    return [
        PetitionLine(row["sign"], PetitionEntry.model_validate_json(row["entry"])) for row in found
    ]


_PLACE = "split_part(key, '|', 2), split_part(key, '|', 3), split_part(key, '|', 4)"


async def overdue(conn: Connection, g: str, as_of: date) -> dict[Place, int]:
    """Return the petitions that wait for an answer after their due date, by place."""
    rows = await conn.fetch(
        f"""SELECT {_PLACE}, sum(n)::bigint AS n FROM {g}.cell
            WHERE dim = $1 AND measure = $2 AND period <= $3
              AND split_part(key, '|', 1)::date < $3
            GROUP BY 1, 2, 3 HAVING sum(n) <> 0""",
        *(DUE, stock_measure("petition", "due"), as_of),
    )
    return {Place(*row[:3]): row["n"] for row in rows}


async def days_to_resolve(conn: Connection, g: str, as_of: date) -> dict[Place, dict[int, int]]:
    """Return {place: {working days: settlements}} of the date's year up to the date."""
    rows = await conn.fetch(
        f"""SELECT {_PLACE}, split_part(key, '|', 1)::int AS days, sum(n)::bigint AS n
            FROM {g}.cell
            WHERE dim = $1 AND measure = $2 AND period BETWEEN $3 AND $4
            GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0""",
        *(DAYS, flow_measure("petition", "resolved"), as_of.replace(month=1, day=1), as_of),
    )
    found: dict[Place, dict[int, int]] = {}
    for row in rows:
        found.setdefault(Place(*row[:3]), {})[row["days"]] = row["n"]
    return found


async def first_filing(conn: Connection, g: str) -> date | None:
    """Return the legal date of the first petition that is known."""
    found: date | None = await conn.fetchval(
        f"""SELECT period FROM {g}.cell WHERE dim = $1 AND measure = $2
            GROUP BY period HAVING sum(n) > 0 ORDER BY period LIMIT 1""",
        *(TOTAL, flow_measure("petition", "filed")),
    )
    return found


async def lives_with_transfers(conn: Connection, g: str, as_of: date) -> list[list[Step]]:
    """Return the entries that stand of each petition that was transferred more than once.

    An agency leads a petition again only after a second transfer.
    """
    rows = await conn.fetch(
        f"""SELECT subject, on_date, (entry -> 'entry')::int AS number, entry ->> 'fact' AS fact,
                   entry -> 'before' ->> 'agency' AS before, entry -> 'after' ->> 'field' AS field,
                   coalesce(entry -> 'after' ->> 'agency', '-') AS agency,
                   entry -> 'after' ->> 'petitioner_kind' AS petitioner
            FROM {g}.petition_fact
            WHERE on_date <= $1 AND entry -> 'after' <> 'null' AND subject IN (
                SELECT subject FROM {g}.petition_fact
                WHERE entry ->> 'fact' = 'PetitionTransferred' AND on_date <= $1
                GROUP BY subject HAVING sum(sign) > 1)
            GROUP BY subject, on_date, entry HAVING sum(sign) > 0""",
        as_of,
    )
    lives: dict[str, list[Step]] = {}
    for subject, on, number, fact, before, *place in rows:
        lives.setdefault(subject, []).append(Step(on, number, fact, before, Place(*place)))
    return list(lives.values())


async def open_petitions(
    conn: Connection, g: str, words: Sequence[str]
) -> list[tuple[str, str, int]]:
    """Return (field, agency, open petitions) as they stand now."""
    rows = await conn.fetch(
        f"""SELECT field, agency, sum(sign)::bigint AS n FROM (
                SELECT entry -> 'after' ->> 'field' AS field,
                       coalesce(entry -> 'after' ->> 'agency', '-') AS agency, sign
                FROM {g}.petition_fact WHERE entry -> 'after' ->> 'status' = ANY ($1)
                UNION ALL
                SELECT entry -> 'before' ->> 'field', coalesce(entry -> 'before' ->> 'agency', '-'),
                       -sign
                FROM {g}.petition_fact WHERE entry -> 'before' ->> 'status' = ANY ($1)
            ) AS moves GROUP BY 1, 2 HAVING sum(sign) <> 0""",
        list(words),
    )
    return [(row["field"], row["agency"], row["n"]) for row in rows]


class Standing(NamedTuple):
    """How a partition stands: counts of records, the newest event, the last commit."""

    topic: str
    partition: int
    next: int
    applied: int
    repeated: int
    parked: int
    newest: datetime | None
    committed_at: datetime | None


async def standing(conn: Connection, g: str) -> list[Standing]:
    """Return how each partition stands."""
    rows = await conn.fetch(
        f"""SELECT topic, partition, next, applied, repeated, parked_count, newest, committed_at
            FROM {g}.consumed ORDER BY topic, partition"""
    )
    return [Standing(*row) for row in rows]


async def dead_letters(conn: Connection) -> dict[str, int]:
    """Return {code: records parked and not resolved}."""
    rows = await conn.fetch(
        "SELECT code, count(*) AS n FROM dead_letter WHERE resolved_at IS NULL GROUP BY code"
    )
    return {row["code"]: row["n"] for row in rows}
