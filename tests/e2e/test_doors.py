"""Every door asks who is there: each route of each document, without anybody writing a list."""

import re
from typing import Any

import httpx
import pytest

from deploy.local.services import SERVICES
from deploy.local.tokens import SCOPES
from tests.e2e.house import House

OPEN_DOORS = {"/healthz", "/readyz", "/metrics", "/openapi.json"}
# Places that exist in form only: what is let in finds nothing there and changes nothing.
PLACES = {
    "code": "4900000017",
    "petition_id": "KN-1900-000001",
    "year": "2024",
    "indicator": "no_such_indicator",
}
READING = {"registry:read", "figures:read", "operate"}


async def document_of(house: House, service: str) -> dict[str, Any]:
    found: dict[str, Any] = await house.get(service, "/openapi.json", by=None)
    return found


async def routes(house: House, service: str) -> list[tuple[str, str]]:
    """Return (method, path) of every guarded route, with its places filled in."""
    paths = (await document_of(house, service))["paths"]
    return [
        (method.upper(), re.sub(r"\{(\w+)\}", lambda found: PLACES[found[1]], path))
        for path, operations in paths.items()
        for method in operations
        if path not in OPEN_DOORS
    ]


async def knock(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    body: dict[str, Any] | None = {} if method in {"POST", "PUT", "PATCH"} else None
    return await client.request(method, path, json=body)


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


async def test_nobody_gets_in_without_a_token_or_with_a_wrong_one(
    standing: House, service: str
) -> None:
    async with standing.client(service, None) as client:
        for method, path in await routes(standing, service):
            for header in ("", "Bearer wrong", "Basic b3BlcmF0b3I6", "Bearer"):
                client.headers["authorization"] = header
                answer = await knock(client, method, path)
                assert answer.status_code == 401, (method, path, header)
                assert answer.json()["code"] == "unauthenticated"
                assert answer.headers["content-type"].startswith("application/problem+json")
                assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_without_the_scope_is_told_which_it_lacks(
    standing: House, service: str
) -> None:
    async with standing.client(service, "nobody") as client:
        for method, path in await routes(standing, service):
            answer = await knock(client, method, path)
            assert answer.status_code == 403, (method, path, answer.text)
            assert answer.json()["code"] == "forbidden"
            assert answer.json()["facts"]["scope"] in SCOPES


async def test_each_route_opens_to_one_scope_or_two_and_writing_to_no_reader(
    standing: House, service: str
) -> None:
    for method, path in await routes(standing, service):
        opens = set()
        for scope in SCOPES:
            async with standing.client(service, f"only {scope}") as client:
                answer = await knock(client, method, path)
            assert answer.status_code < 500, (method, path, answer.text)
            if answer.status_code not in {401, 403}:
                opens.add(scope)
        assert 1 <= len(opens) <= 2, (method, path, opens)
        assert method == "GET" or not opens & READING, (method, path, opens)


async def test_the_document_says_which_routes_need_a_token(standing: House, service: str) -> None:
    for path, operations in (await document_of(standing, service))["paths"].items():
        for method, operation in operations.items():
            assert bool(operation.get("security")) == (path not in OPEN_DOORS), (method, path)


async def test_health_metrics_and_the_document_need_no_token(standing: House, service: str) -> None:
    async with standing.client(service, None) as client:
        for path in sorted(OPEN_DOORS):
            assert (await client.get(path)).status_code == 200, path
        assert (await client.get("/docs")).status_code == 404
