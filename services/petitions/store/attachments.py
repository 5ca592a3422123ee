"""Files of petitions: rows of what they are, and their octets in chunks."""

from dataclasses import dataclass
from datetime import datetime

from shared.plumbing.postgres import Connection, ConstraintViolation


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that has come whole; `sha256` is in hexadecimal."""

    id: str
    name: str
    media_type: str
    octets: int
    sha256: str
    sent_at: datetime


class Vanished(Exception):
    """The file was removed while it came: its petition's person was erased."""


_COLUMNS = (
    "id::text, name, media_type, octets, encode(sha256, 'hex') AS sha256, begun_at AS sent_at"
)


async def filer(conn: Connection, petition_id: str) -> str | None:
    """Return the name of the principal who filed a petition."""
    found: str | None = await conn.fetchval(
        "SELECT ledger -> 0 ->> 'by' FROM petition WHERE id = $1", petition_id
    )
    return found


async def count(conn: Connection, petition_id: str) -> int:
    """Count the files of a petition that have come whole."""
    return int(
        await conn.fetchval(
            "SELECT count(*) FROM attachment WHERE petition_id = $1 AND sha256 IS NOT NULL",
            petition_id,
        )
    )


async def begin(
    conn: Connection, attachment_id: str, petition_id: str, name: str, *, by: str, at: datetime
) -> None:
    """Begin a file that comes. Raises ConstraintViolation when there is no such petition."""
    await conn.execute(
        "INSERT INTO attachment (id, petition_id, name, sent_by, begun_at)"
        " VALUES ($1, $2, $3, $4, $5)",
        *(attachment_id, petition_id, name, by, at),
    )


async def add_chunk(conn: Connection, attachment_id: str, number: int, octets: bytes) -> None:
    """Write the next chunk, numbered from 0. Raises Vanished."""
    try:
        await conn.execute(
            "INSERT INTO attachment_chunk (attachment_id, number, octets) VALUES ($1, $2, $3)",
            *(attachment_id, number, octets),
        )
    except ConstraintViolation:
        raise Vanished from None


async def same(conn: Connection, petition_id: str, sha256: bytes) -> Attachment | None:
    """Return the file of a petition that has this content."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM attachment WHERE petition_id = $1 AND sha256 = $2",
        *(petition_id, sha256),
    )
    return Attachment(*row) if row else None


async def finish(
    conn: Connection, attachment_id: str, name: str, media_type: str, octets: int, sha256: bytes
) -> Attachment:
    """Say that a file is whole. Raises Vanished."""
    row = await conn.fetchrow(
        "UPDATE attachment SET name = $2, media_type = $3, octets = $4, sha256 = $5"
        f" WHERE id = $1 RETURNING {_COLUMNS}",
        *(attachment_id, name, media_type, octets, sha256),
    )
    if row is None:
        raise Vanished
    return Attachment(*row)


async def drop(conn: Connection, attachment_id: str) -> None:
    """Remove a file and its chunks."""
    await conn.execute("DELETE FROM attachment WHERE id = $1", attachment_id)


async def drop_unfinished(conn: Connection, before: datetime) -> None:
    """Remove what began to come before a moment and never came whole."""
    await conn.execute(
        "DELETE FROM attachment WHERE sha256 IS NULL AND begun_at < $1",
        before,
    )


async def listing(conn: Connection, petition_id: str) -> list[Attachment]:
    """Return the files of a petition, as they came."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM attachment WHERE petition_id = $1 AND sha256 IS NOT NULL"
        " ORDER BY begun_at, id",
        petition_id,
    )
    return [Attachment(*row) for row in rows]


async def find(conn: Connection, petition_id: str, attachment_id: str) -> Attachment | None:
    """Return a file of a petition."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM attachment WHERE petition_id = $1 AND id = $2"
        " AND sha256 IS NOT NULL",
        *(petition_id, attachment_id),
    )
    return Attachment(*row) if row else None


async def chunk(conn: Connection, attachment_id: str, number: int) -> bytes | None:
    """Return a chunk by its number, None after the last."""
    found: bytes | None = await conn.fetchval(
        "SELECT octets FROM attachment_chunk WHERE attachment_id = $1 AND number = $2",
        *(attachment_id, number),
    )
    return found
