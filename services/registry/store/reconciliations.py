"""Statements that hold the other side's figures against the register, and keep what they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shared.plumbing.postgres import Connection

UNKNOWN = "unknown"
"""The kind of a code that the register does not have."""


@dataclass(frozen=True)
class Reconciliation:
    """One comparison: `basis` is totals or list, `position` where the log stood."""

    id: str
    made_at: datetime
    made_by: str
    source: str
    basis: str
    as_of: date
    position: int


@dataclass(frozen=True)
class Theirs:
    """What a list says of a code; None: nothing."""

    code: str
    status: str | None
    capital_vnd: int | None


@dataclass(frozen=True)
class Total:
    """What a source says of a kind, or of a status of it; capital in VND, None: nothing."""

    kind: str
    status: str | None
    count: int
    capital_vnd: int | None


@dataclass(frozen=True)
class Figure:
    """Both sides of one figure; status None: all open ones of the kind."""

    kind: str
    status: str | None
    our_count: int
    their_count: int
    our_capital_vnd: int
    their_capital_vnd: int | None


@dataclass(frozen=True)
class Difference:
    """A code on which both sides do not agree, and what each has."""

    code: str
    missing_here: bool
    missing_there: bool
    status_differs: bool
    capital_differs: bool
    our_status: str | None
    their_status: str | None
    our_capital_vnd: int | None
    their_capital_vnd: int | None


WHAT = ("missing_here", "missing_there", "status_differs", "capital_differs")
# Both sides are held together as they stood at the end of $1; $2 are the kinds that are compared.
_OURS = """
    SELECT code, kind, status, capital_vnd FROM entity
    WHERE since <= $1 AND kind = ANY($2::text[])
    UNION ALL SELECT code, kind, status, capital_vnd FROM entity_former
    WHERE since <= $1 AND until > $1 AND kind = ANY($2::text[])
"""
# Who ended is on the register for ever, and in the lists of few: only the open are counted.
_OPEN = "status NOT IN ('ended', 'reorganized')"


async def add(conn: Connection, one: Reconciliation) -> None:
    """Keep a reconciliation; its figures and differences follow."""
    await conn.execute(
        "INSERT INTO reconciliation (id, made_at, made_by, source, basis, as_of, position) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *(one.id, one.made_at, one.made_by, one.source, one.basis, one.as_of, one.position),
    )


async def open_list(conn: Connection) -> None:
    """Begin to take a list in: a table of this transaction."""
    await conn.execute(
        "CREATE TEMPORARY TABLE theirs (code text NOT NULL, status text, capital_vnd bigint) "
        "ON COMMIT DROP"
    )


async def take_list(conn: Connection, rows: Sequence[Theirs]) -> None:
    """Take more of the list in."""
    await conn.copy_records_to_table(
        "theirs",
        records=[(row.code, row.status, row.capital_vnd) for row in rows],
        columns=["code", "status", "capital_vnd"],
    )


async def find_twice(conn: Connection) -> str | None:
    """A code that the list has twice, None when it has none."""
    await conn.execute("ANALYZE theirs")
    found: str | None = await conn.fetchval(
        "SELECT code FROM theirs GROUP BY code HAVING count(*) > 1 ORDER BY code LIMIT 1"
    )
    return found


async def compare_list(conn: Connection, id_: str, as_of: date, kinds: Sequence[str]) -> None:
    """Keep the differences and the figures of the list that was taken in.

    What the list does not say of a code is taken as ours: it is no difference.
    """
    await conn.execute(
        f"""
        INSERT INTO reconciliation_difference
        SELECT $3, code, o.code IS NULL, t.code IS NULL,
            coalesce(o.status <> t.status, false), coalesce(o.capital_vnd <> t.capital_vnd, false),
            o.status, t.status, o.capital_vnd, t.capital_vnd
        FROM ({_OURS}) o FULL JOIN theirs t USING (code)
        WHERE o.code IS NULL OR (t.code IS NULL AND o.{_OPEN})
            OR o.status <> t.status OR o.capital_vnd <> t.capital_vnd
        """,
        *(as_of, list(kinds), id_),
    )
    await conn.execute(
        f"""
        WITH ours AS (SELECT kind, status, count(*) AS number, sum(capital_vnd) AS capital
                      FROM ({_OURS}) o WHERE {_OPEN} GROUP BY kind, status),
        said AS (SELECT coalesce(o.kind, '{UNKNOWN}') AS kind,
                     coalesce(t.status, o.status, 'active') AS status,
                     coalesce(t.capital_vnd, o.capital_vnd) AS capital_vnd
                 FROM theirs t LEFT JOIN ({_OURS}) o USING (code)),
        theirs AS (SELECT kind, status, count(*) AS number, sum(capital_vnd) AS capital
                   FROM said WHERE {_OPEN} GROUP BY kind, status)
        INSERT INTO reconciliation_figure
        SELECT $3, kind, status, coalesce(o.number, 0), coalesce(t.number, 0),
            coalesce(o.capital, 0), coalesce(t.capital, 0)
        FROM ours o FULL JOIN theirs t USING (kind, status)
        """,
        *(as_of, list(kinds), id_),
    )


async def compare_totals(conn: Connection, id_: str, as_of: date, totals: Sequence[Total]) -> None:
    """Keep both sides of the totals. A kind that comes by status is compared in every status."""
    await conn.execute(
        f"""
        WITH theirs AS (SELECT * FROM unnest($4::text[], $5::text[], $6::bigint[], $7::numeric[])
                        AS t (kind, status, number, capital)),
        ours AS (SELECT o.kind, CASE WHEN t.whole THEN NULL ELSE o.status END AS status,
                     count(*) AS number, sum(o.capital_vnd) AS capital
                 FROM ({_OURS}) o
                 JOIN (SELECT kind, bool_or(status IS NULL) AS whole FROM theirs GROUP BY kind) t
                     USING (kind)
                 WHERE {_OPEN} OR EXISTS (SELECT FROM theirs g
                     WHERE g.kind = o.kind AND g.status = o.status)
                 GROUP BY 1, 2)
        INSERT INTO reconciliation_figure
        SELECT $3, coalesce(o.kind, t.kind), coalesce(o.status, t.status), coalesce(o.number, 0),
            coalesce(t.number, 0), coalesce(o.capital, 0),
            CASE WHEN t.kind IS NULL THEN 0 ELSE t.capital END
        FROM ours o FULL JOIN theirs t
            ON o.kind = t.kind AND coalesce(o.status, '') = coalesce(t.status, '')
        """,
        as_of,
        sorted({total.kind for total in totals}),
        id_,
        [total.kind for total in totals],
        [total.status for total in totals],
        [total.count for total in totals],
        [total.capital_vnd for total in totals],
    )


_RECONCILIATION = "id::text, made_at, made_by, source, basis, as_of, position"


async def find(conn: Connection, id_: str) -> Reconciliation | None:
    """One reconciliation, None when there is none of this id."""
    row = await conn.fetchrow(f"SELECT {_RECONCILIATION} FROM reconciliation WHERE id = $1", id_)
    return None if row is None else Reconciliation(*row)


async def newest(conn: Connection, before: str | None, limit: int) -> list[Reconciliation]:
    """The newest reconciliations before the one of an id."""
    rows = await conn.fetch(
        f"SELECT {_RECONCILIATION} FROM reconciliation WHERE $1::uuid IS NULL OR id < $1::uuid "
        "ORDER BY id DESC LIMIT $2",
        before,
        limit,
    )
    return [Reconciliation(*row) for row in rows]


async def figures(conn: Connection, id_: str) -> list[Figure]:
    """The figures of a reconciliation by kind and status."""
    rows = await conn.fetch(
        "SELECT kind, status, our_count, their_count, our_capital_vnd, their_capital_vnd "
        "FROM reconciliation_figure WHERE reconciliation = $1 ORDER BY kind, status",
        id_,
    )
    return [
        Figure(r[0], r[1], r[2], r[3], int(r[4]), None if r[5] is None else int(r[5])) for r in rows
    ]


async def count_differences(conn: Connection, id_: str) -> dict[str, int]:
    """How many codes differ, by what differs; a code can differ in two ways."""
    counts = ", ".join(f"count(*) FILTER (WHERE {what})" for what in WHAT)
    row = await conn.fetchrow(
        f"SELECT {counts} FROM reconciliation_difference WHERE reconciliation = $1", id_
    )
    assert row is not None
    return dict(zip(WHAT, row, strict=True))


async def differences(
    conn: Connection, id_: str, what: str | None, after: str, limit: int
) -> list[Difference]:
    """The codes that differ (in `what`, one of WHAT), after a code."""
    condition = f" AND {what}" if what in WHAT else ""
    rows = await conn.fetch(
        "SELECT code, missing_here, missing_there, status_differs, capital_differs, our_status, "
        "their_status, our_capital_vnd, their_capital_vnd FROM reconciliation_difference "
        f"WHERE reconciliation = $1 AND code > $2{condition} ORDER BY code LIMIT $3",
        *(id_, after, limit),
    )
    return [Difference(*row) for row in rows]
