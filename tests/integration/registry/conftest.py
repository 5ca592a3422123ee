"""The registry on a real Postgres: a database of its own for each test."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from services import registry
from services.registry.app import Service, application
from services.registry.settings import Settings
from shared.plumbing.auth import Principal
from shared.plumbing.clock import FixedClock
from shared.plumbing.migrate import migrate
from shared.plumbing.postgres import Connection
from tests.support.servers import Servers, cloned, named, run_sql

MIGRATIONS = Path(registry.__file__).parent / "migrations"
CONFERENCE = datetime(2025, 9, 12, 2, 0, tzinfo=UTC)


class Tokens:
    """Principals whose token is their name: dkkd feeds and reads, reader reads."""

    async def find(self, token: str) -> Principal | None:
        scopes = {"dkkd": {"registry:feed", "registry:read"}, "reader": {"registry:read"}}
        found = scopes.get(token)
        return None if found is None else Principal(token, None, frozenset(found))


@pytest.fixture(scope="session")
async def template(servers: Servers) -> AsyncIterator[str]:
    name = f"registry_{uuid.uuid4().hex[:12]}"
    await migrate(named(servers.postgres, name), MIGRATIONS)
    yield name
    await run_sql(named(servers.postgres, "postgres"), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def dsn(servers: Servers, template: str) -> AsyncIterator[str]:
    async with cloned(servers.postgres, template) as found:
        yield found


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(CONFERENCE)


@pytest.fixture
async def service(dsn: str, clock: FixedClock) -> AsyncIterator[Service]:
    """A service whose Kafka is nowhere: its use cases and its HTTP door."""
    made = Service(Settings(database_url=dsn, kafka="127.0.0.1:1", tokens=Path("none")), clock)
    async with made.database:
        yield made


@pytest.fixture
async def conn(service: Service) -> AsyncIterator[Connection]:
    async with service.database.connection() as found:
        yield found


@pytest.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the HTTP door, in the name of dkkd."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=application(service, Tokens())),
        base_url="http://registry",
        headers={"authorization": "Bearer dkkd"},
        timeout=60,
    ) as client:
        yield client
