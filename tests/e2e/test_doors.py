"""Every door asks who is there: each route of each document, without anybody writing a list."""

import re
from collections import defaultdict
from typing import Any, NamedTuple

import httpx
import pytest

from deploy.local.services import SERVICES
from deploy.local.tokens import SCOPES
from tests.e2e.house import House

OPEN_DOORS = {"/healthz", "/readyz", "/metrics", "/openapi.json"}
# Whoever knows a petition's tracking code may follow it: the code is the key.
KEYLESS = OPEN_DOORS | {"/v1/track/{code}"}
# Places that exist in form only: what is let in finds nothing there and changes nothing.
PLACES = {
    "code": "4900000017",
    "petition_id": "KN-1900-000001",
    "year": "2024",
    "indicator": "no_such_indicator",
}
READING = {"registry:read", "figures:read"}


async def document_of(house: House, service: str) -> dict[str, Any]:
    found: dict[str, Any] = await house.get(service, "/openapi.json", by=None)
    return found


class Route(NamedTuple):
    """A guarded route with its places filled in, and the media type that it takes."""

    method: str
    path: str
    takes: str | None


async def routes(house: House, service: str) -> list[Route]:
    """Return every guarded route of a service's document."""
    return [
        Route(
            method.upper(),
            re.sub(r"\{(\w+)\}", lambda found: PLACES.get(found[1], "0"), path),
            next(iter(operation.get("requestBody", {}).get("content", {})), None),
        )
        for path, operations in (await document_of(house, service))["paths"].items()
        for method, operation in operations.items()
        if path not in KEYLESS
    ]


async def knock(client: httpx.AsyncClient, route: Route) -> httpx.Response:
    """Ask with the emptiest body that gets as far as the door."""
    if route.method in {"GET", "DELETE"}:
        return await client.request(route.method, route.path)
    headers = {"content-type": route.takes or "application/json"}
    return await client.request(route.method, route.path, content=b"{}", headers=headers)


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


async def test_nobody_gets_in_without_a_token_or_with_a_wrong_one(
    standing: House, service: str
) -> None:
    async with standing.client(service, None) as client:
        for route in await routes(standing, service):
            for header in ("", "Bearer wrong", "Basic b3BlcmF0b3I6", "Bearer"):
                client.headers["authorization"] = header
                answer = await knock(client, route)
                assert answer.status_code == 401, (route, header)
                assert answer.json()["code"] == "unauthenticated"
                assert answer.headers["content-type"].startswith("application/problem+json")
                assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_without_the_scope_is_told_which_it_lacks(
    standing: House, service: str
) -> None:
    async with standing.client(service, "nobody") as client:
        for route in await routes(standing, service):
            answer = await knock(client, route)
            assert answer.status_code == 403, (route, answer.text)
            assert answer.json()["code"] == "forbidden"
            assert answer.json()["facts"]["scope"] in SCOPES


async def test_each_route_opens_to_few_scopes_and_writing_to_no_reader(
    standing: House, service: str
) -> None:
    opens: defaultdict[Route, set[str]] = defaultdict(set)
    found = await routes(standing, service)
    for scope in SCOPES:
        async with standing.client(service, f"only {scope}") as client:
            for route in found:
                answer = await knock(client, route)
                assert answer.status_code < 500, (route, answer.text)
                if answer.status_code not in {401, 403}:
                    opens[route].add(scope)
    for route in found:
        assert 1 <= len(opens[route]) <= 3, (route, opens[route])
        assert route.method == "GET" or not opens[route] & READING, (route, opens[route])


async def test_the_document_says_which_routes_need_a_token(standing: House, service: str) -> None:
    for path, operations in (await document_of(standing, service))["paths"].items():
        for method, operation in operations.items():
            assert bool(operation.get("security")) == (path not in KEYLESS), (method, path)


async def test_health_metrics_and_the_document_need_no_token(standing: House, service: str) -> None:
    async with standing.client(service, None) as client:
        for path in sorted(OPEN_DOORS):
            assert (await client.get(path)).status_code == 200, path
        assert (await client.get("/docs")).status_code == 404
