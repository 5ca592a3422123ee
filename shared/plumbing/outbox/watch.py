"""Waiting for the log to grow: one listening connection for all who wait in a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

from shared.plumbing.log import get_logger
from shared.plumbing.postgres import UNAVAILABLE

_log = get_logger(__name__)
_LONGEST_PAUSE = 5.0
_LOST: tuple[type[Exception], ...] = (*UNAVAILABLE, OSError, asyncpg.PostgresError)

ANNOUNCE = """\
-- Whoever waits for the log to grow is told when the relay has stamped.
CREATE FUNCTION announce_stamped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('caunoi_stamped', NEW.stamped_through::text);
    RETURN NULL;
END $$;
CREATE TRIGGER relay_announces AFTER INSERT OR UPDATE OF stamped_through ON relay
    FOR EACH ROW EXECUTE FUNCTION announce_stamped();
"""
"""What tells the watch, to be copied whole into a migration of the service."""
CHANNEL = "caunoi_stamped"


class LogWatch:
    """Knows how far the log of a database is stamped, as soon as it is, by LISTEN alone.

    `passes` waits without a connection and without asking the server.
    """

    def __init__(self, dsn: str, name: str) -> None:
        self._dsn, self._name = dsn, name
        self._position = 0
        self._grown = asyncio.Event()
        self._over = False
        self.waiting = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["LogWatch"]:
        """Listen in the background within the block; at its end everybody is let go."""
        self._over = False
        task = asyncio.create_task(self._run(), name=f"watch {self._name}")
        try:
            yield self
        finally:
            self.release()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def passes(self, position: int, seconds: float) -> bool:
        """Wait until the log goes on after a position; False when it did not in that time.

        True means: look. It is also said when the watch cannot know, after its connection was
        lost, and at its end.
        """
        if self._over or self._position > position:
            return True
        self.waiting += 1
        try:
            async with asyncio.timeout(seconds):
                while True:
                    grown = self._grown
                    await grown.wait()
                    if self._position > position or self._position == 0:
                        return True
        except TimeoutError:
            return False
        finally:
            self.waiting -= 1

    def release(self) -> None:
        """Let everybody go who waits, and whoever comes from now on: the service stops."""
        self._over = True
        self._doubt()

    def _doubt(self) -> None:
        """Let everybody who waits look for himself."""
        self._position = 0
        self._wake()

    def _wake(self) -> None:
        # Whoever waits holds the old event; whoever comes later gets the new one.
        self._grown.set()
        self._grown = asyncio.Event()

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._listen()
                failures = 0
            except _LOST as error:
                failures += 1
                _log.warning("watch_retries", reason=f"{type(error).__name__}: {error}")
            self._doubt()
            await asyncio.sleep(min(0.1 * 2 ** min(failures, 6), _LONGEST_PAUSE))

    async def _listen(self) -> None:
        """Listen until the connection is lost."""
        lost = asyncio.Event()
        conn = await asyncpg.connect(
            self._dsn,
            timeout=5,
            server_settings={
                "application_name": f"{self._name}-watch",
                # A connection that only listens sends nothing: the kernel asks for it.
                "tcp_keepalives_idle": "30",
            },
        )
        try:
            conn.add_termination_listener(lambda _: lost.set())
            await conn.add_listener(CHANNEL, self._told)
            # What was stamped before the listening began.
            stamped = await conn.fetchval("SELECT stamped_through FROM relay")
            self._advance(int(stamped or 0))
            await lost.wait()
        finally:
            conn.terminate()

    def _told(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        self._advance(int(str(payload)))

    def _advance(self, position: int) -> None:
        if position > self._position:
            self._position = position
            self._wake()
