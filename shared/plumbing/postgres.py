"""Postgres: one pool with our settings, and the names other rooms use instead of asyncpg's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeAlias, TypeVar

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

Record: TypeAlias = asyncpg.Record
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Isolation: TypeAlias = Literal["read_committed", "repeatable_read", "serializable"]
UniqueViolation = asyncpg.UniqueViolationError
ConstraintViolation = asyncpg.IntegrityConstraintViolationError

ROLLED_BACK: tuple[type[Exception], ...] = (
    asyncpg.exceptions.LockNotAvailableError,
    asyncpg.exceptions.TransactionRollbackError,
)
"""Errors by which the server says that the transaction met another one and nothing of it is in."""

UNAVAILABLE: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    asyncpg.exceptions.LockNotAvailableError,
    asyncpg.exceptions.TransactionRollbackError,
    asyncpg.exceptions.InvalidCatalogNameError,
    asyncpg.InterfaceError,
    # An idle connection was told that the server goes, and the end of it has not arrived yet: the
    # driver says then that another operation is in progress.
    asyncpg.exceptions.InternalClientError,
    ConnectionError,
    TimeoutError,
)
"""Errors that say "not now": the server is gone, starting, full, or the work must be tried again.
None of them says that the work itself is wrong."""

_T = TypeVar("_T")


async def create_pool(
    dsn: str,
    *,
    name: str,
    min_size: int = 1,
    max_size: int = 10,
    command_timeout: float | None = None,
    lock_timeout_ms: int = 5_000,
    idle_in_transaction_ms: int = 30_000,
    bare_sessions: bool = False,
) -> Pool:
    """A pool with our codecs and time limits. Raises one of UNAVAILABLE when nobody answers.

    `name` is shown as application_name; `command_timeout` is in seconds. json and jsonb columns
    are read as Python values and written from them. With `bare_sessions` its users promise that
    they leave nothing in a session (SET, session locks, temporary tables): giving a connection
    back then costs no round trip. A transaction left open is rolled back all the same.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        timeout=5,
        command_timeout=command_timeout,
        init=prepare_connection,
        reset=_leave if bare_sessions else None,
        server_settings={
            "application_name": name,
            "timezone": "UTC",
            "lock_timeout": str(lock_timeout_ms),
            "idle_in_transaction_session_timeout": str(idle_in_transaction_ms),
        },
    )


async def prepare_connection(conn: Connection) -> None:
    """Give a fresh connection the json and jsonb codecs."""
    for name in ("json", "jsonb"):
        await conn.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=_encode_json,
            decoder=orjson.loads,
            format="text",
        )


async def _leave(_: Connection) -> None:
    """Nothing to undo: asyncpg itself has ended the transaction."""


def _encode_json(value: Any) -> str:
    return orjson.dumps(value).decode()


class Database:
    """A pool that is opened and closed with its service.

    Use as `async with database.transaction() as conn`. Methods raise one of UNAVAILABLE when the
    server cannot be had, RuntimeError when used before `open`.
    """

    def __init__(
        self,
        dsn: str,
        *,
        name: str,
        min_size: int = 1,
        max_size: int = 10,
        bare_sessions: bool = False,
    ) -> None:
        self.dsn = dsn
        self.name = name
        self._sizes = (min_size, max_size)
        self._bare = bare_sessions
        self._pool: Pool | None = None

    @property
    def pool(self) -> Pool:
        """The open pool."""
        if self._pool is None:
            raise RuntimeError("the database is not open")
        return self._pool

    async def open(self) -> None:
        """Open the pool; nothing happens when it is open."""
        if self._pool is None:
            low, high = self._sizes
            self._pool = await create_pool(
                self.dsn, name=self.name, min_size=low, max_size=high, bare_sessions=self._bare
            )

    async def close(self) -> None:
        """Close the pool: 5 seconds for what still runs, then at once."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            await asyncio.wait_for(pool.close(), 5)
        except TimeoutError:
            pool.terminate()

    async def __aenter__(self) -> "Database":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection outside of a transaction. TimeoutError after 5 s without a free one."""
        async with self.pool.acquire(timeout=5) as conn:
            yield conn

    @asynccontextmanager
    async def transaction(
        self, isolation: Isolation = "read_committed", *, readonly: bool = False
    ) -> AsyncIterator[Connection]:
        """A connection inside of a transaction, committed at the end, rolled back on any error."""
        async with (
            self.pool.acquire(timeout=5) as conn,
            conn.transaction(isolation=isolation, readonly=readonly),
        ):
            yield conn

    async def check(self) -> None:
        """Pass when the database answers: a health check."""
        async with self.connection() as conn:
            await conn.fetchval("SELECT 1")


async def retry_serialization(work: Callable[[], Awaitable[_T]], *, attempts: int = 5) -> _T:
    """Run a whole transaction again when Postgres says that it met another one.

    `work` opens its own transaction. The last attempt's error is raised.
    """
    for attempt in range(1, attempts):
        try:
            return await work()
        except asyncpg.exceptions.TransactionRollbackError:
            await asyncio.sleep(0.005 * 2**attempt)
    return await work()
