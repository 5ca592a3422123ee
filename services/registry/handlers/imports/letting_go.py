"""Ended imports let their rows go after a time; what they were and what they did stays."""

from datetime import timedelta
from typing import Final

from services.registry.store import imports as store
from shared.plumbing.clock import Clock
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import Database

_log = get_logger(__name__)
_SLICE: Final = 10_000
TORN_AFTER: Final = timedelta(hours=6)
"""How long a file may come; what is left of one that never ended is removed whole."""


async def let_go(database: Database, clock: Clock, kept: timedelta) -> int:
    """Remove the rows of imports that ended longer ago than `kept`; how many imports.

    Short transactions, by any number of replicas at once; one that is cut short goes on at the
    next call. Raises one of `postgres.UNAVAILABLE`.
    """
    now, done = clock.now(), 0
    async with database.connection() as conn:
        await store.forget_torn(conn, now - TORN_AFTER)
        while (import_id := await store.next_to_remove(conn, now - kept)) is not None:
            rows = 0
            while removed := await store.remove_rows(conn, import_id, _SLICE):
                rows += removed
            await store.note_removed(conn, import_id, now)
            _log.info("import_rows_removed", id=import_id, rows=rows)
            done += 1
    return done
