"""The plumbing on real servers: a database and a topic of its own for each test."""

import uuid
from collections.abc import AsyncIterator

import pytest

from shared.plumbing import idempotency, outbox
from shared.plumbing.kafka import offsets
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics
from shared.plumbing.migrate import migrate
from shared.plumbing.postgres import Database
from tests.support.servers import Servers, cloned, named, run_sql


@pytest.fixture(scope="session")
def kafka(servers: Servers) -> str:
    return servers.kafka


@pytest.fixture(scope="session")
async def template(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """The name of a database with every table that the plumbing brings."""
    folder = tmp_path_factory.mktemp("migrations")
    (folder / "0001_log.sql").write_text(outbox.SCHEMA)
    (folder / "0002_doors.sql").write_text(offsets.SCHEMA + idempotency.SCHEMA)
    name = f"plumbing_{uuid.uuid4().hex[:12]}"
    await migrate(named(servers.postgres, name), folder)
    yield name
    await run_sql(named(servers.postgres, "postgres"), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def dsn(servers: Servers, template: str) -> AsyncIterator[str]:
    """A database of the test's own."""
    async with cloned(servers.postgres, template) as found:
        yield found


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
