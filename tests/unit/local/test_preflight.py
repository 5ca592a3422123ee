import errno
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import preflight, state
from deploy.local.errors import LocalError, describe_os_error
from deploy.local.launch import Identity
from deploy.local.state import State


def test_too_little_space_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"Only .* GB are free"):
        preflight.require_space(tmp_path, minimum=10**18)


def test_what_an_earlier_run_left_is_ended(tmp_path: Path) -> None:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    who = Identity.of(left.pid)
    assert who is not None
    state.write(tmp_path, State(state.myself(), {"kafka": who}))
    said: list[str] = []
    preflight.end_leftovers(tmp_path, said.append)
    assert who.process() is None
    assert f"kafka (process {left.pid})" in said[0]


def test_a_stranger_with_the_number_of_a_leftover_is_left_alone(tmp_path: Path) -> None:
    me = state.myself()
    stranger = Identity(me.pid, me.born - 100)
    state.write(tmp_path, State(stranger, {"kafka": stranger}))
    said: list[str] = []
    preflight.end_leftovers(tmp_path, said.append)
    assert said == []


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EACCES, "No permission"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "could not be used"),
    ],
)
def test_what_the_system_refuses_is_a_sentence(tmp_path: Path, number: int, sentence: str) -> None:
    assert sentence in describe_os_error(OSError(number, "?"), tmp_path)
