"""Proof beside the log's own: what the register says is what the log says."""

from services.registry.store import proof as store
from services.registry.store.proof import Stray
from shared.plumbing.log import get_logger
from shared.plumbing.outbox import head
from shared.plumbing.postgres import Connection, Database

__all__ = ["Stray", "find_stray", "log_head"]
_log = get_logger(__name__)


async def find_stray(conn: Connection) -> Stray | None:
    """Return the first subject whose row is not what its last event says; None when all are."""
    return await store.find_stray(conn)


async def log_head(database: Database) -> None:
    """Write the log's head where the database cannot reach it: `verify --head` takes it.

    Raises one of `postgres.UNAVAILABLE`.
    """
    async with database.connection() as conn:
        end = await head(conn)
    if end.position > 0:
        _log.info("log_head", head=end.mark, position=end.position, sent=end.sent)
