"""Real servers for tests: given ones from the environment first, then embedded ones."""

import asyncio
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from deploy.local.ports import Ports
from deploy.local.stack import Stack
from shared.contracts.topics import TOPICS
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics


@dataclass(frozen=True)
class Servers:
    """`postgres` is the DSN of the server's own database, `kafka` the bootstrap address."""

    postgres: str
    kafka: str


@contextmanager
def servers_of_the_session() -> Iterator[Servers]:
    """Yield the servers named by TEST_POSTGRES_DSN and TEST_KAFKA, else start embedded ones."""
    postgres, kafka = os.environ.get("TEST_POSTGRES_DSN"), os.environ.get("TEST_KAFKA")
    if postgres and kafka:
        yield Servers(postgres, kafka)
        return
    with tempfile.TemporaryDirectory(prefix="caunoi-test-") as folder:
        # The servers run as another user when we are root.
        Path(folder).chmod(0o755)
        with Stack(Path(folder), ports=Ports.free(), services=()) as stack:
            yield Servers(stack.database_url(), stack.addresses.kafka)


def named(dsn: str, database: str) -> str:
    """Return the DSN of another database on the same server."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


async def run_sql(dsn: str, statement: str) -> None:
    """Run one statement outside of a transaction."""
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


@asynccontextmanager
async def cloned(server: str, template: str) -> AsyncIterator[str]:
    """Yield the DSN of a database of the test's own, cloned from a migrated template."""
    name = f"t_{uuid.uuid4().hex[:16]}"
    await run_sql(named(server, "postgres"), f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield named(server, name)
    finally:
        await run_sql(named(server, "postgres"), f"DROP DATABASE {name} WITH (FORCE)")


async def make_topics(kafka: str) -> None:
    """Make the product's topics."""
    await ensure_topics(kafka, [TopicSpec(t.name, t.partitions, t.retention_ms) for t in TOPICS])


async def until(
    holds: Callable[[], Awaitable[bool]], *, what: str = "", seconds: float = 60
) -> None:
    """Wait for a condition; fail with `what` when it never comes."""
    try:
        async with asyncio.timeout(seconds):
            while not await holds():
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"never came: {what}")
