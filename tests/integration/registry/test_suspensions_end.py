"""The timer of suspensions in a process of its own: at once after a start, once in its life."""

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.registry.app import Service
from services.registry.consumer import read
from services.registry.settings import Settings
from shared.plumbing.clock import FixedClock, SystemClock, legal_date
from shared.plumbing.postgres import Connection, Database
from tests.integration.registry.bodies import CODE, Topic, change, enterprise
from tests.integration.registry.test_process import Process, kafka, process
from tests.support.servers import until

__all__ = ["kafka", "process"]
RESUMED = "SELECT count(*) FROM event WHERE type = 'vn.caunoi.EntityResumed.v1'"


async def test_what_ended_while_nothing_ran_is_ended_at_the_next_start_and_not_again(
    process: Process, dsn: str
) -> None:
    process.end(signal.SIGKILL)
    today = legal_date(SystemClock().now())
    last = today - timedelta(days=3)
    earlier = datetime(last.year, last.month, last.day, 3, tzinfo=UTC)
    settings = Settings(database_url=dsn, kafka="127.0.0.1:1", tokens=Path("none"))
    then = Service(settings, FixedClock(earlier))
    topic = Topic()
    records = [
        topic.fact("EnterpriseRegistered", enterprise()),
        topic.fact(
            "EntitySuspended",
            change("", (last - timedelta(days=9)).isoformat(), "S", code=CODE, until=str(last)),
        ),
    ]

    async def take(conn: Connection) -> object:
        return await then.registrar.take_in(conn, [read(record) for record in records])

    async with then.database:
        await then.registrar.transaction(take)
    async with Database(dsn, name="test") as database, database.connection() as conn:
        assert await conn.fetchval(RESUMED) == 0
        await process.start()

        async def ended() -> bool:
            return bool(await conn.fetchval(RESUMED))

        await until(ended, what="the suspension has ended by its date")
        process.end(signal.SIGKILL)
        await process.start()
        await asyncio.gather(*(end(settings) for _ in range(2)))
        assert await conn.fetchval(RESUMED) == 1
        on = await conn.fetchval("SELECT facts -> 2 ->> 'on' FROM entity")
        assert on == (last + timedelta(days=1)).isoformat()


async def end(settings: Settings) -> None:
    """Do what the timer of one more replica does."""
    replica = Service(settings, SystemClock())
    async with replica.database:
        assert await replica.registrar.end_suspensions() == 0
