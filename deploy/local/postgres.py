"""PostgreSQL 18 as one server process with its data in a folder: durable, loopback only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

import asyncpg
import psutil

from deploy.local.errors import LocalError
from deploy.local.launch import Spec, run_to_end
from deploy.local.owner import Owner, owner_for
from deploy.local.packages import postgres_programs
from deploy.local.ports import HOST

USER = "postgres"
MAJOR = "18"
_LONGEST_SOCKET_PATH = 100  # the kernel's limit is 107 bytes, less ".s.PGSQL.15432"

_SETTINGS = {
    "listen_addresses": HOST,
    "max_connections": "200",
    "shared_buffers": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "jit": "off",  # its first use costs more than our queries
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
    "log_min_duration_statement": "2s",
    "log_checkpoints": "off",
}


class PostgresServer:
    """A PostgreSQL of its own in `folder`, listening on 127.0.0.1:`port`.

    Its one user is `postgres`, with a password made at the first start (`pgpass`, mode 600).
    """

    name = "postgres"

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._programs = Path()
        self._owner = Owner()

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder; there only when it was made whole."""
        return self.folder / "data"

    @property
    def pgpass(self) -> Path:
        """The password file, in the form `psql` reads from PGPASSFILE."""
        return self.folder.parent / "pgpass"

    def url(self, database: str = "postgres") -> str:
        """`postgresql://...` with the password, for clients on this machine."""
        return f"postgresql://{USER}:{self._password()}@{HOST}:{self.port}/{database}"

    def prepare(self, logs: Path, stopped: Callable[[], bool] = lambda: False) -> None:
        """Make the data folder, once; one that was cut short is made again. Raises LocalError."""
        self._programs = postgres_programs()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._owner = owner_for(self._programs / "postgres", self.data)
        self._owner.give(self.folder)
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            self._forget_dead_server()
        else:
            self._make(logs / "postgres.log", stopped)

    def spec(self, logs: Path) -> Spec:
        """How the supervisor runs it. Call `prepare` first."""
        socket_folder = str(self.folder) if self._socket_fits() else ""
        settings = _SETTINGS | {"port": str(self.port), "unix_socket_directories": socket_folder}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        command = (str(self._programs / "postgres"), "-D", str(self.data), *options)
        orphan_signal = signal.SIGINT  # PostgreSQL's "fast": ends the sessions, loses nothing
        return Spec(
            name=self.name,
            command=self._owner.wrap(command, orphan_signal),
            log=logs / "postgres.log",
            cwd=Path("/"),
            env={"LC_ALL": "C"},
            stop_signal=signal.SIGINT,
            stop_seconds=20,
            orphan_signal=orphan_signal,
        )

    def ready(self, pid: int) -> bool:
        """Whether the server with this pid accepts sessions, as its own lock file says."""
        lines = self._lock_file()
        return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def create_databases(self, names: Iterable[str]) -> None:
        """Create the databases that are not there yet. Needs a ready server."""
        asyncio.run(self._create_databases(list(names)))

    async def _create_databases(self, names: list[str]) -> None:
        connection = await asyncpg.connect(self.url(), timeout=30)
        try:
            rows = await connection.fetch("SELECT datname FROM pg_database")
            for name in sorted(set(names) - {row["datname"] for row in rows}):
                await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()

    def _make(self, log: Path, stopped: Callable[[], bool]) -> None:
        if self.data.exists() and any(self.data.iterdir()):
            raise LocalError(
                f"{self.data} has files but no PG_VERSION: it is not PostgreSQL's, or damaged. "
                "Put it back, or start empty with: python -m deploy.local reset"
            )
        part, password_file = self.folder / "data.part", self.folder / "password.part"
        shutil.rmtree(part, ignore_errors=True)  # what a start that was cut short left
        write_secret(password_file, self._new_password())
        self._owner.give(password_file)
        command = (
            *(str(self._programs / "initdb"), "-D", str(part), "-U", USER),
            *(f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8"),
            # The built-in provider sorts the same on every machine, whatever is installed.
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            # The password is 190 random bits: hashing it often would only slow connecting.
            "--set=scram_iterations=1",
        )
        wrapped = self._owner.wrap(command, signal.SIGKILL)
        run_to_end(Spec("initdb", wrapped, log, Path("/"), env={"LC_ALL": "C"}), 120, stopped)
        password_file.unlink()
        part.replace(self.data)

    def _check_version(self) -> None:
        version = (self.data / "PG_VERSION").read_text("ascii").strip()
        if version != MAJOR:
            raise LocalError(
                f"{self.data} was made by PostgreSQL {version}, this is {MAJOR}. "
                "Start empty with: python -m deploy.local reset"
            )

    def _forget_dead_server(self) -> None:
        """Remove a lock file whose number now belongs to another program (after a restart of the
        machine or container); PostgreSQL itself would take that program for a running server."""
        lines = self._lock_file()
        if not lines or not lines[0].strip().isdecimal():
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            if "postgres" in psutil.Process(int(lines[0])).name():
                return
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _lock_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text("utf-8").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _socket_fits(self) -> bool:
        return len(os.fsencode(self.folder)) <= _LONGEST_SOCKET_PATH - len(".s.PGSQL.12345")

    def _new_password(self) -> str:
        password = secrets.token_urlsafe(24)
        write_secret(self.pgpass, f"{HOST}:*:*:{USER}:{password}\n")
        return password

    def _password(self) -> str:
        try:
            return self.pgpass.read_text("utf-8").strip().rpartition(":")[2]
        except FileNotFoundError as error:
            raise LocalError(
                f"{self.pgpass} is gone, and with it the password of PostgreSQL. "
                "Put it back, or start empty with: python -m deploy.local reset"
            ) from error


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
