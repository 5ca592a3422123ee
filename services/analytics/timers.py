"""The clock door: what runs behind the consumer, now and then."""

import asyncio

from services.analytics.handlers.trail import Trail
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import UNAVAILABLE

log = get_logger(__name__)


async def follow_sequences(trail: Trail, every_seconds: float) -> None:
    """Check the sequences of new events for ever; a database that is away is waited for."""
    while True:
        try:
            checked = await trail.follow()
        except UNAVAILABLE as error:
            log.warning("sequence_check_waits", error=repr(error))
            checked = 0
        # Behind after a burst or a rebuild: go on at once, but let everything else have its turn.
        await asyncio.sleep(0.05 if checked else every_seconds)
