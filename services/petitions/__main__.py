"""Commands: `serve`, `migrate`, `topics`, `verify`, `load-agencies`, `recalendar`, `workflow`,
`import FILE`."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from services.petitions.domain.refusals import Refusal
from services.petitions.settings import Settings
from shared.contracts.topics import topics_of
from shared.plumbing import log
from shared.plumbing.clock import SystemClock
from shared.plumbing.errors import Problem
from shared.plumbing.kafka.topics import TopicRefused, TopicSpec, ensure_topics
from shared.plumbing.migrate import MigrationRefused, migrate
from shared.plumbing.outbox import Head, Misfit, head, verify
from shared.plumbing.postgres import Database

if TYPE_CHECKING:
    from services.petitions.api.imports import ImportOut

MIGRATIONS = Path(__file__).parent / "migrations"


def _serve(settings: Settings) -> int:
    # Imported here so that the other commands start in a fraction of the time.
    from services.petitions.app import build  # noqa: PLC0415
    from shared.plumbing.http import serve  # noqa: PLC0415

    serve(build(settings), settings.host, settings.port)
    return 0


def _migrate(settings: Settings) -> int:
    for name in asyncio.run(migrate(settings.database_url, MIGRATIONS)):
        print(f"applied {name}")
    return _load_agencies(settings)


def _load_agencies(settings: Settings) -> int:
    from services.petitions.app import given_directory  # noqa: PLC0415
    from services.petitions.handlers.rulebook import load_agencies  # noqa: PLC0415

    async def load() -> int:
        async with Database(settings.database_url, name="petitions-agencies") as database:
            return await load_agencies(database, given_directory())

    print(f"{asyncio.run(load())} agencies")
    return 0


def _recalendar(settings: Settings) -> int:
    from services.petitions.app import Service  # noqa: PLC0415
    from shared.plumbing.clock import SystemClock  # noqa: PLC0415

    async def date_again() -> int:
        service = Service(settings, SystemClock())
        async with service.database:
            return await service.automatic.recalendar()

    print(f"{asyncio.run(date_again())} due dates changed")
    return 0


def _workflow() -> int:
    from services.petitions.domain.diagram import page  # noqa: PLC0415

    print(page(), end="")
    return 0


def _topics(settings: Settings) -> int:
    specs = [
        TopicSpec(t.name, t.partitions, t.retention_ms, settings.topic_replication)
        for t in topics_of("petitions")
    ]
    for name in asyncio.run(ensure_topics(settings.kafka, specs)):
        print(f"created {name}")
    return 0


def _verify(settings: Settings) -> int:
    async def look() -> tuple[Misfit | None, Head]:
        async with (
            Database(settings.database_url, name="petitions-verify") as database,
            database.connection() as conn,
        ):
            return await verify(conn), await head(conn)

    misfit, standing = asyncio.run(look())
    if misfit is not None:
        print(f"position {misfit.position}: {misfit.reason}", file=sys.stderr)
        return 1
    print(f"the log holds: {standing.position} events, head {standing.hash.hex() or 'none'}")
    return 0


def _import(settings: Settings, file: Path, *, dry_run: bool) -> int:
    """Import a file of rows (.csv or NDJSON); each row that is refused is said on stderr."""
    # Imported here so that the other commands start in a fraction of the time.
    from services.petitions.api.imports import CSV, NDJSON, import_rows, read_rows  # noqa: PLC0415
    from services.petitions.app import Service  # noqa: PLC0415

    rows = read_rows(file.read_bytes(), CSV if file.suffix.lower() == ".csv" else NDJSON)
    service = Service(settings, SystemClock())

    async def work() -> "ImportOut":
        async with service.database:
            return await import_rows(service.imports, rows, dry_run=dry_run)

    done = asyncio.run(work())
    for row in done.refused:
        print(f"row {row.row}: {row.code}: {row.detail_en}", file=sys.stderr)
    print(f"{done.rows} rows: {done.filed} new, {done.repeated} known, {len(done.refused)} refused")
    return 1 if done.refused else 0


_COMMANDS = {
    "serve": _serve,
    "migrate": _migrate,
    "topics": _topics,
    "verify": _verify,
    "load-agencies": _load_agencies,
    "recalendar": _recalendar,
}


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code: 0 done, 1 refused (the reason on stderr)."""
    parser = argparse.ArgumentParser(prog="python -m services.petitions", description=__doc__)
    parser.add_argument("command", choices=[*_COMMANDS, "workflow", "import"])
    parser.add_argument("file", nargs="?", type=Path, help="what `import` imports")
    parser.add_argument("--dry-run", action="store_true", help="`import` only reads the rows")
    given = parser.parse_args(arguments)
    if (given.command == "import") != (given.file is not None):
        parser.error("`import` needs a file, and nothing else takes one")
    if given.command == "workflow":
        return _workflow()
    settings = Settings()
    log.configure("petitions", settings.log_level)
    try:
        if given.command == "import":
            return _import(settings, given.file, dry_run=given.dry_run)
        return _COMMANDS[given.command](settings)
    except (MigrationRefused, TopicRefused, Refusal, Problem, OSError) as refused:
        print(refused, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
