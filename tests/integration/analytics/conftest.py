"""Analytics on a real Postgres: a database of its own for each test."""

import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
from fastapi import FastAPI

from services import analytics
from services.analytics.app import Service, build
from services.analytics.handlers.apply import Applier
from services.analytics.settings import Settings
from shared.plumbing.auth import Principal
from shared.plumbing.clock import FixedClock
from shared.plumbing.migrate import migrate
from shared.plumbing.postgres import Database
from tests.support.servers import Servers, cloned, named

MIGRATIONS = Path(analytics.__file__).parent / "migrations"
CONFERENCE = datetime(2025, 9, 12, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
async def template(servers: Servers) -> str:
    name = f"analytics_{uuid.uuid4().hex[:12]}"
    await migrate(named(servers.postgres, name), MIGRATIONS)
    return name


@pytest.fixture
async def dsn(servers: Servers, template: str) -> AsyncIterator[str]:
    async with cloned(servers.postgres, template) as found:
        yield found


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with Database(dsn, name="test") as found:
        yield found


@pytest.fixture
async def applier(database: Database) -> Applier:
    return await Applier.of_live(database, writer=1)


class Tokens:
    """Principals whose token is their name."""

    _known: ClassVar = {
        "reader": Principal("reader", None, frozenset({"figures:read"})),
        "planner": Principal("planner", "STC", frozenset({"figures:read", "plans:set"})),
    }

    async def find(self, token: str) -> Principal | None:
        return self._known.get(token)


@pytest.fixture
async def app(dsn: str) -> AsyncIterator[FastAPI]:
    settings = Settings(database_url=dsn, kafka="127.0.0.1:1", tokens=Path("none"))
    service = Service(settings, FixedClock(CONFERENCE))
    built = build(settings, service=service, principals=Tokens(), with_consumer=False)
    async with built.router.lifespan_context(built):
        yield built


@pytest.fixture
async def as_(app: FastAPI) -> AsyncIterator[Callable[[str], httpx.AsyncClient]]:
    """Return clients of the service by principal: `as_("reader")`."""
    clients: list[httpx.AsyncClient] = []

    def client(name: str) -> httpx.AsyncClient:
        made = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://analytics",
            headers={"authorization": f"Bearer {name}"} if name else {},
        )
        clients.append(made)
        return made

    yield client
    for made in clients:
        await made.aclose()
