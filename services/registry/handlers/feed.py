"""What a subscriber begins with and goes on from: the snapshot, and the log after a position."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from services.registry.handlers.streams import Streams
from services.registry.store import snapshot as store
from services.registry.store.snapshot import Cut, Line
from shared.plumbing import outbox
from shared.plumbing.outbox import Head, LoggedEvent
from shared.plumbing.outbox.watch import LogWatch
from shared.plumbing.postgres import Database

__all__ = ["Cut", "Feed", "Line"]


@dataclass(frozen=True)
class Feed:
    """The published log. Methods raise one of `postgres.UNAVAILABLE`."""

    database: Database
    watch: LogWatch
    streams: Streams

    async def after(
        self, position: int, limit: int, wait_seconds: float = 0.0
    ) -> tuple[list[LoggedEvent], Head]:
        """The stamped events that follow a position, without gaps, and where the log ends.

        Where none follows, waits for one, so many seconds at most; holds no connection meanwhile.
        """
        found, head = await self._read(position, limit)
        if found or wait_seconds <= 0 or not await self.watch.passes(position, wait_seconds):
            return found, head
        return await self._read(position, limit)

    async def snapshot(self) -> AsyncGenerator[Cut | list[Line], None]:
        """Yield the cut, then every subject as of it, in slices. Raises Problem `busy`.

        Exactly what the events up to the cut's position say: whoever takes it and follows the
        topic or the feed from there, keeping the highest sequence of each subject, ends with
        exactly the states of the register.
        """
        async with self.streams.snapshot() as conn:
            yield await store.cut(conn)
            async for lines in store.lines(conn):
                yield lines

    async def _read(self, position: int, limit: int) -> tuple[list[LoggedEvent], Head]:
        async with self.database.connection() as conn:
            head = await outbox.head(conn)
            return await outbox.feed(conn, position, limit), head
