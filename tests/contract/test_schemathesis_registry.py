"""The registry answers as its document says, whatever is sent: no 5xx, nothing undocumented."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.registry.app import Service, application
from services.registry.settings import Settings
from shared.plumbing.auth import Principal
from shared.plumbing.clock import SystemClock
from shared.plumbing.migrate import migrate
from tests.conftest import LONG, SEED
from tests.support.servers import Servers, named, until

MIGRATIONS = Path(__file__).parents[2] / "services/registry/migrations"
EXAMPLES = 100 if LONG else 15
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
        scopes = {"registry:feed", "registry:read", "operate"}
        return Principal("fuzz", None, frozenset(scopes))


@pytest.fixture(scope="module")
def base_url(servers: Servers) -> Iterator[str]:
    """The HTTP door over a database of its own, served by a thread with its own loop."""
    dsn = named(servers.postgres, "registry_schemathesis")
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


# The document cannot say what a check digit is, nor which communes there are: without these the
# doors would never be passed.
GOOD: dict[str, list[Any]] = {
    "code": ["4900000017", "4900000070", "0100233488", "4900000017-001", "0312687878"],
    "parent": ["4900000017"],
    "commune": ["06001"],
    "on": ["2024-03-10", "2025-03-10", "2025-05-01"],
    "industry": [{"scheme": "vsic2025", "code": "4711"}],
    "origin": ["live"],
    "until": ["2025-08-01"],
    "name": ["Công ty Mẫu", "=1+1"],
    "capital_vnd": [0, 10_000_000_000, 10**15],
    "reason": ["sai sót khi nhập"],
    "reference": [f"R-{number}" for number in range(200)],
}


def mend(case: Any, data: st.DataObject) -> None:
    """Put good values in the place of some that were made up."""
    for place in (case.path_parameters, case.body):
        if isinstance(place, dict):
            for name in place.keys() & GOOD.keys():
                if data.draw(st.integers(0, 19)) < 19:
                    place[name] = data.draw(st.sampled_from(GOOD[name]))


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
    @seed(SEED)
    @given(case=operation.as_strategy(), data=st.data())
    def ask(case: Any, data: st.DataObject) -> None:
        mend(case, data)
        if case.query and "wait" in case.query:
            # Nobody writes meanwhile: it would only wait.
            case.query["wait"] = 0
        answer = case.call(base_url=base_url, headers={"authorization": "Bearer x"}, timeout=30)
        case.validate_response(answer, checks=CHECKS)

    ask()
