"""`python -m deploy.local run | stop | reset | status | demo`: one function each.

Each returns the exit code; what cannot be done raises LocalError with a sentence for the operator.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import psutil

from deploy.local import guide, preflight, sample, state
from deploy.local.errors import LocalError
from deploy.local.launch import gone
from deploy.local.ports import Ports
from deploy.local.services import SERVICES
from deploy.local.stack import Stack

# What a stack makes in its folder. `reset` removes these and nothing else.
_OURS = ("kafka", "postgres", "logs", "tokens.json", "pgpass", "state.json")


class Interrupted(BaseException):
    """Ctrl-C, or `stop` from another terminal."""


def run(folder: Path, servers_only: bool = False) -> int:
    """Bring everything up, load the sample, show the figures, and serve until asked to end.

    With `servers_only` just Kafka and PostgreSQL: the services are then started by hand.
    """
    say = _Progress()
    services = () if servers_only else SERVICES
    stack = Stack(folder, services=services, say=say)
    with _until_interrupted(say):
        say(f"Starting in {stack.folder}")
        with stack:
            say("Everything is ready")
            print("\n" + guide.where(stack, services) + "\n", flush=True)
            if services:
                _show_sample(stack, say)
                print("\n" + guide.what_to_try(stack), flush=True)
            print("\nCtrl-C ends it; the data stays.", flush=True)
            say.serving = True
            _serve()
    say("Stopped; the data is kept. Start again to go on with it.")
    return 0


def demo() -> int:
    """Bring everything up in a folder of its own, compare with the published figures, remove it.

    Returns 1 when a figure differs; the logs are kept then.
    """
    say = _Progress()
    folder = Path(tempfile.mkdtemp(prefix="caunoi-demo-"))
    code = 1
    try:
        with _until_interrupted(say), Stack(folder, ports=Ports.free(), say=say) as stack:
            say("Everything is ready")
            code = sample.load(stack) or sample.report(stack, check=True)
    finally:
        _remove(folder, keep=() if code == 0 else ("logs",))
    if code:
        say(f"The demonstration failed; the logs are in {folder / 'logs'}")
    return code


def stop(folder: Path) -> int:
    """End the stack that runs in the folder, from another terminal."""
    print("Stopped." if _stop(folder) else f"Nothing runs in {folder}.")
    return 0


def reset(folder: Path) -> int:
    """End the stack of the folder and delete its data; downloads are kept."""
    _stop(folder)
    if folder.exists():
        lock = state.Lock(folder)
        lock.take()
        try:
            preflight.end_leftovers(folder, print)
            _remove(folder)
        finally:
            lock.release()
    print(f"{folder} is empty: the next start begins anew.")
    return 0


def status(folder: Path) -> int:
    """Say what runs; returns 1 when nothing does or it is not ready."""
    now = state.read(folder)
    if now is None or now.runner.process() is None:
        print(f"Nothing runs in {folder}.")
        return 1
    print(f"{'Ready' if now.ready else 'Starting or stopping'} (process {now.runner.pid})")
    for name in ("kafka", "postgres", *SERVICES):
        who = now.processes.get(name)
        process = who.process() if who else None
        how = "down" if process is None else _condition(process)
        print(f"  {name:<10} {now.addresses.get(name, ''):<40} {how}")
    return 0 if now.ready else 1


def _condition(process: psutil.Process) -> str:
    try:
        minutes = (time.time() - process.create_time()) / 60
        size = process.memory_info().rss / 1e6
        return f"up {minutes:.0f} min, {size:.0f} MB, process {process.pid}"
    except psutil.Error:
        return "down"


def _show_sample(stack: Stack, say: Callable[[str], None]) -> None:
    if not sample.is_there():
        say("No sample in this checkout: the figures are empty")
        return
    if sample.load(stack) == 0:
        sample.report(stack)
    else:
        say(f"The sample did not load whole; the logs are in {stack.logs}")


def _serve() -> None:
    forever = threading.Event()
    while not forever.wait(3600):
        pass


def _stop(folder: Path) -> bool:
    who = state.runner(folder)
    process = who.process() if who else None
    if who is None or process is None:
        return False
    try:
        process.terminate()
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        raise LocalError(
            f"The stack in {folder} belongs to {process.username()} (process {process.pid}): "
            "stop it as that user."
        ) from None
    if not gone([who], 90):
        raise LocalError(
            f"Process {who.pid}, which runs the stack in {folder}, does not end. "
            f"Its logs are in {folder / 'logs'}."
        )
    return True


def _remove(folder: Path, keep: tuple[str, ...] = ()) -> None:
    for name in (*_OURS, "lock"):
        path = folder / name
        if name in keep:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()  # only when nothing else is in it


class _Progress:
    """Says lines with the seconds since the start; later, deaths, with the time of day."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.serving = False

    def __call__(self, text: str) -> None:
        seconds = f"{time.monotonic() - self._began:5.1f} s"
        when = time.strftime("%H:%M:%S") if self.serving else seconds
        with contextlib.suppress(OSError):  # the terminal may be gone; the stack stays
            print(f"[{when}] {text}", flush=True)


@contextlib.contextmanager
def _until_interrupted(say: Callable[[str], None]) -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into a clean end of the block.

    Later ones only say that the end is under way: it must not be cut short.
    """
    asked = False

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            say("Stopping already; please wait.")
            return
        asked = True
        say("Stopping: services, Kafka, PostgreSQL")
        raise Interrupted

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, handle) for number in numbers]
    try:
        yield
    except Interrupted:
        pass
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
