import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import state
from deploy.local.errors import LocalError
from deploy.local.launch import Identity
from deploy.local.state import Lock, State


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    now = State(state.myself(), {"kafka": state.myself()}, {"kafka": "127.0.0.1:1"}, ready=True)
    state.write(tmp_path, now)
    assert state.read(tmp_path) == now


@pytest.mark.parametrize("text", ["", "{", "[]", '{"runner": {}}'])
def test_a_state_that_is_not_whole_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    assert state.read(tmp_path) is None


def test_a_process_that_only_has_the_same_number_is_a_stranger(tmp_path: Path) -> None:
    state.write(tmp_path, State(replace(state.myself(), born=state.myself().born - 60)))
    assert state.runner(tmp_path) is None


def test_a_process_that_ended_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    who = Identity.of(child.pid)
    assert who is not None
    assert who.process() is not None
    child.communicate(b"\n")
    assert who.process() is None


def test_a_second_stack_in_the_folder_is_refused_with_the_number_of_the_first(
    tmp_path: Path,
) -> None:
    first, second = Lock(tmp_path), Lock(tmp_path)
    first.take()
    state.write(tmp_path, State(state.myself()))
    with pytest.raises(LocalError, match=rf"running in .* already \(process {os.getpid()}\)"):
        second.take()
    first.release()
    second.take()
    second.release()
