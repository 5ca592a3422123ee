"""What a subscriber begins with and goes on from: the snapshot, and the log after a position."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from services.petitions.store import Written
from services.petitions.store import snapshot as store
from services.petitions.store.snapshot import Cut, Line
from shared.plumbing import outbox
from shared.plumbing.outbox.watch import LogWatch
from shared.plumbing.postgres import Database

__all__ = ["Cut", "Feed", "Line", "Written"]
_TOGETHER: Final = 500


@dataclass(frozen=True)
class Feed:
    """The published log of the petitions."""

    database: Database
    watch: LogWatch

    async def after(
        self, position: int, limit: int, wait_seconds: float = 0.0
    ) -> tuple[list[Written], int]:
        """Return the stamped events that follow a position, at most `limit`, and the log's end.

        Where none follows, waits for one, so many seconds at most; holds no connection meanwhile.
        """
        found, end = await self._read(position, limit)
        if found or wait_seconds <= 0 or not await self.watch.passes(position, wait_seconds):
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
