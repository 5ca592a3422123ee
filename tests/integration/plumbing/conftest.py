"""Real servers for the plumbing: given ones from the environment first, then embedded ones."""

import asyncio
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from deploy.local.ports import Ports
from deploy.local.stack import Stack
from shared.plumbing import idempotency, outbox
from shared.plumbing.kafka import offsets
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics
from shared.plumbing.migrate import migrate
from shared.plumbing.postgres import Database


@dataclass(frozen=True)
class Servers:
    postgres: str
    kafka: str


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    postgres, kafka = os.environ.get("TEST_POSTGRES_DSN"), os.environ.get("TEST_KAFKA")
    if postgres and kafka:
        yield Servers(postgres, kafka)
        return
    with tempfile.TemporaryDirectory(prefix="caunoi-test-") as folder:
        Path(folder).chmod(0o755)
        with Stack(Path(folder), ports=Ports.free(), services=()) as stack:
            yield Servers(stack.database_url(), stack.addresses.kafka)


@pytest.fixture(scope="session")
def kafka(servers: Servers) -> str:
    return servers.kafka


def named(dsn: str, database: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


async def run_sql(dsn: str, statement: str) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


@pytest.fixture(scope="session")
async def template(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with every table that the plumbing brings."""
    folder = tmp_path_factory.mktemp("migrations")
    (folder / "0001_log.sql").write_text(outbox.SCHEMA)
    (folder / "0002_doors.sql").write_text(offsets.SCHEMA + idempotency.SCHEMA)
    name = f"plumbing_{uuid.uuid4().hex[:12]}"
    await migrate(named(servers.postgres, name), folder)
    return name


@pytest.fixture
async def dsn(servers: Servers, template: str) -> AsyncIterator[str]:
    """A database of the test's own."""
    name = f"plumbing_{uuid.uuid4().hex[:12]}"
    admin = named(servers.postgres, "postgres")
    await run_sql(admin, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield named(servers.postgres, name)
    await run_sql(admin, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with Database(dsn, name="test") as database:
        yield database


@pytest.fixture
async def topic(kafka: str) -> str:
    """A topic of the test's own, with four partitions."""
    name = f"plumbing.{uuid.uuid4().hex[:12]}"
    await ensure_topics(kafka, [TopicSpec(name, 4, None)])
    return name


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
