"""The composition: Kafka, PostgreSQL and the services, started in order and stopped in reverse.

    with Stack(folder, ports=Ports.free()) as stack:
        stack.addresses.registry, stack.token, stack.database_url("caunoi_registry")
        stack.kill("kafka"); stack.wait_ready("kafka")

Everything blocks; from a coroutine call the methods that wait through `asyncio.to_thread`.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from deploy.local import preflight, services, state, tokens
from deploy.local.errors import LocalError, ProcessEnded
from deploy.local.kafka import KafkaServer
from deploy.local.launch import Identity, Spec, run_to_end
from deploy.local.packages import cache_folder
from deploy.local.ports import HOST, Ports, require_free
from deploy.local.postgres import USER, PostgresServer
from deploy.local.services import SERVICES, Service
from deploy.local.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ("kafka", "postgres")
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is: `kafka` as host:port, `postgres` without its password, URLs."""

    kafka: str
    postgres: str
    registry: str
    petitions: str
    analytics: str


class Stack:
    """The embedded stack in one folder. Use it as a context manager, or `start` and `stop`.

    `servers` and `services` say what is started; a service needs both servers. `root` is where
    `python -m services.<name>` is run. `env` adds to the environment of a service by its name,
    `more_tokens` to the token file. `say` gets what an operator should read.
    """

    def __init__(
        self,
        folder: Path = ROOT / ".caunoi",
        *,
        ports: Ports | None = None,
        servers: Sequence[str] = SERVERS,
        services: Sequence[str] = SERVICES,
        root: Path = ROOT,
        cache: Path | None = None,
        env: Mapping[str, Mapping[str, str]] | None = None,
        more_tokens: Sequence[tokens.Token] = (),
        say: Callable[[str], None] = lambda _text: None,
        minimum_free_bytes: int = preflight.MINIMUM_FREE_BYTES,
    ) -> None:
        self.folder = folder.absolute()
        self.logs = self.folder / "logs"
        self.ports = ports or Ports.chosen()
        self.token_file = self.folder / "tokens.json"
        self.tokens: list[tokens.Token] = []
        self._servers = tuple(servers)
        self._names = tuple(services)
        self._root = root
        self._cache = cache
        self._env = env or {}
        self._more_tokens = more_tokens
        self._say = say
        self._minimum_free_bytes = minimum_free_bytes
        self._kafka = KafkaServer(self.folder / "kafka", self.ports.kafka)
        self._postgres = PostgresServer(self.folder / "postgres", self.ports.postgres)
        self._services: dict[str, Service] = {}
        self._lock = state.Lock(self.folder)
        self._cancelled = threading.Event()
        self._supervisor: Supervisor | None = None
        self._living: dict[str, Identity] = {}
        self._ready = False
        self._first_death: str | None = None
        self._state_failed = False

    # Where it is

    @property
    def addresses(self) -> Addresses:
        """Where everything is, or will be."""
        ports = self.ports
        return Addresses(
            kafka=f"{HOST}:{ports.kafka}",
            postgres=f"postgresql://{USER}@{HOST}:{ports.postgres}",
            **{name: f"http://{HOST}:{ports.of(name)}" for name in SERVICES},
        )

    @property
    def token(self) -> str:
        """The operator's token, which has every scope."""
        return next(row["token"] for row in self.tokens if row["name"] == tokens.OPERATOR)

    @property
    def pgpass(self) -> Path:
        """A PGPASSFILE for `psql`."""
        return self._postgres.pgpass

    def database_url(self, database: str = "postgres") -> str:
        """The URL of a database, with the password."""
        return self._postgres.url(database)

    def create_databases(self, names: Iterable[str]) -> None:
        """Create the databases that are not there yet. Not from inside a running event loop."""
        self._postgres.create_databases(names)

    def environment(self, service: str) -> dict[str, str]:
        """What a service gets, for running its operator commands (`verify`, ...) beside it."""
        url = self.database_url(services.database(service))
        port = self.ports.of(service)
        own = services.environment(service, port, url, self.addresses.kafka, self.token_file)
        return {**own, **self._env.get(service, {})}

    # Start and stop

    def __enter__(self) -> Stack:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and return when all of it is ready. Raises LocalError, started nothing.

        A stack that was stopped may be started again.
        """
        self._cancelled.clear()
        self._first_death = None
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock.take()
        try:
            self._check()
            self._supervisor = Supervisor(self._say, self._died, self._changed)
            self._start_all()
        except BaseException:
            self.stop()
            raise
        self._ready = True
        self._write_state()

    def stop(self) -> None:
        """End the services, then Kafka, then PostgreSQL; harmless when nothing runs."""
        self._cancelled.set()
        self._ready = False
        if self._supervisor is not None:
            self._supervisor.close([self._names, ["kafka"], ["postgres"]])
            self._supervisor = None
            with contextlib.suppress(OSError):
                state.remove(self.folder)
        self._lock.release()

    # One process by its name: registry, petitions, analytics, kafka, postgres

    def kill(self, name: str, hold: bool = False) -> None:
        """SIGKILL it; it is started again by itself, or with `hold` only by `start_process`."""
        self._running().kill(name, hold)

    def pause(self, name: str) -> None:
        """SIGSTOP it and its children."""
        self._running().send(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """SIGCONT it and its children."""
        self._running().send(name, signal.SIGCONT)

    def stop_process(self, name: str) -> None:
        """End it cleanly and keep it down until `start_process`."""
        self._running().stop(name)

    def start_process(self, name: str, timeout: float = START_SECONDS) -> None:
        """Start it again after `stop_process` or `kill(hold=True)`, and wait until it is ready."""
        self._running().start_again(name)
        self.wait_ready(name, timeout)

    def restart(self, name: str, timeout: float = START_SECONDS) -> None:
        """End it cleanly, start it again, and wait until it is ready."""
        self.stop_process(name)
        self.start_process(name, timeout)

    def pid(self, name: str) -> int | None:
        """Its process number, None while it is down."""
        return self._running().pid(name)

    def is_ready(self, name: str) -> bool:
        """Whether it runs and answers now."""
        pid = self.pid(name)
        return pid is not None and self._check_of(name)(pid)

    def wait_ready(self, name: str, timeout: float = START_SECONDS) -> None:
        """Wait until it is ready, through as many restarts as it takes. Raises LocalError."""
        self._wait(name, timeout, lambda: None)

    # Inside

    def _check(self) -> None:
        preflight.end_leftovers(self.folder, self._say)
        preflight.require_space(self.folder, self._minimum_free_bytes)
        require_free(self.ports, [*self._servers, *self._names])
        self.tokens = tokens.ensure(self.token_file, self._more_tokens)

    def _start_all(self) -> None:
        with ThreadPoolExecutor(len(SERVERS) + len(SERVICES)) as threads:
            try:
                servers = {
                    name: threads.submit(getattr(self, f"_start_{name}")) for name in self._servers
                }
                if self._names:
                    servers["postgres"].result()
                    self._prepare_services(servers["kafka"])
                _all(servers.values())
                self._serve(threads)
            except BaseException:
                self._cancelled.set()  # ends the jobs that run, so that the threads end
                raise

    def _prepare_services(self, kafka: Future[None]) -> None:
        """Runs beside Kafka's start: the topics wait for it, the migrations need not."""
        self._services = {
            name: Service(name, self.ports.of(name), self._root, self.logs, self.environment(name))
            for name in self._names
        }
        job = services.preparation(list(self._services.values()))
        run_to_end(job, 2 * START_SECONDS, lambda: self._cancelled.is_set() or _failed(kafka))

    def _serve(self, threads: ThreadPoolExecutor) -> None:
        for service in self._services.values():
            self._running().start(service.serve())
        _all([threads.submit(self._await_service, name) for name in self._services])

    def _start_kafka(self) -> None:
        cache = cache_folder(fallback=self.folder / "cache") if not self._cache else self._cache
        self._kafka.prepare(cache, self.logs, self._downloaded, self._cancelled.is_set)
        self._start_server(self._kafka.spec(self.logs))
        self._say(f"Kafka is ready at {self.addresses.kafka}")

    def _start_postgres(self) -> None:
        self._postgres.prepare(self.logs, self._cancelled.is_set)
        self._start_server(self._postgres.spec(self.logs))
        self._postgres.create_databases(services.database(name) for name in self._names)
        self._say(f"PostgreSQL is ready at {HOST}:{self.ports.postgres}")

    def _start_server(self, spec: Spec) -> None:
        self._running().start(spec)
        self._first_ready(spec.name)

    def _await_service(self, name: str) -> None:
        self._first_ready(name)
        self._say(f"{name} is ready at {self._services[name].url}")

    def _first_ready(self, name: str) -> None:
        self._wait(name, START_SECONDS, self._raise_if_any_died)

    def _raise_if_any_died(self) -> None:
        """Unlike later, a death before everything is ready ends the start."""
        if self._first_death is not None:
            raise ProcessEnded(self._first_death)

    def _wait(self, name: str, timeout: float, check: Callable[[], None]) -> None:
        deadline = time.monotonic() + timeout
        while not self.is_ready(name):
            check()
            if self._cancelled.is_set():
                raise LocalError(f"Waiting for {name} was stopped.")
            if time.monotonic() > deadline:
                raise LocalError(
                    f"{name} is not ready after {timeout:.0f} s. Its log is in {self.logs}."
                )
            time.sleep(0.03)

    def _check_of(self, name: str) -> Callable[[int], bool]:
        if name == "kafka":
            return self._kafka.ready
        if name == "postgres":
            return self._postgres.ready
        return self._services[name].ready

    def _running(self) -> Supervisor:
        if self._supervisor is None:
            raise LocalError("The stack is not running.")
        return self._supervisor

    def _downloaded(self, done: int, total: int) -> None:
        if done in (0, total) or done % 10 == 0:
            self._say(f"Downloading Kafka, once: {done} of {total} files")

    def _died(self, text: str, seconds: float) -> None:
        full = preflight.space_warning(self.folder)
        if not self._ready:
            self._first_death = self._first_death or text + full
        else:
            self._say(f"{text}\n  It is started again in {seconds:.1f} s.{full}")

    def _changed(self, living: dict[str, Identity]) -> None:
        self._living = living
        self._write_state()

    def _write_state(self) -> None:
        now = state.State(state.myself(), self._living, asdict(self.addresses), self._ready)
        try:
            state.write(self.folder, now)
            self._state_failed = False
        except OSError as error:
            if not self._state_failed:  # said once, not at every try
                self._say(f"{self.folder / 'state.json'} could not be written: {error.strerror}.")
            self._state_failed = True


def _all(steps: Iterable[Future[None]]) -> None:
    for step in steps:
        step.result()


def _failed(step: Future[None]) -> bool:
    return step.done() and step.exception() is not None
