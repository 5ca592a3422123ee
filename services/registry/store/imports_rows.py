"""Statements over the rows of imported files: what became of each, and what waits."""

from collections.abc import Sequence
from typing import Any

from services.registry.store.imports import RowResult
from shared.plumbing.postgres import Connection

WAITS = "waiting_for_parent"
"""The result of a row that waits until the whole file is read."""


async def save_rows(conn: Connection, import_id: str, rows: Sequence[RowResult]) -> None:
    """Write what became of rows."""
    good = [r for r in rows if r.cells is None and r.vi is None]
    await conn.copy_records_to_table(
        "import_row",
        records=[(import_id, r.row, r.code, r.result, r.sequence, r.reference) for r in good],
        columns=["import_id", "row", "code", "result", "sequence", "reference"],
    )
    bad = [r for r in rows if r.cells is not None or r.vi is not None]
    if bad:
        await conn.executemany(
            "INSERT INTO import_row (import_id, row, code, result, sequence, reference, "
            "reason_vi, reason_en, cells) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                (import_id, r.row, r.code, r.result, r.sequence, r.reference, r.vi, r.en, r.cells)
                for r in bad
            ],
        )


_ROW = "row, code, result, sequence, reference, reason_vi, reason_en"


async def load_rows(
    conn: Connection, import_id: str, *, after: int, limit: int, result: str | None
) -> list[RowResult]:
    """What became of the rows after one, of one result or of all, without their cells."""
    rows = await conn.fetch(
        f"SELECT {_ROW} FROM import_row WHERE import_id = $1 AND row > $2 "
        "AND ($4::text IS NULL OR result = $4) ORDER BY row LIMIT $3",
        import_id,
        after,
        limit,
        result,
    )
    return [RowResult(*row) for row in rows]


async def load_refused(
    conn: Connection, import_id: str, *, after: int, limit: int
) -> list[RowResult]:
    """Refused rows after one, with their cells."""
    rows = await conn.fetch(
        f"SELECT {_ROW}, cells FROM import_row WHERE import_id = $1 AND row > $2 "
        "AND result NOT IN ('recorded', 'repeated') ORDER BY row LIMIT $3",
        import_id,
        after,
        limit,
    )
    return [RowResult(*row) for row in rows]


async def add_families(conn: Connection, import_id: str, roots: Sequence[str]) -> None:
    """Remember families that a dry run would have touched."""
    await conn.execute(
        "INSERT INTO import_family (import_id, root) "
        "SELECT $1, r FROM unnest($2::text[]) AS r ON CONFLICT DO NOTHING",
        import_id,
        list(roots),
    )


async def known_families(conn: Connection, import_id: str, roots: Sequence[str]) -> set[str]:
    """Which of these families a dry run would have touched before."""
    rows = await conn.fetch(
        "SELECT root FROM import_family WHERE import_id = $1 AND root = ANY($2::text[])",
        import_id,
        list(roots),
    )
    return {row[0] for row in rows}


async def waiting_codes(conn: Connection, import_id: str, codes: Sequence[str]) -> set[str]:
    """Which of these codes have a row that waits."""
    rows = await conn.fetch(
        "SELECT DISTINCT code FROM import_row WHERE import_id = $1 AND result = $2 "
        "AND code = ANY($3::text[])",
        import_id,
        WAITS,
        list(codes),
    )
    return {row[0] for row in rows}


async def load_waiting(conn: Connection, import_id: str, limit: int) -> list[tuple[int, Any]]:
    """The first rows that wait: (row, its cells)."""
    rows = await conn.fetch(
        "SELECT row, cells FROM import_row WHERE import_id = $1 AND result = $2 "
        "ORDER BY row LIMIT $3",
        import_id,
        WAITS,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def replace_rows(conn: Connection, import_id: str, rows: Sequence[RowResult]) -> None:
    """Write what became of rows that waited."""
    await conn.executemany(
        "UPDATE import_row SET result = $3, sequence = $4, reference = $5, reason_vi = $6, "
        "reason_en = $7, cells = $8 WHERE import_id = $1 AND row = $2",
        [(import_id, r.row, r.result, r.sequence, r.reference, r.vi, r.en, r.cells) for r in rows],
    )
