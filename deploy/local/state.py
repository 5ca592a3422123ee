"""What a running stack leaves in its folder for other terminals: who runs it, and where it is.

`lock` is held (flock) by the process that runs the stack for as long as it lives, so it cannot be
left behind. `state.json` says what runs; it is believed only for processes whose number and birth
both match.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.errors import LocalError
from deploy.local.launch import Identity


@dataclass(frozen=True, slots=True)
class State:
    """The runner, the living processes and their addresses (no secrets)."""

    runner: Identity
    processes: Mapping[str, Identity] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    ready: bool = False


def read(folder: Path) -> State | None:
    """The state in the folder, or None when there is none that can be read."""
    try:
        content: dict[str, Any] = json.loads((folder / "state.json").read_text("utf-8"))
        return State(
            runner=Identity(**content["runner"]),
            processes={name: Identity(**row) for name, row in content["processes"].items()},
            addresses=dict(content["addresses"]),
            ready=bool(content["ready"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(folder: Path, state: State) -> None:
    """Replace the state in the folder, whole."""
    new = folder / "state.json.new"
    new.write_text(json.dumps(asdict(state), indent=2) + "\n", "utf-8")
    new.replace(folder / "state.json")


def remove(folder: Path) -> None:
    """Say that nothing runs here."""
    (folder / "state.json").unlink(missing_ok=True)


def myself() -> Identity:
    """This process."""
    me = Identity.of(os.getpid())
    assert me is not None
    return me


def runner(folder: Path) -> Identity | None:
    """Who runs a stack in this folder now, or None."""
    state = read(folder)
    if state is None or state.runner.process() is None:
        return None
    return state.runner


class Lock:
    """Only one stack runs in a folder at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raises LocalError when another process has it."""
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            who = runner(self._folder)
            raise LocalError(
                f"A stack is running in {self._folder} already"
                f"{f' (process {who.pid})' if who else ''}. See it with: python -m deploy.local "
                "status, end it with: python -m deploy.local stop"
            ) from None
        self._descriptor = descriptor

    def release(self) -> None:
        """Give it back; harmless when it was not taken."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
