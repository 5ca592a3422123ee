"""Holding the source of record's figures against the register."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.integration.registry.bodies import BRANCH, CODE, OTHER, branch, change, enterprise

PATH = "/v1/reconciliations"
THIRD, FOURTH = "0100233488", "0312687878"
NDJSON = {"content-type": "application/x-ndjson"}
CSV = {"content-type": "text/csv"}
Row = tuple[str, str | None, int | None]


@pytest.fixture
async def filled(http: httpx.AsyncClient) -> httpx.AsyncClient:
    """Two enterprises of 10 billion, one of them suspended in June, an ended one, a branch."""
    for code, reference in ((CODE, "R-1"), (OTHER, "R-2"), (THIRD, "R-3")):
        await http.post("/v1/enterprises", json=enterprise(code, reference))
    await http.post("/v1/branches", json=branch(reference="R-4"))
    for code, body in (
        (CODE, change("EntitySuspended", "2025-06-01", "R-5")),
        (THIRD, change("EntityDissolved", "2025-07-01", "R-6", why="dissolved")),
    ):
        answer = await http.post(f"/v1/entities/{code}/changes", json=body)
        assert answer.status_code == 200
    return http


def ndjson(rows: list[Row]) -> str:
    names = ("code", "status", "capital_vnd")
    return "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)


AGREED: list[Row] = [
    (CODE, "suspended", 10_000_000_000),
    (OTHER, "active", 10_000_000_000),
    (BRANCH, "active", None),
]


async def post(http: httpx.AsyncClient, content: str, **asked: Any) -> dict[str, Any]:
    answer = await http.post(PATH, content=content.encode(), headers=NDJSON, params=asked)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{PATH}/{found['id']}"
    return found


async def test_a_list_that_agrees_has_no_drift(filled: httpx.AsyncClient) -> None:
    made = await post(filled, ndjson(AGREED), source="DKKD")
    assert set(made["differing"].values()) == {0}
    assert {(d["kind"], d["entities"], d["capital_vnd"]) for d in made["drift"]} == {
        ("enterprise", 0, 0),
        ("branch", 0, 0),
    }
    assert (await filled.get(f"{PATH}/{made['id']}")).json() == made
    listed = (await filled.get(PATH)).json()
    assert listed == {"reconciliations": [made], "next": None}


async def test_every_way_to_differ_is_found_and_paged(filled: httpx.AsyncClient) -> None:
    made = await post(
        filled, ndjson([(CODE, "active", 9), (THIRD, "active", None), (FOURTH, "active", 5)])
    )
    assert made["differing"] == {
        "missing_here": 1,
        "missing_there": 2,
        "status_differs": 2,
        "capital_differs": 1,
    }
    drift = {d["kind"]: (d["entities"], d["capital_vnd"]) for d in made["drift"]}
    # Here: two open enterprises; there: two that are ours, and one that nobody knows here.
    assert drift == {
        "enterprise": (0, 20_000_000_000 - 9 - 10_000_000_000),
        "branch": (1, 0),
        "unknown": (-1, -5),
    }
    path = f"{PATH}/{made['id']}/differences"
    seen: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = (await filled.get(path, params={"limit": 2, **after})).json()
        seen += page["differences"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [d["code"] for d in seen] == sorted([CODE, OTHER, BRANCH, THIRD, FOURTH])
    one = next(d for d in seen if d["code"] == CODE)
    assert (one["our_status"], one["their_status"]) == ("suspended", "active")
    assert (one["our_capital_vnd"], one["their_capital_vnd"]) == (10_000_000_000, 9)
    only = (await filled.get(path, params={"what": "missing_here"})).json()["differences"]
    assert [d["code"] for d in only] == [FOURTH]
    text = (await filled.get("/metrics")).text
    assert 'caunoi_registry_drift{figure="entities",kind="branch"} 1.0' in text
    assert 'caunoi_registry_drift{figure="vnd",kind="unknown"} -5.0' in text


async def test_both_sides_are_compared_as_of_a_date(filled: httpx.AsyncClient) -> None:
    rows: list[Row] = [(code, "active", 10_000_000_000) for code in (CODE, OTHER, THIRD)]
    made = await post(filled, ndjson([*rows, (BRANCH, None, None)]), as_of="2025-05-31")
    assert set(made["differing"].values()) == {0}
    today = await post(filled, ndjson(rows), kind="enterprise")
    assert today["differing"]["status_differs"] == 2
    assert today["differing"]["missing_there"] == 0


async def test_our_own_export_agrees_with_the_register(filled: httpx.AsyncClient) -> None:
    export = (await filled.get("/v1/entities.csv")).content
    answer = await filled.post(PATH, content=export, headers=CSV)
    assert answer.status_code == 201, answer.text
    assert set(answer.json()["differing"].values()) == {0}


async def test_totals_are_compared_by_kind_and_by_status(filled: httpx.AsyncClient) -> None:
    whole = {"figures": [{"kind": "enterprise", "count": 3, "capital_vnd": 30_000_000_000}]}
    made = (await filled.post(PATH, json=whole)).json()
    assert made["drift"] == [{"kind": "enterprise", "entities": -1, "capital_vnd": -10_000_000_000}]
    assert made["differing"] is None
    by_status = {
        "figures": [
            {"kind": "enterprise", "status": "active", "count": 1},
            {"kind": "branch", "count": 1},
            {"kind": "cooperative", "count": 2},
        ]
    }
    made = (await filled.post(PATH, json=by_status)).json()
    figures = {(f["kind"], f["status"]): f["drift"]["count"] for f in made["figures"]}
    assert figures == {
        ("enterprise", "active"): 0,
        ("enterprise", "suspended"): 1,
        ("branch", None): 0,
        ("cooperative", None): -2,
    }


async def test_the_same_key_is_compared_once(filled: httpx.AsyncClient) -> None:
    headers = {**NDJSON, "idempotency-key": "k"}
    body = ndjson(AGREED).encode()
    first = await filled.post(PATH, content=body, headers=headers)
    again = await filled.post(PATH, content=body, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert len((await filled.get(PATH)).json()["reconciliations"]) == 1
    other = await filled.post(PATH, content=b"", headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("headers", "content", "code"),
    [
        (NDJSON, "{", "invalid_row"),
        (NDJSON, '{"code":"x"}', "invalid_row"),
        (NDJSON, '{"code":"4900000017","status":"gone"}', "invalid_row"),
        (NDJSON, '{"code":"4900000017","capital_vnd":-1}', "invalid_row"),
        (NDJSON, ndjson([(CODE, None, None)] * 2), "duplicate_code"),
        (CSV, "a,b\n", "invalid_row"),
        (CSV, "code,capital_vnd\n4900000017,1.5\n", "invalid_row"),
        (CSV, "code\n\xff".encode("latin-1"), "invalid_row"),
        ({}, "{}", "totals_or_list"),
        ({}, '{"figures":[{"kind":"branch","count":-1}]}', "invalid_field"),
        (
            {},
            '{"figures":[{"kind":"branch","count":1},{"kind":"branch","count":1}]}',
            "figure_twice",
        ),
        ({}, "{", "malformed_json"),
    ],
    ids=str,
)
async def test_a_bad_list_is_refused_whole_with_its_row(
    http: httpx.AsyncClient, headers: dict[str, str], content: str | bytes, code: str
) -> None:
    headers = {"content-type": "application/json", **headers}
    answer = await http.post(PATH, content=content, headers=headers)
    assert answer.json()["code"] == code, answer.text
    assert answer.status_code in (400, 422)
    assert (await http.get(PATH)).json()["reconciliations"] == []


async def test_a_long_list_is_streamed(http: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        for number in range(20_000):
            yield b'{"code":"THT-%010d","status":"active","capital_vnd":1}\n' % number

    answer = await http.post(PATH, content=body(), headers=NDJSON)
    assert answer.json()["differing"]["missing_here"] == 20_000
    assert answer.json()["drift"] == [
        {"kind": "unknown", "entities": -20_000, "capital_vnd": -20_000}
    ]


async def test_who_only_reads_does_not_reconcile_and_what_is_not_there_is_not_found(
    http: httpx.AsyncClient,
) -> None:
    reader = {"authorization": "Bearer reader", **NDJSON}
    assert (await http.post(PATH, content=b"", headers=reader)).status_code == 403
    nobody = f"{PATH}/00000000-0000-7000-8000-000000000000"
    assert (await http.get(nobody)).status_code == 404
    assert (await http.get(f"{nobody}/differences")).status_code == 404
    assert (await http.get(f"{PATH}/x")).status_code == 422
