"""What is looked at before anything is started."""

from __future__ import annotations

import contextlib
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import psutil

from deploy.local import state
from deploy.local.errors import LocalError
from deploy.local.launch import Identity, gone

MINIMUM_FREE_BYTES = 1_000_000_000


def require_space(folder: Path, minimum: int = MINIMUM_FREE_BYTES) -> None:
    """Raise LocalError when less than `minimum` bytes are free where the folder is."""
    free = shutil.disk_usage(folder).free
    if free < minimum:
        raise LocalError(
            f"Only {free / 1e9:.1f} GB are free where {folder} is, {minimum / 1e9:.0f} GB are "
            "needed. Free some space, or choose another folder with --folder."
        )


def space_warning(folder: Path) -> str:
    """A sentence when the disk is nearly full, else nothing; said when a process died."""
    free = shutil.disk_usage(folder).free
    return f" The disk is nearly full: {free / 1e6:.0f} MB are left." if free < 100_000_000 else ""


def end_leftovers(folder: Path, say: Callable[[str], None]) -> None:
    """End what an earlier run left behind when it was killed. Call it with the folder's lock."""
    earlier = state.read(folder)
    if earlier is None:
        return
    left = {name: who for name, who in earlier.processes.items() if who.process() is not None}
    if left:
        say(
            "Ending what an earlier run left: "
            + ", ".join(f"{name} (process {who.pid})" for name, who in left.items())
        )
        for who in left.values():
            _send(who, signal.SIGTERM)
        if not gone(left.values(), 10):
            for who in left.values():
                _send(who, signal.SIGKILL)
            gone(left.values(), 10)
    state.remove(folder)


def _send(who: Identity, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        if process := who.process():
            process.send_signal(number)
