"""Commands of the analytics service: `python -m services.analytics <command>`."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from services.analytics.settings import Settings
from shared.contracts.topics import topics_of
from shared.plumbing import log
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics
from shared.plumbing.migrate import migrate
from shared.plumbing.postgres import Database

MIGRATIONS = Path(__file__).parent / "migrations"
Work = Callable[[Settings, Database, argparse.Namespace], Awaitable[int]]


def serve(settings: Settings) -> int:
    """Serve HTTP and consume until a signal."""
    # Imported here so that the other commands start in a fraction of the time.
    from services.analytics.app import build  # noqa: PLC0415
    from shared.plumbing.collector import rarely  # noqa: PLC0415
    from shared.plumbing.http import serve as run  # noqa: PLC0415

    rarely()
    run(build(settings), settings.host, settings.port)
    return 0


async def make_topics(settings: Settings) -> int:
    """Make the topics that analytics owns."""
    specs = [
        TopicSpec(t.name, t.partitions, t.retention_ms, settings.topic_replication)
        for t in topics_of("analytics")
    ]
    for name in await ensure_topics(settings.kafka, specs):
        print(f"created {name}")
    return 0


async def rebuild(settings: Settings, database: Database, _: argparse.Namespace) -> int:
    """Rebuild the figures beside the live ones, compare, swap."""
    from services.analytics.consumer import ConsumerSettings  # noqa: PLC0415
    from services.analytics.consumer.replay import Replay, ReplayBroken  # noqa: PLC0415
    from services.analytics.handlers.rebuild import Rebuild, RebuildRefused  # noqa: PLC0415

    reading = ConsumerSettings(settings.kafka, "none", f"rebuild-{settings.instance}")
    try:
        done = await Rebuild(database, lambda p: Replay(reading, p), print).run()
    except (RebuildRefused, ReplayBroken) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    print(
        f"generation {done.new} is live: {done.records:,} records in {done.seconds:.1f} s, digest "
        f"{done.digest[:16]}; generation {done.old} is kept until `drop-generation {done.old}`"
    )
    return 0


async def verify(_: Settings, database: Database, __: argparse.Namespace) -> int:
    """Make every figure again from the ledger and say any difference."""
    from services.analytics.handlers.verify import SHOWN, Verify  # noqa: PLC0415

    verdict = await Verify(database).run()
    for difference in verdict.differences[:SHOWN]:
        print(difference)
    print(
        f"generation {verdict.generation}: {verdict.lines:,} lines, {verdict.cells:,} cells, "
        f"{len(verdict.differences)} differences"
    )
    return 0 if verdict.sound else 1


async def list_generations(_: Settings, database: Database, __: argparse.Namespace) -> int:
    """List the generations."""
    from services.analytics.store import generations  # noqa: PLC0415

    async with database.connection() as conn:
        for number, state in await generations.generations(conn):
            print(f"{number}\t{state}")
    return 0


async def drop_generation(_: Settings, database: Database, given: argparse.Namespace) -> int:
    """Delete a generation that is not live."""
    from services.analytics.store import generations  # noqa: PLC0415

    async with database.transaction() as conn:
        gone = await generations.drop_generation(conn, given.number)
    print(f"generation {given.number} " + ("is deleted" if gone else "is live, or there is none"))
    return 0 if gone else 1


async def list_letters(_: Settings, database: Database, given: argparse.Namespace) -> int:
    """List parked records that wait."""
    from services.analytics.handlers.dead_letters import Letters  # noqa: PLC0415

    for letter in await Letters(database).waiting(limit=given.limit):
        place = f"{letter.topic}/{letter.partition}@{letter.offset}"
        print(f"{letter.id}\t{place}\t{letter.code}\t{letter.detail}")
    return 0


async def apply_letters(_: Settings, database: Database, given: argparse.Namespace) -> int:
    """Apply parked records after a fix."""
    from services.analytics.handlers.dead_letters import Letters  # noqa: PLC0415
    from shared.contracts.catalogue import Refused  # noqa: PLC0415

    letters, left = Letters(database), 0
    numbers = given.number or [one.id for one in await letters.waiting(limit=1_000_000)]
    for number in numbers:
        try:
            fact = await letters.apply(number)
            print(f"{number}\t" + ("applied" if fact else "does not wait"))
        except Refused as refused:
            left += 1
            print(f"{number}\tstill refused: {refused}")
    return 1 if left else 0


async def dismiss_letters(_: Settings, database: Database, given: argparse.Namespace) -> int:
    """Give parked records up."""
    from services.analytics.handlers.dead_letters import Letters  # noqa: PLC0415

    for number in given.number:
        gone = await Letters(database).dismiss(number)
        print(f"{number}\t" + ("dismissed" if gone else "does not wait"))
    return 0


async def with_database(work: Work, settings: Settings, given: argparse.Namespace) -> int:
    """Run a command that needs the database."""
    async with Database(settings.database_url, name="analytics-command") as database:
        return await work(settings, database, given)


async def apply_migrations(settings: Settings) -> int:
    """Bring the database's schema up to date."""
    for name in await migrate(settings.database_url, MIGRATIONS):
        print(f"applied {name}")
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    root = argparse.ArgumentParser(prog="python -m services.analytics", description=__doc__)
    commands = root.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("serve", help="serve HTTP and consume")
    commands.add_parser("migrate", help="bring the schema up to date")
    commands.add_parser("topics", help="make the topics")
    for name, work in _WITH_DATABASE.items():
        one = commands.add_parser(name, help=work.__doc__)
        if name == "drop-generation":
            one.add_argument("number", type=int)
        if name == "dead-letters":
            one.add_argument("--limit", type=int, default=100)
        if name == "apply-dead-letters":
            one.add_argument("number", type=int, nargs="*", help="all that wait by default")
        if name == "dismiss-dead-letters":
            one.add_argument("number", type=int, nargs="+")
    return root


_WITH_DATABASE: dict[str, Work] = {
    "rebuild": rebuild,
    "verify": verify,
    "generations": list_generations,
    "drop-generation": drop_generation,
    "dead-letters": list_letters,
    "apply-dead-letters": apply_letters,
    "dismiss-dead-letters": dismiss_letters,
}


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code."""
    given = parser().parse_args(arguments)
    settings = Settings()
    log.configure("analytics", settings.log_level)
    if given.command == "serve":
        return serve(settings)
    if given.command == "migrate":
        return asyncio.run(apply_migrations(settings))
    if given.command == "topics":
        return asyncio.run(make_topics(settings))
    return asyncio.run(with_database(_WITH_DATABASE[given.command], settings, given))


if __name__ == "__main__":
    sys.exit(main())
