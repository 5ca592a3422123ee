"""The clock door: gives the alarms that are due, at once after a start and then every so often."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.plumbing.log import get_logger
from shared.plumbing.postgres import UNAVAILABLE

_log = get_logger(__name__)
_LONGEST_PAUSE = 60.0


async def repeat(name: str, seconds: float, work: Callable[[], Awaitable[int]]) -> None:
    """Do `work` every so many seconds, for ever; after an error a little later each time."""
    failures = 0
    while True:
        try:
            done = await work()
            failures = 0
            if done:
                _log.info("timer_worked", timer=name, done=done)
        except UNAVAILABLE as error:
            failures += 1
            _log.warning("timer_retries", timer=name, reason=f"{type(error).__name__}: {error}")
        except Exception:
            failures += 1
            _log.exception("timer_failed", timer=name)
        await asyncio.sleep(min(seconds * 2 ** min(failures, 6), max(_LONGEST_PAUSE, seconds)))
