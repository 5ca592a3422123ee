"""A database of its own for each test, cloned from a migrated template."""

import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services import petitions
from services.petitions.app import Service, application
from services.petitions.settings import Settings
from shared.plumbing.auth import Principal
from shared.plumbing.clock import FixedClock
from shared.plumbing.migrate import migrate
from shared.plumbing.postgres import Connection
from tests.support.servers import Servers, cloned, named, run_sql

MIGRATIONS = Path(petitions.__file__).parent / "migrations"


@pytest.fixture(scope="session")
async def template(servers: Servers) -> AsyncIterator[str]:
    name = f"petitions_{uuid.uuid4().hex[:12]}"
    await migrate(named(servers.postgres, name), MIGRATIONS)
    yield name
    await run_sql(named(servers.postgres, "postgres"), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def dsn(servers: Servers, template: str) -> AsyncIterator[str]:
    """A migrated, empty database."""
    async with cloned(servers.postgres, template) as found:
        yield found


class Tokens:
    """Principals whose token is their name."""

    def __init__(self, *principals: Principal) -> None:
        self._known = {principal.name: principal for principal in principals}

    async def find(self, token: str) -> Principal | None:
        return self._known.get(token)


def _officer(agency: str) -> Principal:
    return Principal(agency, agency, frozenset({"petitions:handle"}))


PRINCIPALS = (
    Principal("portal", None, frozenset({"petitions:file"})),
    Principal("reader", None, frozenset({"figures:read"})),
    Principal("operator", None, frozenset({"operate"})),
    Principal("portal-2", None, frozenset({"petitions:file"})),
    Principal("stranger", None, frozenset()),
    Principal("reviewer", "STC", frozenset({"petitions:review"})),
    *(_officer(agency) for agency in ("STC", "SXD", "VPUB", "SNNMT")),
)
# A Monday morning in Vietnam.
MORNING = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MORNING)


@pytest.fixture
async def service(dsn: str, clock: FixedClock) -> AsyncIterator[Service]:
    settings = Settings(database_url=dsn, kafka="127.0.0.1:1", tokens=Path("none"))
    made = Service(settings, clock)
    # Without the lifespan: no relay, so that what waits in the outbox stays there.
    async with made.database, made.watch.running():
        yield made


@pytest.fixture
def app(service: Service) -> FastAPI:
    return application(service, Tokens(*PRINCIPALS))


@pytest.fixture
async def as_(app: FastAPI) -> AsyncIterator[Callable[[str], httpx.AsyncClient]]:
    """Return clients of the service by principal: `as_("STC")`."""
    clients: dict[str, httpx.AsyncClient] = {}

    def client(name: str) -> httpx.AsyncClient:
        return clients.setdefault(
            name,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
                base_url="http://petitions",
                headers={"authorization": f"Bearer {name}"} if name else {},
            ),
        )

    yield client
    for made in clients.values():
        await made.aclose()


@pytest.fixture
async def sql(dsn: str) -> AsyncIterator[Connection]:
    """A connection of our own to look into the tables."""
    conn = await asyncpg.connect(dsn)
    yield conn
    await conn.close()
