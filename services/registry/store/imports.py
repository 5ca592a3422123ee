"""Statements over imported files: their pieces, their progress, what became of their rows."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.plumbing.postgres import Connection, Record

# Only one process works on imports. ("regi")
_WORKER = 0x7265_6769
_UPLOADS = 0x7265_6775


@dataclass(frozen=True)
class Import:
    """One imported file. `counts` is {result: rows}; `failure` is {code, vi, en} or None."""

    id: str
    principal: str
    system: str
    idempotency_key: str | None
    format: str
    options: Mapping[str, Any]
    dry_run: bool
    state: str
    octets: int
    digest: bytes | None
    encoding: str | None
    headings: list[str] | None
    delimiter: str | None
    ignored: list[str]
    row_done: int
    octets_done: int
    counts: Mapping[str, int]
    failure: Mapping[str, str] | None
    received_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    # When its rows were removed.
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row; `cells` only of a refused one."""

    row: int
    code: str | None
    result: str
    sequence: int | None = None
    reference: str | None = None
    vi: str | None = None
    en: str | None = None
    cells: Any = None


_IMPORT = (
    "id::text, principal, system, idempotency_key, format, options, dry_run, state, octets, "
    "digest, encoding, headings, delimiter, ignored, row_done, octets_done, counts, failure, "
    "received_at, started_at, ended_at, removed_at"
)


def _import(row: Record) -> Import:
    return Import(*row)


async def begin(
    conn: Connection,
    *,
    import_id: str,
    principal: str,
    system: str,
    file_format: str,
    options: Mapping[str, Any],
    dry_run: bool,
    now: datetime,
) -> None:
    """Note that a file is coming."""
    await conn.execute(
        "INSERT INTO import (id, principal, system, format, options, dry_run, state, received_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, 'receiving', $7)",
        import_id,
        principal,
        system,
        file_format,
        dict(options),
        dry_run,
        now,
    )


async def add_piece(conn: Connection, import_id: str, number: int, octets: bytes) -> None:
    """Keep a piece of a file."""
    await conn.execute(
        "INSERT INTO import_piece (import_id, number, octets) VALUES ($1, $2, $3)",
        import_id,
        number,
        octets,
    )


async def lock_uploads(conn: Connection) -> None:
    """Let one upload after another look whether it is known, until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _UPLOADS)


async def find_same(conn: Connection, import_id: str, digest: bytes) -> Import | None:
    """The latest import of the same octets under the same options; failed ones do not count."""
    row = await conn.fetchrow(
        f"SELECT {_IMPORT} FROM import o WHERE digest = $2 AND id <> $1 "
        "AND state IN ('queued', 'running', 'done') "
        "AND (system, format, options, dry_run) = "
        "(SELECT n.system, n.format, n.options, n.dry_run FROM import n WHERE n.id = $1) "
        "ORDER BY received_at DESC LIMIT 1",
        import_id,
        digest,
    )
    return None if row is None else _import(row)


async def find_by_key(conn: Connection, principal: str, key: str) -> Import | None:
    """The import that came under an Idempotency-Key."""
    row = await conn.fetchrow(
        f"SELECT {_IMPORT} FROM import WHERE principal = $1 AND idempotency_key = $2",
        principal,
        key,
    )
    return None if row is None else _import(row)


async def received(
    conn: Connection,
    import_id: str,
    *,
    octets: int,
    digest: bytes,
    encoding: str | None,
    key: str | None,
) -> None:
    """Note that a file has come whole: it waits for the worker."""
    await conn.execute(
        "UPDATE import SET state = 'queued', octets = $2, digest = $3, encoding = $4, "
        "idempotency_key = $5 WHERE id = $1",
        import_id,
        octets,
        digest,
        encoding,
        key,
    )


async def delete(conn: Connection, import_id: str) -> None:
    """Forget a file that is not worked on."""
    await conn.execute("DELETE FROM import WHERE id = $1", import_id)


async def forget_torn(conn: Connection, before: datetime) -> int:
    """Forget files whose sending began before a moment and never ended; how many."""
    done = await conn.execute(
        "DELETE FROM import WHERE state = 'receiving' AND received_at < $1", before
    )
    return int(done.split()[-1])


async def find(conn: Connection, import_id: str) -> Import | None:
    """An import by its id."""
    row = await conn.fetchrow(f"SELECT {_IMPORT} FROM import WHERE id = $1", import_id)
    return None if row is None else _import(row)


async def count_unfinished(conn: Connection) -> int:
    """Files that come, wait or are worked on."""
    return int(
        await conn.fetchval(
            "SELECT count(*) FROM import WHERE state IN ('receiving', 'queued', 'running')"
        )
    )


async def next_to_do(conn: Connection) -> Import | None:
    """The file to work on: the one that was begun, else the oldest."""
    row = await conn.fetchrow(
        f"SELECT {_IMPORT} FROM import WHERE state IN ('running', 'queued') "
        "ORDER BY state = 'queued', received_at, id LIMIT 1"
    )
    return None if row is None else _import(row)


async def take_worker_lock(conn: Connection) -> bool:
    """Become the worker as long as this connection lives; False when another one is."""
    return bool(await conn.fetchval("SELECT pg_try_advisory_lock($1)", _WORKER))


async def leave_worker_lock(conn: Connection) -> None:
    """Be the worker no longer."""
    await conn.execute("SELECT pg_advisory_unlock($1)", _WORKER)


async def work_waits(conn: Connection) -> bool:
    """Whether a file waits and nobody works. In a transaction."""
    waits = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM import WHERE state IN ('queued', 'running'))"
    )
    return bool(waits) and bool(
        await conn.fetchval("SELECT pg_try_advisory_xact_lock($1)", _WORKER)
    )


async def start(conn: Connection, import_id: str, now: datetime) -> int:
    """Note that it is worked on; how often that was since its last slice was done."""
    attempts = await conn.fetchval(
        "UPDATE import SET state = 'running', started_at = coalesce(started_at, $2), "
        "attempts = attempts + 1 WHERE id = $1 AND state IN ('queued', 'running') "
        "RETURNING attempts",
        import_id,
        now,
    )
    return int(attempts or 0)


async def describe(
    conn: Connection,
    import_id: str,
    *,
    headings: Sequence[str] | None,
    delimiter: str | None,
    ignored: Sequence[str],
) -> None:
    """Note how the file is laid out."""
    await conn.execute(
        "UPDATE import SET headings = $2, delimiter = $3, ignored = $4 WHERE id = $1",
        import_id,
        None if headings is None else list(headings),
        delimiter,
        list(ignored),
    )


async def pieces(conn: Connection, import_id: str) -> AsyncIterator[bytes]:
    """The file, piece by piece."""
    number = 0
    while True:
        octets = await conn.fetchval(
            "SELECT octets FROM import_piece WHERE import_id = $1 AND number = $2",
            import_id,
            number,
        )
        if octets is None:
            return
        yield bytes(octets)
        number += 1


async def advance(
    conn: Connection,
    import_id: str,
    *,
    before: int,
    after: int,
    octets: int,
    counts: Mapping[str, int],
) -> bool:
    """Move the cursor from row `before` to row `after`; False when somebody else moved it.

    The fence of the worker, in the transaction of what it did; `counts` are the totals then.
    """
    done = await conn.execute(
        "UPDATE import SET row_done = $3, octets_done = $4, counts = $5, attempts = 0 "
        "WHERE id = $1 AND row_done = $2 AND state = 'running'",
        import_id,
        before,
        after,
        octets,
        dict(counts),
    )
    return done == "UPDATE 1"


async def lock_running(conn: Connection, import_id: str) -> Mapping[str, int] | None:
    """Hold an import until the transaction ends; its counts, None when it has ended."""
    counts: Mapping[str, int] | None = await conn.fetchval(
        "SELECT counts FROM import WHERE id = $1 AND state = 'running' FOR UPDATE", import_id
    )
    return counts


async def set_counts(conn: Connection, import_id: str, counts: Mapping[str, int]) -> None:
    """Write the totals of an import that is held; the worker is at it."""
    await conn.execute(
        "UPDATE import SET counts = $2, attempts = 0 WHERE id = $1", import_id, dict(counts)
    )


async def end(
    conn: Connection,
    import_id: str,
    state: str,
    now: datetime,
    failure: Mapping[str, str] | None = None,
) -> bool:
    """Note the end of the work and let the file go; False when it had ended already."""
    done = await conn.execute(
        "UPDATE import SET state = $2, ended_at = $3, failure = $4, "
        "octets_done = CASE WHEN $2 = 'done' THEN octets ELSE octets_done END "
        "WHERE id = $1 AND state IN ('queued', 'running')",
        import_id,
        state,
        now,
        None if failure is None else dict(failure),
    )
    await conn.execute("DELETE FROM import_piece WHERE import_id = $1", import_id)
    await conn.execute("DELETE FROM import_family WHERE import_id = $1", import_id)
    return done == "UPDATE 1"


async def next_to_remove(conn: Connection, before: datetime) -> str | None:
    """The import that ended first, and before a moment, of those that still have their rows."""
    found: str | None = await conn.fetchval(
        "SELECT id::text FROM import WHERE removed_at IS NULL AND ended_at < $1 "
        "ORDER BY ended_at, id LIMIT 1",
        before,
    )
    return found


async def remove_rows(conn: Connection, import_id: str, limit: int) -> int:
    """Remove rows of an import that has ended, at most so many; how many there were."""
    done = await conn.execute(
        "DELETE FROM import_row WHERE import_id = $1 AND row IN ("
        "SELECT row FROM import_row WHERE import_id = $1 ORDER BY row LIMIT $2)",
        import_id,
        limit,
    )
    return int(done.split()[-1])


async def note_removed(conn: Connection, import_id: str, now: datetime) -> None:
    """Note that the rows of an import are gone; its headings go with them."""
    await conn.execute(
        "UPDATE import SET removed_at = $2, headings = NULL, ignored = '{}' WHERE id = $1",
        import_id,
        now,
    )


async def count_results(conn: Connection) -> list[tuple[str, int]]:
    """Rows of (state of an import, number of imports)."""
    rows = await conn.fetch("SELECT state, count(*) FROM import GROUP BY state")
    return [(row[0], row[1]) for row in rows]
