import os
from pathlib import Path

import pytest

from deploy.local.errors import LocalError
from deploy.local.postgres import PostgresServer, write_secret


def test_a_folder_of_another_version_is_said(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres", 1)
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(LocalError, match="made by PostgreSQL 17, this is 18"):
        server.prepare(tmp_path)


def test_a_folder_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres", 1)
    server.data.mkdir(parents=True)
    (server.data / "thesis.txt").touch()
    with pytest.raises(LocalError, match="not PostgreSQL's"):
        server.prepare(tmp_path)


def test_a_lock_file_whose_number_now_belongs_to_another_program_is_removed(
    tmp_path: Path,
) -> None:
    server = PostgresServer(tmp_path / "postgres", 1)
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("18\n")
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n")
    server.prepare(tmp_path)
    assert not (server.data / "postmaster.pid").exists()


def test_a_server_is_ready_only_when_its_own_lock_file_says_so(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres", 1)
    assert not server.ready(5)
    server.data.mkdir(parents=True)
    lines = ["5", "/data", "0", "5432", "/socket", "127.0.0.1", "0 0", "starting"]
    (server.data / "postmaster.pid").write_text("\n".join(lines))
    assert not server.ready(5)
    (server.data / "postmaster.pid").write_text("\n".join([*lines[:-1], "ready   "]))
    assert server.ready(5)
    assert not server.ready(6)


def test_a_lost_password_is_said(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="pgpass is gone"):
        PostgresServer(tmp_path / "postgres", 1).url()


def test_a_secret_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    write_secret(tmp_path / "secret", "x")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
