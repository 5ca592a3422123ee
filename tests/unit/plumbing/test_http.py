"""What a stranger may send to a service, and what it is told."""

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any, Literal

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.plumbing.auth import Principal
from shared.plumbing.errors import Problem
from shared.plumbing.http import (
    BodyRule,
    CurrentPrincipal,
    HealthChecks,
    IdempotencyKey,
    create_app,
    field_error,
    requires,
)


class Tokens:
    async def find(self, token: str) -> Principal | None:
        if token == "known":
            return Principal("An", "STC", frozenset({"read"}))
        return None


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=20)]
    capital_vnd: Annotated[int, Field(ge=0, strict=True)] = 0
    on: date = date(2025, 1, 1)
    kind: Literal["a", "b"] = "a"
    more: dict[str, Any] = {}

    @field_validator("name")
    @classmethod
    def not_forbidden(cls, value: str) -> str:
        if value == "cấm":
            raise field_error("forbidden_name", "Tên này bị cấm.", "This name is forbidden.")
        return value


async def _gone() -> None:
    raise ConnectionRefusedError("nobody listens")


def _app() -> FastAPI:
    router = APIRouter(prefix="/v1")

    @router.post("/things")
    async def post(body: Body, key: IdempotencyKey = None) -> dict[str, str | None]:
        return {"name": body.name, "key": key}

    @router.get("/things/{code}")
    async def get(code: str, limit: Annotated[int, Query(ge=1)] = 1) -> dict[str, str]:
        return {"code": code, "limit": str(limit)}

    @router.get("/me")
    async def me(principal: CurrentPrincipal) -> str:
        return principal.name

    @router.get("/read", dependencies=[Depends(requires("read"))])
    async def read() -> str:
        return "read"

    @router.get("/write", dependencies=[Depends(requires("write"))])
    async def write() -> str:
        return "written"

    @router.get("/bug")
    async def bug() -> str:
        raise ZeroDivisionError("secret detail")

    @router.get("/down")
    async def down() -> str:
        raise ConnectionRefusedError("no server")

    @router.get("/refused")
    async def refused() -> str:
        raise Problem("too_late", 409, title_vi="Trễ", title_en="Late", facts={"days": 3})

    @router.post("/upload")
    async def upload() -> str:
        return "taken"

    return create_app(
        service="test",
        title="Test",
        version="1",
        description="For tests.",
        principals=Tokens(),
        health=HealthChecks(ready={"database": _gone}),
        registry=CollectorRegistry(),
        refreshers=[_gone],
        routers=[router],
        body_rules={"/v1/upload": BodyRule(2_000_000, frozenset({"text/csv"}))},
    )


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def _problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["code"] == code
    assert document["type"] == f"urn:caunoi:problem:{code}"
    assert document["status"] == status
    for name in ("title", "title_en", "detail", "detail_en"):
        assert document[name], name
    return document


JSON = {"content-type": "application/json"}


async def _post(client: httpx.AsyncClient, content: str | bytes, **headers: str) -> httpx.Response:
    return await client.post("/v1/things", content=content, headers={**JSON, **headers})


async def test_a_good_body_is_taken(client: httpx.AsyncClient) -> None:
    response = await _post(client, '{"name": "Mẫu Sơn \\\\u0000 \\ud83d\\ude00"}')
    assert response.status_code == 200, response.text


async def test_each_wrong_field_is_named_in_both_languages(client: httpx.AsyncClient) -> None:
    content = '{"name": "", "capital_vnd": -1, "on": "hôm qua", "kind": "c", "extra": 1}'
    document = _problem(await _post(client, content), 422, "invalid_field")
    errors = {error["pointer"]: error for error in document["facts"]["errors"]}
    assert errors.keys() == {"/name", "/capital_vnd", "/on", "/kind", "/extra"}
    assert errors["/capital_vnd"]["code"] == "greater_than_equal"
    assert errors["/capital_vnd"]["vi"] == "Phải từ 0 trở lên."
    assert all(error["in"] == "body" and error["en"] for error in errors.values())


async def test_a_validator_may_bring_a_code_and_texts_of_its_own(client: httpx.AsyncClient) -> None:
    document = _problem(await _post(client, '{"name": "cấm"}'), 422, "invalid_field")
    (error,) = document["facts"]["errors"]
    assert (error["code"], error["vi"]) == ("forbidden_name", "Tên này bị cấm.")


async def test_a_wrong_query_is_named(client: httpx.AsyncClient) -> None:
    document = _problem(await client.get("/v1/things/1?limit=x"), 422, "invalid_field")
    (error,) = document["facts"]["errors"]
    assert (error["in"], error["pointer"]) == ("query", "/limit")


@pytest.mark.parametrize(
    "content", ["{", b"\xff\xfe{", '{"name": NaN', "[" * 100_000, b'{"name": "\xc3\x28"}']
)
async def test_what_is_not_json_is_malformed(
    client: httpx.AsyncClient, content: str | bytes
) -> None:
    _problem(await _post(client, content), 400, "malformed_json")


async def test_json_that_is_no_object_is_an_invalid_field(client: httpx.AsyncClient) -> None:
    for content in ("[]", "1", "null", '"x"'):
        _problem(await _post(client, content), 422, "invalid_field")


@pytest.mark.parametrize(
    "content",
    [
        '{"name": "a\\u0000b"}',
        '{"name": "a\\ud800b"}',
        '{"name": "a", "more": {"deep": ["\\u0000"]}}',
        '{"name": "a", "more": {"\\uD800": 1}}',
    ],
)
async def test_text_that_postgres_cannot_store_is_refused(
    client: httpx.AsyncClient, content: str
) -> None:
    _problem(await _post(client, content), 422, "invalid_field")


async def test_nul_in_path_and_query_is_refused(client: httpx.AsyncClient) -> None:
    _problem(await client.get("/v1/things/a%00b"), 422, "invalid_field")
    _problem(await client.get("/v1/things/a?limit=1&x=%00"), 422, "invalid_field")


async def test_other_content_types_are_refused(client: httpx.AsyncClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json;charset=x"):
        response = await client.post("/v1/things", content="{}", headers={"content-type": kind})
        _problem(response, 415, "unsupported_media_type")
    _problem(await client.post("/v1/things", content="{}"), 415, "unsupported_media_type")


async def test_a_body_rule_opens_one_path_only(client: httpx.AsyncClient) -> None:
    csv = {"content-type": "text/csv"}
    taken = await client.post("/v1/upload", content=b"x" * 1_500_000, headers=csv)
    assert taken.status_code == 200
    refused = await client.post("/v1/things", content=b"x", headers=csv)
    _problem(refused, 415, "unsupported_media_type")


async def test_ten_megabytes_are_too_large_with_and_without_a_length(
    client: httpx.AsyncClient,
) -> None:
    large = json.dumps({"name": "x" * 10_000_000}).encode()
    _problem(await _post(client, large), 413, "body_too_large")

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    response = await client.post("/v1/things", content=chunks(), headers=JSON)
    document = _problem(response, 413, "body_too_large")
    assert document["facts"]["limit"] == 1024 * 1024


async def test_what_is_not_there_and_what_is_not_allowed(client: httpx.AsyncClient) -> None:
    _problem(await client.get("/v1/nothing"), 404, "not_found")
    response = await client.delete("/v1/things")
    _problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


async def test_only_a_known_token_is_somebody(client: httpx.AsyncClient) -> None:
    for header in ({}, {"authorization": "Bearer other"}, {"authorization": "Basic known"}):
        response = await client.get("/v1/me", headers=header)
        _problem(response, 401, "unauthenticated")
        assert response.headers["www-authenticate"].startswith("Bearer")
    known = {"authorization": "Bearer known"}
    assert (await client.get("/v1/me", headers=known)).json() == "An"
    assert (await client.get("/v1/read", headers=known)).status_code == 200
    document = _problem(await client.get("/v1/write", headers=known), 403, "forbidden")
    assert document["facts"] == {"scope": "write"}


async def test_a_bug_tells_its_id_and_nothing_else(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/bug")
    document = _problem(response, 500, "internal")
    assert document["instance"].startswith("urn:uuid:")
    assert "secret" not in response.text


async def test_an_absent_server_is_unavailable(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/down")
    _problem(response, 503, "unavailable")
    assert response.headers["retry-after"] == "2"


async def test_a_refusal_of_the_service_carries_its_facts(client: httpx.AsyncClient) -> None:
    document = _problem(await client.get("/v1/refused"), 409, "too_late")
    assert document["facts"] == {"days": 3}


async def test_a_key_for_a_request_must_be_printable(client: httpx.AsyncClient) -> None:
    good = await _post(client, '{"name": "a"}', **{"idempotency-key": "k-1"})
    assert good.json() == {"name": "a", "key": "k-1"}
    bad = await _post(client, '{"name": "a"}', **{"idempotency-key": "k 1"})
    document = _problem(bad, 422, "invalid_field")
    assert document["facts"]["errors"][0]["in"] == "header"


async def test_health_is_open_and_says_which_check_fails(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok", "checks": {}}
    response = await client.get("/readyz")
    assert response.status_code == 503
    assert "nobody listens" in response.json()["checks"]["database"]


async def test_requests_are_counted_by_route_template(client: httpx.AsyncClient) -> None:
    await client.get("/v1/things/4900000017")
    await client.get("/v1/nothing")
    text = (await client.get("/metrics")).text
    labels = 'method="GET",route="/v1/things/{code}",service="test",status="200"'
    assert f"caunoi_http_requests_total{{{labels}}} 1.0" in text
    assert 'route="-",service="test",status="404"} 1.0' in text
    assert "4900000017" not in text


async def test_openapi_documents_problems_and_the_token(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert "bearer" in document["components"]["securitySchemes"]
    responses = document["paths"]["/v1/things"]["post"]["responses"]
    assert responses.keys() == {"200", "default"}
    schema = responses["default"]["content"]["application/problem+json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Problem"}
    assert "HTTPValidationError" not in json.dumps(document)
    assert (await client.get("/docs")).status_code == 404
