"""Bad input by HTTP: a problem in both languages with a code that stays, and nothing is kept."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.e2e.facts import BILLION, change, cooperative, enterprise, petition, unit
from tests.e2e.house import House

REGISTER = ("entity", "event", "reference", "idempotency")
PETITIONS = ("petition", "petition_private", "event", "reference", "idempotency")
UNREGISTERED = "0100233488"


def problem(answer: httpx.Response, status: int) -> str:
    """Return the code of a problem, after looking at its form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["type"] == f"urn:caunoi:problem:{body['code']}"
    for name in ("title", "detail"):
        assert body[name].strip()
        assert body[f"{name}_en"].strip()
        assert body[name] != body[f"{name}_en"]
    assert not body["title"].isascii(), "the first text is not Vietnamese"
    code: str = body["code"]
    return code


async def kept(house: House) -> dict[str, dict[str, int]]:
    return {
        "registry": await house.rows("registry", *REGISTER),
        "petitions": await house.rows("petitions", *PETITIONS),
        "analytics": await house.rows("analytics", "plan"),
    }


@pytest.fixture(scope="module")
async def same_figures(house: House) -> AsyncIterator[House]:
    """The house; after all tests of this file the figures are what they were."""
    await house.settled()
    figures = await house.figures()
    yield house
    await house.settled()
    assert await house.figures() == figures


@pytest.fixture
async def unmoved(same_figures: House) -> AsyncIterator[House]:
    """The house; after the test each table has the rows that it had."""
    before = await kept(same_figures)
    yield same_figures
    assert await kept(same_figures) == before


TOMORROW = "2199-01-01"
ENTERPRISE: list[tuple[dict[str, Any], str]] = [
    ({"code": "0100233480"}, "invalid_check_digit"),
    ({"code": "4900123450"}, "invalid_check_digit"),
    ({"code": "49"}, "invalid_code"),
    ({"code": 4900000017}, "invalid_field"),
    ({"code": f"{UNREGISTERED}-001"}, "code_misfit"),
    ({"commune": "99999"}, "unknown_commune"),
    ({"commune": "Kỳ Lừa"}, "unknown_commune"),
    ({"capital_vnd": -1}, "negative_capital"),
    ({"capital_vnd": 1.5}, "invalid_capital"),
    ({"capital_vnd": "5000000000"}, "invalid_capital"),
    ({"capital_vnd": 10**15 + 1}, "capital_too_large"),
    ({"capital_vnd": 10**30}, "capital_too_large"),
    ({"on": TOMORROW}, "date_in_future"),
    ({"on": "2025-02-30"}, "invalid_date"),
    ({"on": "7/9/2025"}, "invalid_date"),
    ({"legal_form": "cooperative"}, "invalid_field"),
    ({"name": ""}, "invalid_text"),
    ({"name": "a\u0000b"}, "invalid_field"),
    ({"industry": {"scheme": "vsic2025", "code": "0000"}}, "unknown_industry"),
    ({"capital": 5}, "invalid_field"),
]


@pytest.mark.parametrize(("changes", "code"), ENTERPRISE)
async def test_an_enterprise_that_cannot_be(
    unmoved: House, changes: dict[str, Any], code: str
) -> None:
    body = enterprise(**changes)
    key = {"idempotency-key": str(body["reference"])}
    answer = await unmoved.post("registry", "/v1/enterprises", body, **key)
    assert problem(answer, 422) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"parent": None}, "invalid_field"),
        ({"parent": "0100233480"}, "invalid_check_digit"),
        ({}, "unknown_parent"),
        ({"parent": "0312687878"}, "parent_misfit"),
        ({"code": UNREGISTERED}, "code_misfit"),
        ({"code": f"{UNREGISTERED}-000"}, "invalid_code"),
        ({"on": TOMORROW}, "date_in_future"),
        ({"commune": "99999"}, "unknown_commune"),
    ],
)
async def test_a_branch_that_cannot_be(unmoved: House, changes: dict[str, Any], code: str) -> None:
    answer = await unmoved.post("registry", "/v1/branches", unit(UNREGISTERED, 1, **changes))
    assert problem(answer, 422) == code


async def test_a_branch_without_parent(unmoved: House) -> None:
    body = unit(UNREGISTERED, 1)
    del body["parent"]
    assert problem(await unmoved.post("registry", "/v1/branches", body), 422) == "parent_required"


async def test_a_cooperative_that_cannot_be(unmoved: House) -> None:
    for changes, code in (
        ({"capital_vnd": -BILLION}, "negative_capital"),
        ({"kind": "enterprise"}, "invalid_field"),
        ({"code": "THT-0000000001"}, "code_misfit"),
    ):
        answer = await unmoved.post("registry", "/v1/cooperatives", cooperative(**changes))
        assert problem(answer, 422) == code


async def test_a_change_that_cannot_be(unmoved: House) -> None:
    (known,) = await unmoved.sql(
        "registry",
        "SELECT code, version FROM entity WHERE kind = 'enterprise' AND status = 'active' LIMIT 1",
    )
    for code, body, status, expected in (
        (UNREGISTERED, change("CapitalChanged", capital_vnd=1), 404, "unknown_entity"),
        (known["code"], change("CapitalChanged", capital_vnd=-1), 422, "negative_capital"),
        (known["code"], change("CapitalChanged"), 422, "invalid_field"),
        (known["code"], change("EntityResumed"), 409, "status_forbids"),
        (known["code"], change("EntityReinstated"), 409, "status_forbids"),
        (known["code"], change("EntityVanished"), 422, "unknown_fact"),
        (known["code"], change("EntitySuspended", until=TOMORROW), 422, "suspension_too_long"),
        (known["code"], change("EntityResumed", on=TOMORROW), 422, "date_in_future"),
        (known["code"], change("EntityDissolved", why="merged"), 422, "invalid_field"),
        ("0100233480", change("EntityResumed"), 422, "invalid_check_digit"),
    ):
        answer = await unmoved.post("registry", f"/v1/entities/{code}/changes", body)
        assert problem(answer, status) == expected, body
    stale = {"if-match": f'"{known["version"] + 1}"'}
    path = f"/v1/entities/{known['code']}/changes"
    answer = await unmoved.post(
        "registry", path, change("CapitalChanged", capital_vnd=BILLION), **stale
    )
    assert problem(answer, 412) == "version_conflict"


PETITION: list[tuple[dict[str, Any], str]] = [
    ({"kind": "denunciation"}, "not_a_petition"),
    ({"on": TOMORROW, "origin": "backfill"}, "date_in_future"),
    ({"field": "weather"}, "invalid_field"),
    ({"petitioner_kind": "enterprise", "entity": "0100233480"}, "invalid_check_digit"),
    ({"entity": UNREGISTERED}, "entity_not_for_kind"),
    ({"text": ""}, "invalid_text"),
    ({"petitioner": {"name": "A", "phone": "call me"}}, "invalid_field"),
]


@pytest.mark.parametrize(("changes", "code"), PETITION)
async def test_a_petition_that_cannot_be(
    unmoved: House, changes: dict[str, Any], code: str
) -> None:
    body = petition(**changes)
    key = {"idempotency-key": str(body["reference"])}
    answer = await unmoved.post("petitions", "/v1/petitions", body, **key)
    assert problem(answer, 422) == code


async def test_an_action_on_no_petition(unmoved: House) -> None:
    path = "/v1/petitions/KN-1900-000001/actions/assign"
    assert problem(await unmoved.post("petitions", path, {}), 404) == "unknown_petition"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("2026/no_such_indicator", {}, 404, "unknown_indicator"),
        ("2026/petitions_on_time_share", {}, 422, "not_plannable"),
        ("2026/enterprises_new", {"value": 0}, 422, "invalid_field"),
        ("2026/enterprises_new", {"value": -700}, 422, "invalid_field"),
        ("2026/enterprises_new", {"decision": ""}, 422, "invalid_field"),
        ("2024/enterprises_new", {}, 422, "plan_out_of_year"),
        ("1066/enterprises_new", {}, 422, "invalid_field"),
    ],
)
async def test_a_plan_that_cannot_be(
    unmoved: House, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    plan = {"value": 700, "effective_from": "2026-01-01", "decision": "1/QĐ-UBND"} | body
    async with unmoved.client("analytics") as client:
        assert problem(await client.put(f"/v1/plans/{path}", json=plan), status) == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("as_of=tomorrow", "invalid_date"),
        ("as_of=2025-02-30", "invalid_date"),
        ("as_of=20250912", "invalid_date"),
        ("by=colour", "unknown_breakdown"),
    ],
)
async def test_a_question_that_cannot_be(unmoved: House, query: str, code: str) -> None:
    async with unmoved.client("analytics") as client:
        assert problem(await client.get(f"/v1/indicators?{query}"), 422) == code


DOORS = [
    ("registry", "POST", "/v1/enterprises", enterprise),
    ("registry", "POST", "/v1/branches", lambda: unit(UNREGISTERED, 1)),
    ("petitions", "POST", "/v1/petitions", petition),
    (
        "analytics",
        "PUT",
        "/v1/plans/2026/enterprises_new",
        lambda: {"value": 700, "effective_from": "2026-01-01", "decision": "1/QĐ-UBND"},
    ),
]


@pytest.mark.parametrize(("service", "method", "path", "good"), DOORS, ids=[d[2] for d in DOORS])
async def test_a_body_that_is_no_body(
    unmoved: House, service: str, method: str, path: str, good: Any
) -> None:
    whole = json.dumps(good()).encode()
    for content, kind, status, code in (
        (b"{", "application/json", 400, "malformed_json"),
        (whole[:-1], "application/json", 400, "malformed_json"),
        (b'{"code": "\xff"}', "application/json", 400, "malformed_json"),
        (b"[" * 100_000, "application/json", 400, "malformed_json"),
        (b"code=1", "application/json", 400, "malformed_json"),
        (b"[]", "application/json", 422, "invalid_field"),
        (b"null", "application/json", 422, "invalid_field"),
        (b"", "application/json", 422, "invalid_field"),
        (whole, "text/plain", 415, "unsupported_media_type"),
        (whole, "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (whole, "application/json; charset=utf-16", 415, "unsupported_media_type"),
        (whole, "", 415, "unsupported_media_type"),
        (b" " * 10_000_000 + whole, "application/json", 413, "body_too_large"),
    ):
        async with unmoved.client(service) as client:
            headers = {"content-type": kind, "idempotency-key": f"k{len(content)}"}
            answer = await client.request(method, path, content=content, headers=headers)
        assert problem(answer, status) == code, (content[:40], kind)


@pytest.mark.parametrize(("service", "method", "path", "good"), DOORS, ids=[d[2] for d in DOORS])
async def test_a_large_body_without_a_length_is_stopped_as_it_comes(
    unmoved: House, service: str, method: str, path: str, good: Any
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b" " * 65_536

    async with unmoved.client(service) as client:
        headers = {"content-type": "application/json"}
        answer = await client.request(method, path, content=endless(), headers=headers)
    assert problem(answer, 413) == "body_too_large"
