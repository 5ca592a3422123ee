"""Commands: `serve`, `migrate`, `topics`, `verify`, `load-units`, `resend-rejected`, ..."""

import argparse
import asyncio
import os
import sys
import threading
from datetime import datetime
from pathlib import Path

import uvloop

from services.registry.domain.units import Contradiction
from services.registry.handlers.proof import Stray, find_stray
from services.registry.handlers.units import load_units, read_units
from services.registry.settings import Settings
from shared.contracts.topics import topics_of
from shared.plumbing import collector, log
from shared.plumbing.clock import LEGAL_ZONE, SystemClock
from shared.plumbing.ids import new_event_id
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics
from shared.plumbing.migrate import migrate
from shared.plumbing.outbox import Head, Mark, Misfit, head, verify
from shared.plumbing.postgres import Database

MIGRATIONS = Path(__file__).parent / "migrations"


def serve(settings: Settings) -> int:
    """Serve HTTP, take in and publish, until a signal."""
    # Imported here so that the other commands start in a fraction of the time.
    from services.registry.app import build  # noqa: PLC0415
    from shared.plumbing.http import serve as run  # noqa: PLC0415

    run(build(settings), settings.host, settings.port)
    return 0


def apply_migrations(settings: Settings) -> int:
    """Bring the database up to date."""
    for name in asyncio.run(migrate(settings.database_url, MIGRATIONS)):
        print(f"applied {name}")
    return 0


def make_topics(settings: Settings) -> int:
    """Make the topics that the registry owns."""
    specs = [
        TopicSpec(t.name, t.partitions, t.retention_ms, settings.topic_replication)
        for t in topics_of("registry")
    ]
    for name in asyncio.run(ensure_topics(settings.kafka, specs)):
        print(f"created {name}")
    return 0


def verify_log(settings: Settings, mark: Mark | None = None) -> int:
    """Walk the event log and hold the register against it; 1 when something does not fit."""

    async def walk() -> tuple[Misfit | None, Stray | None, Head]:
        async with (
            Database(settings.database_url, name="registry-verify", max_size=1) as database,
            database.connection() as conn,
        ):
            return await verify(conn, mark), await find_stray(conn), await head(conn)

    misfit, stray, end = asyncio.run(walk())
    if misfit is not None:
        print(f"position {misfit.position}: {misfit.reason}")
    if stray is not None:
        print(f"{stray.code}: {stray.reason}")
    if misfit is not None or stray is not None:
        return 1
    print(f"the log fits up to position {end.position}, head {end.mark}")
    return 0


def load_units_file(settings: Settings, path: Path) -> int:
    """Load administrative units from a JSON file; 1 when they contradict."""

    octets = path.read_bytes()

    async def load() -> tuple[int, int]:
        units, successions = read_units(octets)
        async with Database(settings.database_url, name="registry-units", max_size=1) as database:
            return await load_units(database, units, successions)

    try:
        units, successions = asyncio.run(load())
    except Contradiction as contradiction:
        print(f"refused: {contradiction}")
        return 1
    print(f"{units} units and {successions} successions are known")
    return 0


def resend_rejected(settings: Settings, given: argparse.Namespace) -> int:
    """Send refused intake records to the intake topic again, after a fix."""
    from services.registry.handlers.rejects import Rejects, Which  # noqa: PLC0415
    from services.registry.timers import resend_rejected as resend  # noqa: PLC0415

    async def work() -> None:
        which = Which(given.code, given.since)
        async with Database(settings.database_url, name="registry-resend", max_size=2) as database:
            rejects = Rejects(database, SystemClock())
            for code, number in await rejects.waiting(which):
                print(f"{code}: {number}")
            if not given.dry_run:
                print(f"sent again: {await resend(rejects, which, settings.kafka)}")

    asyncio.run(work())
    return 0


def work_imports(settings: Settings) -> int:
    """Work on the files that wait; end with the process that started this one."""
    from services.registry.handlers import Registrar  # noqa: PLC0415
    from services.registry.handlers.imports import BulkRecorder, Importer  # noqa: PLC0415
    from services.registry.handlers.units import Gazetteer  # noqa: PLC0415

    threading.Thread(target=_end_with_parent, daemon=True).start()

    async def work() -> None:
        clock = SystemClock()
        async with Database(settings.database_url, name="registry-imports", max_size=4) as database:
            gazetteer = Gazetteer(database, clock)
            await gazetteer.refresh()
            units = gazetteer.units
            registrar = Registrar(database, clock, new_event_id, units.known)
            registrar.know(units.known, units.ended)
            bulk = BulkRecorder(registrar, clock, new_event_id)
            await Importer(database, clock, bulk, units.names).run_pending()

    collector.settle()
    collector.rarely()
    uvloop.run(work())
    return 0


def _end_with_parent() -> None:
    # Our standard input is a pipe from there; it ends when that process does, however it does.
    sys.stdin.buffer.read()
    os._exit(0)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=LEGAL_ZONE)


COMMANDS = {
    "serve": serve,
    "migrate": apply_migrations,
    "topics": make_topics,
    "work-imports": work_imports,
}


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.registry", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.__doc__)
    proof = commands.add_parser("verify", help=verify_log.__doc__)
    proof.add_argument(
        "--head", type=Mark.parse, help="position:hash as it was logged: a cut end shows by it"
    )
    units = commands.add_parser("load-units", help=load_units_file.__doc__)
    units.add_argument("file", type=Path)
    resend = commands.add_parser("resend-rejected", help=resend_rejected.__doc__)
    resend.add_argument("--code", help="only what was refused with this code")
    resend.add_argument("--since", type=_moment, help="only what was refused since, ISO 8601")
    resend.add_argument("--dry-run", action="store_true", help="count, send nothing")
    given = parser.parse_args(arguments)
    settings = Settings()
    log.configure("registry", settings.log_level)
    if given.command == "verify":
        return verify_log(settings, given.head)
    if given.command == "load-units":
        return load_units_file(settings, given.file)
    if given.command == "resend-rejected":
        return resend_rejected(settings, given)
    return COMMANDS[given.command](settings)


if __name__ == "__main__":
    sys.exit(main())
