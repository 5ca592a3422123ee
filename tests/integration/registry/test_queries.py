"""Searching the register, as it stands and as it stood, and exporting it."""

import csv
import io
import json
from typing import Any

import httpx
import pytest

from tests.integration.registry.bodies import (
    BRANCH,
    CODE,
    COMMUNE,
    OTHER,
    branch,
    change,
    enterprise,
)
from tests.integration.registry.test_imports import MANY

THIRD, FOURTH = "0100233488", "0312687878"
CHANGES = f"/v1/entities/{CODE}/changes"


async def post(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    answer = await http.post(path, json=body)
    assert answer.status_code in (200, 201), answer.text


@pytest.fixture
async def filled(http: httpx.AsyncClient) -> httpx.AsyncClient:
    """Three enterprises, a co-operative and a branch; the first has a life."""
    await post(http, "/v1/enterprises", enterprise(name="Công ty TNHH Đồng Đăng", on="2024-01-10"))
    await post(
        http,
        "/v1/enterprises",
        enterprise(OTHER, "R-2", name="Công ty Cổ phần Hoàng Gia", on="2025-02-01")
        | {"industry": {"scheme": "vsic2018", "code": "1010"}},
    )
    await post(
        http,
        "/v1/enterprises",
        enterprise(THIRD, "R-3", name="=HYPERLINK(1)", commune="06001", on="2025-03-01"),
    )
    group = enterprise(FOURTH, "R-4", name="Hợp tác xã Ước Mơ", on="2025-04-01")
    del group["legal_form"]
    await post(http, "/v1/cooperatives", group)
    await post(http, "/v1/branches", branch(reference="R-5", on="2025-03-11"))
    await post(http, CHANGES, change("CapitalChanged", "2025-05-01", "R-6", capital_vnd=7))
    await post(http, CHANGES, change("EntitySuspended", "2025-06-01", "R-7"))
    return http


async def codes(http: httpx.AsyncClient, **asked: Any) -> list[str]:
    answer = await http.get("/v1/entities", params=asked)
    assert answer.status_code == 200, answer.text
    return [one["code"] for one in answer.json()["entities"]]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {CODE, OTHER, THIRD, FOURTH, BRANCH}),
        ({"code": "49000"}, {CODE, OTHER, BRANCH}),
        ({"code": f"{CODE}-"}, {BRANCH}),
        ({"code": "9"}, set()),
        ({"name": "dong dang"}, {CODE}),
        ({"name": "ĐĂNG đồng"}, {CODE}),
        ({"name": "hoàng g"}, {OTHER}),
        ({"name": "uoc"}, {FOURTH}),
        ({"name": "ang"}, {CODE, OTHER}),
        ({"name": "ang", "near": False}, set()),
        ({"name": "an"}, set()),
        ({"name": "daang"}, {CODE}),
        ({"name": "Hòang gai"}, {OTHER}),
        ({"name": "hoag gia"}, {OTHER}),
        ({"name": "ưco mơ"}, {FOURTH}),
        ({"name": "hyperlnk"}, {THIRD}),
        ({"name": "hiperlinnk"}, {THIRD}),
        ({"name": "hoagn gai", "kind": "cooperative"}, set()),
        ({"name": "hoagn", "as_of": "2025-01-31"}, set()),
        ({"name": "hoagn", "as_of": "2025-02-01"}, {OTHER}),
        ({"name": "hoagn", "code": "49000"}, {OTHER}),
        ({"name": "!"}, set()),
        ({"name": "' | '"}, set()),
        ({"kind": "cooperative"}, {FOURTH}),
        ({"kind": ["cooperative", "branch"]}, {FOURTH, BRANCH}),
        ({"status": "suspended"}, {CODE}),
        ({"commune": "06001"}, {THIRD}),
        ({"commune": "99999"}, set()),
        ({"scheme": "vsic2018"}, {OTHER}),
        ({"scheme": "vsic2018", "industry": "C"}, {OTHER}),
        ({"scheme": "vsic2018", "industry": "10"}, {OTHER}),
        ({"scheme": "vsic2025", "industry": "C"}, set()),
        ({"scheme": "vsic2025", "industry": "471"}, {CODE, THIRD, FOURTH, BRANCH}),
        ({"scheme": "vsic2018", "industry": "V"}, set()),
        ({"parent": CODE}, {BRANCH}),
        ({"registered_from": "2025-03-01", "registered_to": "2025-03-11"}, {THIRD, BRANCH}),
        ({"changed_from": "2025-05-02"}, {CODE}),
        ({"changed_to": "2025-02-01"}, {OTHER}),
        ({"as_of": "2024-12-31"}, {CODE}),
        ({"as_of": "2025-05-31", "status": "active", "code": CODE}, {CODE, BRANCH}),
        ({"as_of": "2025-06-01", "status": "active", "code": CODE}, {BRANCH}),
        ({"as_of": "2023-12-31"}, set()),
    ],
    ids=str,
)
async def test_each_filter_finds_what_it_names(
    filled: httpx.AsyncClient, asked: dict[str, Any], expected: set[str]
) -> None:
    assert set(await codes(filled, **asked)) == expected


async def test_names_that_fit_best_come_first_on_whatever_page(
    http: httpx.AsyncClient,
) -> None:
    # In the order of codes they would come the other way round.
    given = {
        "near": ["Bà Hoàn Gia", "Xuân Hoành Gia"],
        "beginning": ["Hoang Giang", "Hoàng Gia Lai"],
        "exact": ["Hoàng Gia", "Gia Hoàng", "HOANG GIA"],
        "nothing": ["Hoa Quả", "Gia Lai"],
    }
    names = [name for group in given.values() for name in group]
    for code, name in zip(MANY, names, strict=False):
        await post(http, "/v1/enterprises", enterprise(code, f"M-{code}", name=name))
    asked: dict[str, Any] = {"name": "hoang gia"}
    whole = (await http.get("/v1/entities", params=asked)).json()["entities"]
    seen = [(one["match"], one["state"]["name"]) for one in whole]
    assert seen == [
        (match, name) for match in ("exact", "beginning", "near") for name in given[match]
    ]
    for size in range(1, 9):
        pages: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = (
                await http.get("/v1/entities", params={**asked, "limit": size, **cursor})
            ).json()
            assert len(page["entities"]) <= size
            pages += page["entities"]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert pages == whole
    for near in (False, True):
        export = await http.get("/v1/entities.ndjson", params={**asked, "near": near})
        lines = [json.loads(line) for line in export.text.splitlines()]
        assert lines == [one for one in whole if near or one["match"] != "near"]


async def test_a_state_of_a_day_is_the_one_that_stood_at_its_end(
    filled: httpx.AsyncClient,
) -> None:
    seen = {}
    for day in ("2025-04-30", "2025-05-01", "2025-05-31", "2025-06-01"):
        answer = await filled.get("/v1/entities", params={"as_of": day, "code": CODE})
        one = answer.json()["entities"][0]
        seen[day] = (one["state"]["capital_vnd"], one["state"]["status"], one["since"])
    assert seen == {
        "2025-04-30": (10_000_000_000, "active", "2024-01-10"),
        "2025-05-01": (7, "active", "2025-05-01"),
        "2025-05-31": (7, "active", "2025-05-01"),
        "2025-06-01": (7, "suspended", "2025-06-01"),
    }


async def test_a_late_fact_moves_what_stood_earlier(filled: httpx.AsyncClient) -> None:
    await post(filled, CHANGES, change("CapitalChanged", "2024-06-01", "L-1", capital_vnd=99))
    answer = await filled.get("/v1/entities", params={"as_of": "2025-01-01", "code": CODE})
    assert answer.json()["entities"][0]["state"]["capital_vnd"] == 99
    history = (await filled.get(f"/v1/entities/{CODE}/history")).json()
    assert [(e["on"], e["fact"]) for e in history["entries"]] == [
        ("2024-01-10", "EnterpriseRegistered"),
        ("2024-06-01", "CapitalChanged"),
        ("2025-05-01", "CapitalChanged"),
        ("2025-06-01", "EntitySuspended"),
    ]


async def test_pages_follow_one_another_and_a_cursor_belongs_to_its_list(
    filled: httpx.AsyncClient,
) -> None:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await filled.get("/v1/entities", params={"limit": 2, **cursor})).json()
        seen += [one["code"] for one in page["entities"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == sorted([CODE, OTHER, THIRD, FOURTH, BRANCH])
    for wrong in ({"kind": "branch", **cursor}, {"cursor": "x"}, {"cursor": "é"}):
        answer = await filled.get("/v1/entities", params=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


@pytest.mark.parametrize(
    "asked",
    [
        {"industry": "C"},
        {"kind": "shop"},
        {"limit": 0},
        {"code": "x"},
        {"nmae": "x"},
        {"name": "a\x00b"},
    ],
    ids=str,
)
async def test_what_cannot_be_asked_is_a_problem(
    filled: httpx.AsyncClient, asked: dict[str, Any]
) -> None:
    answer = await filled.get("/v1/entities", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field"), answer.text


async def test_the_export_for_a_spreadsheet_is_in_vietnamese_and_holds_no_formula(
    filled: httpx.AsyncClient,
) -> None:
    answer = await filled.get("/v1/entities.csv", params={"kind": "enterprise"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Mã số"] for row in rows] == [THIRD, CODE, OTHER]
    assert rows[0]["Tên"] == "'=HYPERLINK(1)"
    assert rows[1]["Tình trạng"] == "tạm ngừng kinh doanh"
    assert rows[1]["Vốn đăng ký (đồng)"] == "7"
    assert rows[1]["Ngày đăng ký"] == "10/01/2024"
    again = await filled.get(
        "/v1/entities", params={"kind": "enterprise"}, headers={"accept": "text/csv"}
    )
    assert again.content == answer.content


async def test_the_export_as_lines_has_what_the_pages_have(filled: httpx.AsyncClient) -> None:
    for asked in ({}, {"as_of": "2025-05-15"}):
        lines = (await filled.get("/v1/entities.ndjson", params=asked)).text.splitlines()
        page = (await filled.get("/v1/entities", params=asked)).json()
        assert [json.loads(line) for line in lines] == page["entities"]
        assert all(one["commune_now"]["code"] in (COMMUNE, "06001") for one in page["entities"])


async def test_an_export_of_nothing_has_its_headings(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/entities.csv")).text.count("\r\n") == 1
    assert (await http.get("/v1/entities.ndjson")).text == ""


async def test_a_history_of_nobody_is_not_found(http: httpx.AsyncClient) -> None:
    assert (await http.get(f"/v1/entities/{CODE}/history")).status_code == 404
