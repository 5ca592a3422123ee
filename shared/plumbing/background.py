"""What a service does beside its doors: it waits for its servers, works by the clock, and ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol

from shared.plumbing.kafka.clients import KAFKA_UNAVAILABLE
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import UNAVAILABLE, Database

_log = get_logger(__name__)
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 10.0
_LONGEST_PAUSE: Final = 10.0


class Startable(Protocol):
    """A broker."""

    async def start(self) -> None:
        """Begin. Raises one of KAFKA_UNAVAILABLE."""
        ...


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[None]:
    """Keep a database open within the block; a server that is still starting is waited for.

    Raises TimeoutError after half a minute.
    """
    async with asyncio.timeout(_START_SECONDS):
        while True:
            try:
                await database.open()
                break
            except UNAVAILABLE as error:
                _log.warning("database_awaited", reason=f"{type(error).__name__}: {error}")
                await asyncio.sleep(0.5)
    try:
        yield
    finally:
        await database.close()


async def listen(broker: Startable) -> None:
    """Start a Kafka door; a Kafka that is away is waited for, for as long as it takes."""
    while True:
        try:
            return await broker.start()
        except KAFKA_UNAVAILABLE as error:
            _log.warning("kafka_awaited", reason=f"{type(error).__name__}: {error}")
            await asyncio.sleep(1)


async def repeat(name: str, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Do `work` every so many seconds, for ever; after an error a little later each time.

    A number that it returns is how much was done, and is logged where it is not 0.
    """
    failures = 0
    while True:
        try:
            done = await work()
            failures = 0
            if isinstance(done, int) and done:
                _log.info("timer_worked", timer=name, done=done)
        except (*UNAVAILABLE, *KAFKA_UNAVAILABLE) as error:
            failures += 1
            _log.warning("timer_retries", timer=name, reason=f"{type(error).__name__}: {error}")
        except Exception:
            failures += 1
            _log.exception("timer_failed", timer=name)
        await asyncio.sleep(min(seconds * 2 ** min(failures, 6), max(_LONGEST_PAUSE, seconds)))


async def attempt(what: str, work: Callable[[], Awaitable[object]]) -> None:
    """Close one thing, in ten seconds at most; another must still be closed when it fails."""
    try:
        await asyncio.wait_for(work(), _STOP_SECONDS)
    except Exception as error:
        _log.warning("stop_failed", what=what, reason=f"{type(error).__name__}: {error}")
