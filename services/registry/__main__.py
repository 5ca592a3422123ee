"""Commands: `serve`, `migrate`, `topics`, `verify`."""

import argparse
import asyncio
import sys
from pathlib import Path

from services.registry.settings import Settings
from shared.contracts.topics import topics_of
from shared.plumbing import log
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics
from shared.plumbing.migrate import migrate
from shared.plumbing.outbox import Head, Misfit, head, verify
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


def verify_log(settings: Settings) -> int:
    """Walk the event log; 1 when something in it does not fit."""

    async def walk() -> tuple[Misfit | None, Head]:
        async with (
            Database(settings.database_url, name="registry-verify", max_size=1) as database,
            database.connection() as conn,
        ):
            return await verify(conn), await head(conn)

    misfit, end = asyncio.run(walk())
    if misfit is not None:
        print(f"position {misfit.position}: {misfit.reason}")
        return 1
    print(f"the log fits up to position {end.position}, head {end.hash.hex()}")
    return 0


COMMANDS = {
    "serve": serve,
    "migrate": apply_migrations,
    "topics": make_topics,
    "verify": verify_log,
}


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.registry", description=__doc__)
    parser.add_argument("command", choices=list(COMMANDS))
    command = parser.parse_args(arguments).command
    settings = Settings()
    log.configure("registry", settings.log_level)
    return COMMANDS[command](settings)


if __name__ == "__main__":
    sys.exit(main())
