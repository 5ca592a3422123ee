"""The petitions answer as their document says, whatever is sent: no 5xx, nothing undocumented."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.petitions.app import Service, application
from services.petitions.settings import Settings
from shared.plumbing.auth import Principal
from shared.plumbing.clock import SystemClock
from shared.plumbing.migrate import migrate
from tests.conftest import LONG
from tests.support.servers import Servers, named, until

MIGRATIONS = Path(__file__).parents[2] / "services/petitions/migrations"
EXAMPLES = 100 if LONG else 12
# Need the relay and Kafka, which are not there; tested with them elsewhere.
ELSEWHERE = ("/healthz", "/readyz")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


class Anybody:
    """Whoever comes may do everything."""

    async def find(self, token: str) -> Principal | None:
        scopes = {
            "petitions:file",
            "petitions:handle",
            "petitions:review",
            "figures:read",
            "operate",
        }
        return Principal("fuzz", "STC", frozenset(scopes))


@pytest.fixture(scope="module")
def base_url(servers: Servers) -> Iterator[str]:
    """The HTTP door over a database of its own, served by a thread with its own loop."""
    dsn = named(servers.postgres, "petitions_schemathesis")
    asyncio.run(migrate(dsn, MIGRATIONS))
    served = _Served(dsn)
    thread = threading.Thread(target=served.run, daemon=True)
    thread.start()
    assert served.ready.wait(30)
    yield served.url
    served.server.should_exit = True
    thread.join(10)


class _Served:
    def __init__(self, dsn: str) -> None:
        where = Settings(database_url=dsn, kafka="127.0.0.1:1", tokens=Path("none"))
        self.service = Service(where, SystemClock())
        app = application(self.service, Anybody())
        config = uvicorn.Config(app, "127.0.0.1", 0, log_config=None, lifespan="off")
        self.server = uvicorn.Server(config)
        self.ready = threading.Event()
        self.url = ""

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        async with self.service.database:
            serving = asyncio.create_task(self.server.serve())

            async def started() -> bool:
                return self.server.started

            await until(started, what="the door is open")
            port = self.server.servers[0].sockets[0].getsockname()[1]
            self.url = f"http://127.0.0.1:{port}"
            self.ready.set()
            await serving


def document() -> dict[str, Any]:
    where = Settings(database_url="", kafka="127.0.0.1:1", tokens=Path("none"))
    return application(Service(where, SystemClock()), Anybody()).openapi()


DOCUMENT = document()
OPERATIONS = [
    (path, method)
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
    if path not in ELSEWHERE
]


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=" ".join)
def test_every_answer_is_in_the_document(base_url: str, path: str, method: str) -> None:
    operation = schemathesis.openapi.from_dict(DOCUMENT)[path][method]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        if case.query and "wait" in case.query:
            # Nobody writes meanwhile: it would only wait.
            case.query["wait"] = 0
        answer = case.call(base_url=base_url, headers={"authorization": "Bearer x"}, timeout=30)
        case.validate_response(answer, checks=CHECKS)

    ask()
