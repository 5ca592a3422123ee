"""Refused records on their way to the rejected topic."""

from collections.abc import Awaitable, Callable

from services.registry.store import parked
from services.registry.store.parked import RejectedRecord
from shared.plumbing.clock import Clock
from shared.plumbing.postgres import Database


class Rejects:
    """What was refused and is not in the rejected topic yet."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def send(
        self, deliver: Callable[[list[RejectedRecord]], Awaitable[None]], limit: int
    ) -> int:
        """Hand the oldest to `deliver` and mark them; how many. At least once.

        They are held meanwhile, so that two replicas do not send the same. Raises what `deliver`
        raises: then none of them is marked.
        """
        async with self._database.transaction() as conn:
            taken = await parked.take_unsent(conn, limit)
            if taken:
                await deliver([one for _, one in taken])
                await parked.mark_sent(conn, [row for row, _ in taken], self._clock.now())
            return len(taken)
