"""Migrations: applied once, in order, refused with a sentence when something does not fit."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from shared.plumbing.migrate import MigrationRefused, migrate
from tests.support.servers import Servers, named, run_sql


@pytest.fixture
async def fresh(servers: Servers) -> AsyncIterator[str]:
    """The URL of a database that does not exist yet."""
    name = f"Fresh {uuid.uuid4().hex[:8]}"
    yield named(servers.postgres, name)
    drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
    await run_sql(named(servers.postgres, "postgres"), drop)


def _files(folder: Path, **files: str) -> Path:
    for name, sql in files.items():
        (folder / f"{name[1:]}.sql").write_text(sql)
    return folder


async def test_files_are_applied_once_each_in_order(fresh: str, tmp_path: Path) -> None:
    _files(tmp_path, _0001_a="CREATE TABLE a (n int)", _0002_b="ALTER TABLE a ADD m int")
    assert await migrate(fresh, tmp_path) == ["0001_a.sql", "0002_b.sql"]
    assert await migrate(fresh, tmp_path) == []
    _files(tmp_path, _0003_c="INSERT INTO a VALUES (1, 2)")
    assert await migrate(fresh, tmp_path) == ["0003_c.sql"]


async def test_processes_that_migrate_together_apply_each_file_once(
    fresh: str, tmp_path: Path
) -> None:
    _files(tmp_path, _0001_a="SELECT pg_sleep(0.2); CREATE TABLE a (n int)")
    results = await asyncio.gather(*(migrate(fresh, tmp_path) for _ in range(4)))
    assert sorted(map(len, results)) == [0, 0, 0, 1]


async def test_a_file_that_fails_leaves_nothing_behind(fresh: str, tmp_path: Path) -> None:
    _files(tmp_path, _0001_a="CREATE TABLE a (n int)", _0002_b="CREATE TABLE b (n int); SELECT x")
    with pytest.raises(MigrationRefused, match=r"0002_b\.sql failed and was rolled back"):
        await migrate(fresh, tmp_path)
    conn = await asyncpg.connect(fresh)
    assert await conn.fetchval("SELECT to_regclass('a') IS NOT NULL AND to_regclass('b') IS NULL")
    await conn.close()
    _files(tmp_path, _0002_b="CREATE TABLE b (n int)")
    assert await migrate(fresh, tmp_path) == ["0002_b.sql"]


async def test_a_changed_file_is_refused(fresh: str, tmp_path: Path) -> None:
    await migrate(fresh, _files(tmp_path, _0001_a="SELECT 1"))
    _files(tmp_path, _0001_a="SELECT 2")
    with pytest.raises(MigrationRefused, match=r"0001_a\.sql was changed"):
        await migrate(fresh, tmp_path)


async def test_a_missing_file_is_refused(fresh: str, tmp_path: Path) -> None:
    await migrate(fresh, _files(tmp_path, _0001_a="SELECT 1", _0002_b="SELECT 2"))
    (tmp_path / "0002_b.sql").unlink()
    with pytest.raises(MigrationRefused, match="older than its database"):
        await migrate(fresh, tmp_path)
    _files(tmp_path, _0002_other="SELECT 2")
    with pytest.raises(MigrationRefused, match="the folder has 0002_other"):
        await migrate(fresh, tmp_path)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["0001_a", "0003_c"], "0002 is missing"),
        (["0002_b"], "0001 is missing"),
        (["0001_a", "0001_b"], "two migrations have the number 0001"),
        (["0001_a", "2_b"], "not named like"),
    ],
)
async def test_a_folder_that_does_not_count_is_refused(
    fresh: str, tmp_path: Path, names: list[str], reason: str
) -> None:
    for name in names:
        (tmp_path / f"{name}.sql").write_text("SELECT 1")
    with pytest.raises(MigrationRefused, match=reason):
        await migrate(fresh, tmp_path)
