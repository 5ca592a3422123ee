"""The local copy of the register, and the records that could not be read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.values import EntityKind, EntityStatus
from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.postgres import Connection


@dataclass(frozen=True, slots=True)
class KnownEntity:
    """An entity as the registry said last; all but code and sequence are None when voided."""

    code: str
    sequence: int
    name: str | None
    kind: EntityKind | None
    status: EntityStatus | None


@dataclass(frozen=True, slots=True)
class Unread:
    """A record that could not be read, and why: a stable code, a detail for people."""

    record: RawRecord
    code: str
    detail: str


async def keep_entities(conn: Connection, entities: Sequence[KnownEntity]) -> int:
    """Keep the newest of each code, whatever the order of arrival; how many were news."""
    newest: dict[str, KnownEntity] = {}
    for entity in entities:
        have = newest.get(entity.code)
        if have is None or have.sequence < entity.sequence:
            newest[entity.code] = entity
    # In the order of the codes, so that two writers cannot wait for each other.
    rows = [newest[code] for code in sorted(newest)]
    done = await conn.execute(
        "INSERT INTO known_entity AS k (code, sequence, name, kind, status)"
        " SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[])"
        " ON CONFLICT (code) DO UPDATE SET sequence = excluded.sequence, name = excluded.name,"
        " kind = excluded.kind, status = excluded.status WHERE k.sequence < excluded.sequence",
        [row.code for row in rows],
        [row.sequence for row in rows],
        [row.name for row in rows],
        [row.kind for row in rows],
        [row.status for row in rows],
    )
    return int(done.split()[-1])


async def statuses(conn: Connection, codes: Collection[str]) -> dict[str, EntityStatus]:
    """Return the status of each of these codes that is known."""
    rows = await conn.fetch(
        "SELECT code, status FROM known_entity WHERE code = ANY($1) AND status IS NOT NULL",
        list(codes),
    )
    return {row["code"]: row["status"] for row in rows}


async def park(conn: Connection, unread: Sequence[Unread], at: datetime) -> None:
    """Keep records that could not be read; each once, however often it is read."""
    await conn.executemany(
        'INSERT INTO parked (topic, partition, "offset", key, value, header_names, header_values,'
        " code, detail, parked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT DO NOTHING",
        [
            (
                *(one.record.topic, one.record.partition, one.record.offset),
                *(one.record.key, one.record.value),
                [_storable(name) for name, _ in one.record.headers],
                [value for _, value in one.record.headers],
                *(one.code, _storable(one.detail), at),
            )
            for one in unread
        ],
    )


async def count_parked(conn: Connection) -> int:
    """Count the records that could not be read."""
    return int(await conn.fetchval("SELECT count(*) FROM parked"))


def _storable(text: str) -> str:
    # Postgres takes neither NUL nor lone surrogates, and a header's name may hold both.
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()
