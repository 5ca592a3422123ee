"""What a subscriber begins with and goes on from: the snapshot, and the log after a position."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Final

from services.petitions.store import Written
from services.petitions.store import snapshot as store
from services.petitions.store.snapshot import Cut, Line
from shared.plumbing import outbox
from shared.plumbing.postgres import Database

__all__ = ["Cut", "Feed", "Line", "Written"]
_LOOK_EVERY: Final = 0.1
_TOGETHER: Final = 500


@dataclass
class Feed:
    """The published log of the petitions."""

    database: Database
    _look: "asyncio.Task[int] | None" = field(default=None, init=False)

    async def after(
        self, position: int, limit: int, wait_seconds: float = 0.0
    ) -> tuple[list[Written], int]:
        """Return the stamped events that follow a position, at most `limit`, and the log's end.

        Where none follows, waits for one, so many seconds at most.
        """
        found, end = await self._read(position, limit)
        if found or wait_seconds <= 0:
            return found, end
        try:
            async with asyncio.timeout(wait_seconds):
                while await self._next_look() <= position:
                    pass
        except TimeoutError:
            return found, end
        return await self._read(position, limit)

    async def snapshot(self) -> AsyncGenerator[Cut | list[Line], None]:
        """Yield the cut, then every petition as of it.

        Held by one read-only transaction: a reader that stalls is cut off by the server's limit
        on idle transactions.
        """
        async with self.database.transaction("repeatable_read", readonly=True) as conn:
            yield await store.cut(conn)
            async for lines in store.lines(conn, _TOGETHER):
                yield lines

    async def _read(self, position: int, limit: int) -> tuple[list[Written], int]:
        async with self.database.connection() as conn:
            end = await outbox.head(conn)
            found = await outbox.feed(conn, position, limit)
        events = [
            Written(
                *(e.position, e.ce_id, e.subject, e.sequence, e.type, e.recorded_at, e.data),
                *(e.partition, e.previous),
            )
            for e in found
        ]
        # The relay may have stamped more between the two looks.
        return events, max(end.position, found[-1].position if found else 0)

    async def _next_look(self) -> int:
        # One look for all who wait: their number does not matter to the database.
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._look_soon())
        return await asyncio.shield(self._look)

    async def _look_soon(self) -> int:
        await asyncio.sleep(_LOOK_EVERY)
        async with self.database.connection() as conn:
            return await store.stamped_through(conn)
