"""Schema = the sum of its migrations, applied once each, in order."""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from shared.plumbing.postgres import Connection, Record

_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
# Two processes that migrate the same database wait for each other here. ("caunoimg")
_LOCK = 0x6361_756E_6F69_6D67
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationRefused(Exception):
    """The folder and the database do not belong together; the message says where."""


@dataclass(frozen=True)
class _File:
    number: int
    name: str
    sql: str
    sha256: str


async def migrate(dsn: str, folder: Path) -> list[str]:
    """Bring a database to the state of `folder`; the names of the files applied now.

    Creates the database when it does not exist. Each file runs in a transaction of its own.
    Raises MigrationRefused for a gap, a duplicate, a stray file, or an applied file that was
    changed or is missing; nothing is applied then.
    """
    files = _read(folder)
    await _create_database(dsn)
    conn = await asyncpg.connect(dsn, timeout=5, server_settings={"application_name": "migrate"})
    try:
        await conn.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await conn.execute(_TABLE)
        applied = await conn.fetch(
            "SELECT number, name, sha256 FROM schema_migration ORDER BY number"
        )
        _compare(files, applied)
        return [await _apply(conn, file) for file in files[len(applied) :]]
    finally:
        await conn.close()


def _read(folder: Path) -> list[_File]:
    if not folder.is_dir():
        raise MigrationRefused(f"there is no folder of migrations at {folder}")
    files: list[_File] = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.match(path.name)
        if match is None:
            raise MigrationRefused(f"{path.name} is not named like 0001_what_it_does.sql")
        sql = path.read_bytes()
        digest = hashlib.sha256(sql).hexdigest()
        files.append(_File(int(match[1]), path.name, sql.decode(), digest))
    for expected, file in enumerate(files, start=1):
        if file.number < expected:
            raise MigrationRefused(f"two migrations have the number {file.number:04}: {file.name}")
        if file.number > expected:
            raise MigrationRefused(f"migration {expected:04} is missing before {file.name}")
    return files


def _compare(files: list[_File], applied: list[Record]) -> None:
    for place, row in enumerate(applied):
        if place >= len(files):
            raise MigrationRefused(
                f"{row['name']} was applied to this database but is not in the folder: "
                "the program is older than its database"
            )
        file = files[place]
        if (file.number, file.name) != (row["number"], row["name"]):
            raise MigrationRefused(
                f"{row['name']} was applied to this database but the folder has {file.name}"
            )
        if file.sha256 != row["sha256"]:
            raise MigrationRefused(
                f"{file.name} was changed after it had been applied: write a new migration instead"
            )


async def _apply(conn: Connection, file: _File) -> str:
    try:
        async with conn.transaction():
            await conn.execute(file.sql)
            await conn.execute(
                "INSERT INTO schema_migration (number, name, sha256) VALUES ($1, $2, $3)",
                file.number,
                file.name,
                file.sha256,
            )
    except asyncpg.PostgresError as error:
        raise MigrationRefused(f"{file.name} failed and was rolled back: {error}") from error
    return file.name


async def _create_database(dsn: str) -> None:
    """Create the database of `dsn` from the maintenance database beside it, when it is absent."""
    try:
        conn = await asyncpg.connect(dsn, timeout=5)
    except asyncpg.InvalidCatalogNameError:
        parts = urlsplit(dsn)
        name = unquote(parts.path.lstrip("/"))
        conn = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")), timeout=5)
        try:
            quoted = name.replace('"', '""')
            await conn.execute(f"CREATE DATABASE \"{quoted}\" ENCODING 'UTF8' TEMPLATE template0")
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            await asyncio.sleep(0)  # another process made it between our look and our word
        finally:
            await conn.close()
    else:
        await conn.close()
