"""The petitions answer as their document says, whatever is sent: no 5xx, nothing undocumented."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import given

from services.petitions.app import Service, application
from services.petitions.settings import Settings
from shared.plumbing.auth import Principal
from shared.plumbing.clock import SystemClock
from shared.plumbing.migrate import migrate
from tests.conftest import LONG
from tests.support.asked import CHECKS, asking, operations, served
from tests.support.servers import Servers, named

MIGRATIONS = Path(__file__).parents[2] / "services/petitions/migrations"
EXAMPLES = 100 if LONG else 12
CLOCK = SystemClock()


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
    """The HTTP door over a database of its own."""
    dsn = named(servers.postgres, "petitions_schemathesis")
    asyncio.run(migrate(dsn, MIGRATIONS))
    service = Service(Settings(database_url=dsn, kafka="127.0.0.1:1", tokens=Path("none")), CLOCK)
    with served(application(service, Anybody()), service.database) as url:
        yield url


def document() -> dict[str, Any]:
    where = Settings(database_url="", kafka="127.0.0.1:1", tokens=Path("none"))
    return application(Service(where, CLOCK), Anybody()).openapi()


DOCUMENT = document()
OPERATIONS = operations(DOCUMENT)


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=map(" ".join, OPERATIONS))
def test_every_answer_is_in_the_document(base_url: str, path: str, method: str) -> None:
    operation = schemathesis.openapi.from_dict(DOCUMENT)[path][method]

    @asking(EXAMPLES)
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        if case.query and "wait" in case.query:
            # Nobody writes meanwhile: it would only wait.
            case.query["wait"] = 0
        answer = case.call(base_url=base_url, headers={"authorization": "Bearer x"}, timeout=30)
        case.validate_response(answer, checks=CHECKS)

    ask()
