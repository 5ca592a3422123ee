"""Refused records on their way to the rejected topic, and back to the intake after a fix."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from services.registry.store import parked
from services.registry.store.parked import RejectedRecord
from shared.plumbing.clock import Clock
from shared.plumbing.postgres import Database

Deliver = Callable[[list[RejectedRecord]], Awaitable[None]]


@dataclass(frozen=True)
class Which:
    """Refused records: of one code or all, refused since a moment or ever."""

    code: str | None = None
    since: datetime | None = None


class Rejects:
    """What was refused and is not in the rejected topic yet."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def send(self, deliver: Deliver, limit: int) -> int:
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

    async def waiting(self, which: Which) -> list[tuple[str, int]]:
        """(code, records) that were refused and not sent to the intake again."""
        async with self._database.connection() as conn:
            return await parked.count_unresent(conn, which.code, which.since)

    async def last(self) -> int:
        """The last refused record. What is refused anew while it is sent again stays out of it."""
        async with self._database.connection() as conn:
            return await parked.last_rejected(conn)

    async def resend(self, deliver: Deliver, which: Which, last: int, limit: int) -> int:
        """Hand refused records up to `last` to `deliver`, oldest first, and mark them; how many.

        At least once: the reference makes the fact happen once. Raises what `deliver` raises.
        """
        async with self._database.transaction() as conn:
            taken = await parked.take_unresent(conn, which.code, which.since, last, limit)
            if taken:
                await deliver([one for _, one in taken])
                await parked.mark_resent(conn, [row for row, _ in taken], self._clock.now())
            return len(taken)
