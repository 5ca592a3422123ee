"""Statements over records that were refused and records that wait for their parent."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.postgres import Connection, Record


@dataclass(frozen=True)
class RejectedRecord:
    """A refused record, whole, with why; `reference` is the sender's, where it could be read."""

    record: RawRecord
    code: str
    vi: str
    en: str
    reference: str | None


@dataclass(frozen=True)
class WaitingRecord:
    """A record that came before its parent, and what was read from it. `id` 0: not stored yet."""

    id: int
    root: str
    code: str
    system: str
    reported: str
    traceparent: str | None
    record: RawRecord


_RECORD = 'topic, partition, "offset", key, value, header_names, header_values, timestamp_ms'


def _columns(record: RawRecord) -> tuple[object, ...]:
    return (
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        [name.encode("utf-8", "surrogatepass") for name, _ in record.headers],
        [value for _, value in record.headers],
        record.timestamp_ms,
    )


def _record(row: Record) -> RawRecord:
    names = [name.decode("utf-8", "surrogatepass") for name in row["header_names"]]
    return RawRecord(
        row["topic"],
        row["partition"],
        row["offset"],
        row["key"],
        row["value"],
        tuple(zip(names, row["header_values"], strict=True)),
        row["timestamp_ms"],
    )


async def save_rejected(
    conn: Connection, rejected: Sequence[RejectedRecord], now: datetime
) -> None:
    """Park refused records, in their order."""
    if rejected:
        await conn.executemany(
            f"INSERT INTO rejected ({_RECORD}, code, reason_vi, reason_en, reference, recorded_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            [(*_columns(r.record), r.code, r.vi, r.en, r.reference, now) for r in rejected],
        )


async def take_unsent(conn: Connection, limit: int) -> list[tuple[int, RejectedRecord]]:
    """Hold refused records that are not in the rejected topic yet, oldest first, with their ids."""
    rows = await conn.fetch(
        f"SELECT id, {_RECORD}, code, reason_vi, reason_en, reference "
        "FROM rejected WHERE sent_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED",
        limit,
    )
    return _rejected(rows)


def _rejected(rows: Sequence[Record]) -> list[tuple[int, RejectedRecord]]:
    return [
        (
            row["id"],
            RejectedRecord(
                _record(row), row["code"], row["reason_vi"], row["reason_en"], row["reference"]
            ),
        )
        for row in rows
    ]


async def mark_sent(conn: Connection, ids: Sequence[int], now: datetime) -> None:
    """Say that these refused records were acknowledged by the rejected topic."""
    await conn.execute(
        "UPDATE rejected SET sent_at = $2 WHERE id = ANY($1::bigint[])", list(ids), now
    )


async def save_waiting(conn: Connection, waiting: Sequence[WaitingRecord], now: datetime) -> None:
    """Keep records until their parent comes, in their order."""
    if waiting:
        await conn.executemany(
            f"INSERT INTO waiting ({_RECORD}, root, code, system, reported, traceparent, since) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            [
                (*_columns(w.record), w.root, w.code, w.system, w.reported, w.traceparent, now)
                for w in waiting
            ],
        )


async def load_waiting(conn: Connection, roots: Collection[str]) -> list[WaitingRecord]:
    """What waits in these families, in order of arrival. The families are locked."""
    rows = await conn.fetch(
        f"SELECT id, root, code, system, reported, traceparent, {_RECORD} "
        "FROM waiting WHERE root = ANY($1::text[]) ORDER BY id",
        list(roots),
    )
    return [
        WaitingRecord(
            row["id"],
            row["root"],
            row["code"],
            row["system"],
            row["reported"],
            row["traceparent"],
            _record(row),
        )
        for row in rows
    ]


async def delete_waiting(conn: Connection, ids: Sequence[int]) -> None:
    """Forget records that wait no longer."""
    if ids:
        await conn.execute("DELETE FROM waiting WHERE id = ANY($1::bigint[])", list(ids))


async def overdue_roots(conn: Connection, before: datetime, limit: int) -> list[str]:
    """Families in which a record has waited since before a moment."""
    rows = await conn.fetch(
        "SELECT root FROM waiting WHERE since < $1 GROUP BY root ORDER BY min(id) LIMIT $2",
        before,
        limit,
    )
    return [row["root"] for row in rows]


async def count_waiting(conn: Connection) -> int:
    """Records that wait for their parent."""
    return int(await conn.fetchval("SELECT count(*) FROM waiting"))


async def count_rejected(conn: Connection) -> list[tuple[str, int]]:
    """Rows of (code, refused records that wait to be put right)."""
    return await count_unresent(conn, None, None)


_UNRESENT = (
    "resent_at IS NULL AND ($1::text IS NULL OR code = $1) "
    "AND ($2::timestamptz IS NULL OR recorded_at >= $2)"
)


async def count_unresent(
    conn: Connection, code: str | None, since: datetime | None
) -> list[tuple[str, int]]:
    """Rows of (code, refused records that were not sent to the intake again)."""
    rows = await conn.fetch(
        f"SELECT code, count(*) FROM rejected WHERE {_UNRESENT} GROUP BY code ORDER BY code",
        code,
        since,
    )
    return [(row[0], row[1]) for row in rows]


async def last_rejected(conn: Connection) -> int:
    """The id of the last refused record, 0 when there is none."""
    return int(await conn.fetchval("SELECT coalesce(max(id), 0) FROM rejected"))


async def take_unresent(
    conn: Connection, code: str | None, since: datetime | None, last: int, limit: int
) -> list[tuple[int, RejectedRecord]]:
    """Hold refused records up to an id that were not sent again, oldest first, with their ids."""
    rows = await conn.fetch(
        f"SELECT id, {_RECORD}, code, reason_vi, reason_en, reference FROM rejected "
        f"WHERE {_UNRESENT} AND id <= $3 ORDER BY id LIMIT $4 FOR UPDATE SKIP LOCKED",
        code,
        since,
        last,
        limit,
    )
    return _rejected(rows)


async def mark_resent(conn: Connection, ids: Sequence[int], now: datetime) -> None:
    """Say that these refused records are in the intake topic again."""
    await conn.execute(
        "UPDATE rejected SET resent_at = $2 WHERE id = ANY($1::bigint[])", list(ids), now
    )
