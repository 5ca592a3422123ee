"""One process: how it is started, told apart from a stranger with its number, and ended.

Every child gets a session of its own (Ctrl-C at the terminal reaches the supervisor alone) and,
on Linux, a parent-death signal: it cannot outlive whoever started it, not even after kill -9.
That signal is tied to the *thread* which started the child, so a child must be started by a
thread that lives at least as long as the child should.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from deploy.local.errors import LocalError, ProcessEnded

_PR_SET_PDEATHSIG = 1
_NOT_SHOWN = frozenset({"time", "service", "logger"})  # of a JSON log line on the terminal
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Spec:
    """How to run one process.

    `stop_signal` asks for a clean end, for which `stop_seconds` are given before SIGKILL.
    `orphan_signal` is what the kernel sends when the parent is gone (Linux only).
    """

    name: str
    command: tuple[str, ...]
    log: Path
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    orphan_signal: signal.Signals = signal.SIGKILL


def launch(spec: Spec) -> subprocess.Popen[bytes]:
    """Start the process with its output appended to its log.

    Raises LocalError when the program itself cannot be started.
    """
    spec.log.parent.mkdir(parents=True, exist_ok=True)
    with spec.log.open("ab") as log:
        try:
            return subprocess.Popen(
                spec.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=spec.cwd,
                env={**os.environ, **spec.env},
                start_new_session=True,
                preexec_fn=follow_parent(spec.orphan_signal),  # noqa: PLW1509
            )
        except (FileNotFoundError, PermissionError) as error:
            raise LocalError(f"{spec.name} could not be started: {error}.") from error


def follow_parent(
    orphan_signal: signal.Signals = signal.SIGKILL,
) -> Callable[[], None] | None:
    """What a child calls before it becomes its program, so that it ends with its parent."""
    if _LIBC is None:
        return None
    parent, prctl, number = os.getpid(), _LIBC.prctl, int(orphan_signal)

    def follow() -> None:
        prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before the call above could take effect
            os._exit(1)

    return follow


def run_to_end(spec: Spec, timeout: float, stopped: Callable[[], bool] = lambda: False) -> None:
    """Run a job that ends by itself.

    `stopped` is asked while waiting: true ends the job early. Raises ProcessEnded with the job's
    last lines when it fails, is stopped or takes longer than `timeout` seconds.
    """
    begin = spec.log.stat().st_size if spec.log.exists() else 0
    process = launch(spec)
    deadline = time.monotonic() + timeout
    while (code := _wait(process, 0.1)) is None:
        if stopped() or time.monotonic() > deadline:
            end_tree(process.pid)
            process.wait()
            why = "was stopped" if stopped() else f"took longer than {timeout:.0f} s"
            raise ProcessEnded(f"{spec.name} {why}.{tail_text(spec.log, begin)}")
    if code != 0:
        raise ProcessEnded(f"{spec.name} {ended(code)}.{tail_text(spec.log, begin)}")


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def ended(code: int) -> str:
    """Say how a process ended, from its return code (negative: minus the signal)."""
    if code >= 0:
        return f"ended with code {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


def send_tree(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process and all its descendants (PostgreSQL's have other groups)."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.send_signal(number)


def end_tree(pid: int) -> None:
    """SIGKILL a process and its descendants."""
    send_tree(pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Identity:
    """A process number with the moment of its birth, so that a reused number is not taken for it.

    `born` is in seconds since the epoch, as psutil gives it.
    """

    pid: int
    born: float

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The process that has this number now, or None."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    def process(self) -> psutil.Process | None:
        """The living process, or None when it is gone or somebody else has its number."""
        try:
            process = psutil.Process(self.pid)
            alive = process.status() != psutil.STATUS_ZOMBIE
            return process if alive and abs(process.create_time() - self.born) < 0.1 else None
        except psutil.NoSuchProcess:
            return None


def gone(processes: Iterable[Identity], seconds: float) -> bool:
    """Wait until all have ended, for `seconds` at most; one that nobody reaped has ended too."""
    deadline = time.monotonic() + seconds
    left = list(processes)
    while left := [who for who in left if who.process() is not None]:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.03)
    return True


def last_lines(log: Path, begin: int = 0, count: int = 12) -> list[str]:
    """The last lines of a log, none from before byte `begin`."""
    try:
        with log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(begin, end - 16_384, 0))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]


def tail_text(log: Path, begin: int = 0) -> str:
    """The last lines as a block to append to a sentence, with the way to the rest."""
    lines = last_lines(log, begin)
    if not lines:
        return f" It left no word in {log}."
    shown = "\n".join(f"    {_short(line)[:300]}" for line in lines)
    return f" Its last lines:\n{shown}\n  in {log}"


def _short(line: str) -> str:
    """A JSON log line as level, event and fields; of a traceback in it the last line."""
    try:
        record = json.loads(line)
    except ValueError:
        return line
    if not isinstance(record, dict) or "event" not in record:
        return line
    fields = {name: _last(value) for name, value in record.items() if name not in _NOT_SHOWN}
    level, event = fields.pop("level", ""), fields.pop("event")
    return " ".join([level, event, *(f"{name}={value}" for name, value in fields.items())])


def _last(value: object) -> str:
    return (str(value).strip().splitlines() or [""])[-1]


def rotate(log: Path, limit: int = 50_000_000) -> None:
    """Put a log of more than `limit` bytes aside as `<log>.1`, replacing the one before it."""
    if log.exists() and log.stat().st_size > limit:
        log.replace(log.with_name(log.name + ".1"))
