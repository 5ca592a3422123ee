"""The registry answers as its document says, whatever is sent: no 5xx, nothing undocumented."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import given, seed
from hypothesis import strategies as st

from services.registry.app import Service, application
from services.registry.settings import Settings
from shared.plumbing.auth import Principal
from shared.plumbing.clock import SystemClock
from shared.plumbing.migrate import migrate
from tests.conftest import LONG, SEED
from tests.contract.registry_state import FILES, Prepared, prepare, requests
from tests.support.asked import CHECKS, asking, operations, served
from tests.support.servers import Servers, named

MIGRATIONS = Path(__file__).parents[2] / "services/registry/migrations"
EXAMPLES = 100 if LONG else 15
CLOCK = SystemClock()


class Anybody:
    """Whoever comes may do everything."""

    async def find(self, token: str) -> Principal | None:
        scopes = {"registry:feed", "registry:read", "operate"}
        return Principal("fuzz", None, frozenset(scopes))


@pytest.fixture(scope="module")
def base_url(servers: Servers) -> Iterator[str]:
    """The HTTP door over a database of its own."""
    dsn = named(servers.postgres, "registry_schemathesis")
    asyncio.run(migrate(dsn, MIGRATIONS))
    service = Service(Settings(database_url=dsn, kafka="127.0.0.1:1", tokens=Path("none")), CLOCK)
    with served(application(service, Anybody()), service.database) as url:
        yield url


@pytest.fixture(scope="module")
def made(base_url: str, servers: Servers) -> Prepared:
    """What is on record behind the door."""
    dsn = named(servers.postgres, "registry_schemathesis")
    names = {"DATABASE_URL": dsn, "KAFKA": "127.0.0.1:1", "TOKENS": "none"}
    return prepare(base_url, {f"CAUNOI_{name}": value for name, value in names.items()})


def document() -> dict[str, Any]:
    where = Settings(database_url="", kafka="127.0.0.1:1", tokens=Path("none"))
    return application(Service(where, CLOCK), Anybody()).openapi()


DOCUMENT = document()
OPERATIONS = operations(DOCUMENT)
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


def make_good(case: Any, path: str, made: Prepared, request: tuple[str, Any]) -> dict[str, Any]:
    """Make a request that can be taken of one that was made up; what `call` needs besides."""
    code, body = request
    case.query = {}
    if "code" in case.path_parameters:
        case.path_parameters["code"] = code
    for name in case.path_parameters.keys() & {"id", "import_id"}:
        case.path_parameters[name] = made.ids[path][0]
    case.headers = {}
    if path == "/v1/imports":
        return {"data": FILES[body], "headers": {"content-type": body}}
    return {} if body is None else {"json": body}


def test_every_part_that_the_document_refers_to_is_in_it() -> None:
    named = set(re.findall(r'"\$ref": "([^"]*)"', json.dumps(DOCUMENT)))
    there = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert named <= there


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=map(" ".join, OPERATIONS))
def test_every_answer_is_in_the_document(
    base_url: str, made: Prepared, path: str, method: str
) -> None:
    operation = schemathesis.openapi.from_dict(DOCUMENT)[path][method]
    statuses: list[int] = []

    @asking(EXAMPLES)
    @seed(SEED)
    @given(case=operation.as_strategy(), data=st.data())
    def ask(case: Any, data: st.DataObject) -> None:
        mend(case, data)
        request, often = data.draw(requests(path, made)), data.draw(st.integers(0, 2)) == 0
        # The first ones in any case: what is drawn may be good too late, or twice the same.
        good = make_good(case, path, made, request) if often or len(statuses) < 3 else {}
        if case.query and "wait" in case.query:
            # Nobody writes meanwhile: it would only wait.
            case.query["wait"] = 0
        headers = {"authorization": "Bearer x", **good.pop("headers", {})}
        answer = case.call(base_url=base_url, headers=headers, timeout=30, **good)
        statuses.append(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    ask()
    # Behind a door that refuses everything nothing was asked.
    assert any(200 <= status < 300 for status in statuses), statuses
