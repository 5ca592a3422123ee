"""Keeps processes running: one that dies is said at once and started again.

One thread, the keeper, starts and reaps every child (see `launch` for why it must be one). Other
threads hand it what to do and wait for the answer. States of a process:

    running --died--> waiting (backoff) --> running
    running --stop, kill(hold)--> held --start--> running
"""

from __future__ import annotations

import contextlib
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from deploy.local.errors import LocalError
from deploy.local.launch import (
    Identity,
    Spec,
    end_tree,
    ended,
    launch,
    rotate,
    send_tree,
    tail_text,
)

BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 30.0  # a process that ran this long starts its backoff anew
_LOOK_SECONDS = 0.05

Say = Callable[[str], None]


@dataclass(slots=True)
class _Kept:
    """What the keeper knows about one process. Only the keeper's thread writes it."""

    spec: Spec
    process: subprocess.Popen[bytes] | None = None
    identity: Identity | None = None
    held: bool = False
    started_at: float = 0.0
    start_again_at: float = 0.0
    deaths: int = 0
    failures: int = 0
    log_begin: int = 0
    gone: threading.Event = field(default_factory=threading.Event)


class Supervisor:
    """Runs named processes until `close`.

    `died` gets what an operator should read (the last lines are in it) when a process died, and in
    how many seconds it is started again; `changed` is called after each start and end with the
    identities of the living; `say` gets the rest. All are called by the keeper's thread.
    """

    def __init__(
        self,
        say: Say,
        died: Callable[[str, float], None],
        changed: Callable[[dict[str, Identity]], None] = lambda _living: None,
    ) -> None:
        self._say = say
        self._died = died
        self._changed = changed
        self._kept: dict[str, _Kept] = {}
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._thread.start()

    def start(self, spec: Spec) -> None:
        """Start a process and keep it running. Raises LocalError when it cannot be started."""
        self._do(lambda: self._begin(spec))

    def start_again(self, name: str) -> None:
        """Start a process that was stopped or held; nothing happens to one that runs."""
        kept = self._of(name)
        self._do(lambda: self._resume(kept))

    def stop(self, name: str) -> None:
        """End a process cleanly (SIGKILL when its time is up) and keep it down."""
        self._end([name])

    def kill(self, name: str, hold: bool = False) -> None:
        """SIGKILL a process with its children. It comes back by itself unless `hold`."""
        kept = self._of(name)

        def act() -> None:
            kept.held = kept.held or hold
            if kept.process is not None:
                end_tree(kept.process.pid)

        self._do(act)
        kept.gone.wait(10)

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process with its children (SIGSTOP, SIGCONT, ...)."""
        process = self._of(name).process
        if process is not None and process.poll() is None:
            send_tree(process.pid, number)

    def pid(self, name: str) -> int | None:
        """The pid of a process, None while it is down."""
        process = self._of(name).process
        return None if process is None else process.pid

    def names(self) -> list[str]:
        """The processes in the order they were started first."""
        return list(self._kept)

    def deaths(self, name: str) -> int:
        """How often a process ended without having been asked to."""
        return self._of(name).deaths

    def close(self, order: Sequence[Sequence[str]]) -> None:
        """End everything, group after group, each group at once; then the keeper itself."""
        for group in order:
            self._end([name for name in group if name in self._kept])
        self._end(list(self._kept))
        self._closing.set()
        self._thread.join(10)

    # What follows runs in the keeper's thread, except `_end`, `_do` and `_of`.

    def _keep(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(queue.Empty):
                self._orders.get(timeout=_LOOK_SECONDS)()
            for kept in list(self._kept.values()):
                try:
                    self._look(kept)
                except Exception as error:  # the keeper must outlive whatever goes wrong
                    self._say(f"Keeping {kept.spec.name} met an error: {error!r}")

    def _look(self, kept: _Kept) -> None:
        if kept.process is not None:
            code = kept.process.poll()
            if code is not None:
                self._reap(kept, code)
        elif not kept.held and time.monotonic() >= kept.start_again_at:
            try:
                self._run(kept)
            except (LocalError, OSError) as error:
                self._plan_start(kept, f"{kept.spec.name} could not be started again: {error}")

    def _reap(self, kept: _Kept, code: int) -> None:
        kept.process, kept.identity = None, None
        if not kept.held:
            kept.deaths += 1
            if time.monotonic() - kept.started_at >= STEADY_SECONDS:
                kept.failures = 0
            tail = tail_text(kept.spec.log, kept.log_begin)
            self._plan_start(kept, f"{kept.spec.name} {ended(code)}.{tail}")
        kept.gone.set()
        self._changed(self._living())

    def _plan_start(self, kept: _Kept, what: str) -> None:
        wait = BACKOFF_SECONDS[min(kept.failures, len(BACKOFF_SECONDS) - 1)]
        kept.failures += 1
        kept.start_again_at = time.monotonic() + wait
        self._died(what, wait)

    def _begin(self, spec: Spec) -> None:
        if spec.name in self._kept:
            raise LocalError(f"{spec.name} is kept already.")
        rotate(spec.log)
        kept = _Kept(spec)
        self._run(kept)
        self._kept[spec.name] = kept

    def _resume(self, kept: _Kept) -> None:
        if kept.held:
            kept.held, kept.failures = False, 0
            if kept.process is None:
                self._run(kept)

    def _run(self, kept: _Kept) -> None:
        log = kept.spec.log
        kept.log_begin = log.stat().st_size if log.exists() else 0
        kept.process = launch(kept.spec)
        kept.identity = Identity.of(kept.process.pid)
        kept.started_at = time.monotonic()
        kept.gone.clear()
        self._changed(self._living(kept))

    def _living(self, also: _Kept | None = None) -> dict[str, Identity]:
        everyone = [*self._kept.values(), *([also] if also else [])]
        return {kept.spec.name: kept.identity for kept in everyone if kept.identity}

    def _hold(self, kept: _Kept) -> None:
        kept.held = True
        if kept.process is None:
            kept.gone.set()
            return
        send_tree(kept.process.pid, signal.SIGCONT)  # one that is paused could not end
        kept.process.send_signal(kept.spec.stop_signal)

    def _end(self, names: Sequence[str]) -> None:
        group = [self._of(name) for name in names]
        for kept in group:
            self._do(partial(self._hold, kept))
        began = time.monotonic()
        for kept in group:
            if kept.gone.wait(max(0.0, began + kept.spec.stop_seconds - time.monotonic())):
                continue
            self._say(
                f"{kept.spec.name} did not end within {kept.spec.stop_seconds:.0f} s: killed."
            )
            if (pid := self.pid(kept.spec.name)) is not None:
                end_tree(pid)
            kept.gone.wait(10)

    def _do(self, act: Callable[[], None]) -> None:
        """Have the keeper do something, and wait until it is done."""
        answer: Future[None] = Future()

        def order() -> None:
            try:
                act()
            except BaseException as error:  # handed to the one who asked
                answer.set_exception(error)
            else:
                answer.set_result(None)

        self._orders.put(order)
        answer.result(60)

    def _of(self, name: str) -> _Kept:
        try:
            return self._kept[name]
        except KeyError:
            raise LocalError(f"There is no process named {name}.") from None
