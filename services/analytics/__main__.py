"""Commands: `serve`, `migrate`, `topics`."""

import argparse
import asyncio
import sys
from pathlib import Path

from services.analytics.settings import Settings
from shared.contracts.topics import topics_of
from shared.plumbing import log
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics
from shared.plumbing.migrate import migrate

MIGRATIONS = Path(__file__).parent / "migrations"


def serve(settings: Settings) -> None:
    """Serve HTTP and consume until a signal."""
    # Imported here so that the other commands start in a fraction of the time.
    from services.analytics.app import build  # noqa: PLC0415
    from shared.plumbing.http import serve as run  # noqa: PLC0415

    run(build(settings), settings.host, settings.port)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.analytics", description=__doc__)
    parser.add_argument("command", choices=["serve", "migrate", "topics"])
    command = parser.parse_args(arguments).command
    settings = Settings()
    log.configure("analytics", settings.log_level)
    if command == "serve":
        serve(settings)
    elif command == "migrate":
        for name in asyncio.run(migrate(settings.database_url, MIGRATIONS)):
            print(f"applied {name}")
    else:
        specs = [
            TopicSpec(t.name, t.partitions, t.retention_ms, settings.topic_replication)
            for t in topics_of("analytics")
        ]
        for name in asyncio.run(ensure_topics(settings.kafka, specs)):
            print(f"created {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
