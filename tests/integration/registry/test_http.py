import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.registry.app import Service
from shared.contracts.catalogue import parse
from shared.contracts.communes import communes
from shared.plumbing.clock import FixedClock
from shared.plumbing.postgres import Connection
from tests.integration.registry.bodies import (
    BRANCH,
    CODE,
    COMMUNE,
    OTHER,
    branch,
    change,
    enterprise,
    rows,
)

CHANGES = f"/v1/entities/{CODE}/changes"


async def test_an_enterprise_is_registered_and_read(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/enterprises", json=enterprise())
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/entities/{CODE}"
    assert answer.headers["etag"] == '"1"'
    assert {k: answer.json()[k] for k in ("code", "sequence", "repeated")} == {
        "code": CODE,
        "sequence": 1,
        "repeated": False,
    }
    read = await http.get(f"/v1/entities/{CODE}")
    place = {"code": COMMUNE, "name": communes()[COMMUNE], "split": False}
    state = answer.json()["state"]
    then = {"code": place["code"], "name": place["name"], "district": None}
    assert read.json() == {
        "code": CODE,
        "version": 1,
        "state": state,
        "commune_then": then,
        "commune_now": place,
    }
    assert read.headers["etag"] == '"1"'
    assert read.json()["state"]["capital_vnd"] == 10_000_000_000


async def test_a_cooperative_takes_its_form_from_its_kind(http: httpx.AsyncClient) -> None:
    body = enterprise(kind="cooperative_union")
    del body["legal_form"]
    answer = await http.post("/v1/cooperatives", json=body)
    assert answer.status_code == 201
    assert answer.json()["state"]["legal_form"] == "cooperative_union"


async def test_the_whole_life_of_a_family_is_one_chain_of_events(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    await http.post("/v1/enterprises", json=enterprise())
    await http.post("/v1/branches", json=branch())
    for body in (
        change("CapitalChanged", "2025-05-15", "R-3", capital_vnd=15_000_000_000),
        change("EntitySuspended", "2025-06-01", "R-4", until="2026-05-31"),
        change("EntityResumed", "2025-07-01", "R-5"),
        change("DissolutionStarted", "2025-08-01", "R-6", reason="Nghị quyết 01"),
        change("EntityDissolved", "2025-08-20", "R-7", why="dissolved"),
        change("EntityReinstated", "2025-09-01", "R-8"),
    ):
        answer = await http.post(CHANGES, json=body)
        assert answer.status_code == 200, answer.text
    assert answer.json()["sequence"] == 7
    assert answer.json()["state"]["status"] == "active"
    unit = (await http.get(f"/v1/entities/{BRANCH}/events")).json()["events"]
    assert [e["type"] for e in unit] == [
        "vn.caunoi.BranchRegistered.v1",
        "vn.caunoi.EntityDissolved.v1",
        "vn.caunoi.EntityReinstated.v1",
    ]
    own = (await http.get(f"/v1/entities/{CODE}/events?after=5")).json()
    assert [e["sequence"] for e in own["events"]] == [6, 7]
    assert own["events"][0]["data"]["cause"] == unit[1]["data"]["cause"]
    for row in await conn.fetch("SELECT type, data FROM event"):
        parse(row["type"], row["data"])


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("check digit", "/v1/enterprises", enterprise("4900000018"), 422, "invalid_check_digit"),
    ("shape", "/v1/enterprises", enterprise("49-0000-0017"), 422, "invalid_code"),
    ("commune", "/v1/enterprises", enterprise(commune="99999"), 422, "unknown_commune"),
    ("commune's form", "/v1/enterprises", enterprise(commune="x"), 422, "unknown_commune"),
    ("capital", "/v1/enterprises", enterprise(capital_vnd=-1), 422, "negative_capital"),
    ("half a đồng", "/v1/enterprises", enterprise(capital_vnd=0.5), 422, "invalid_capital"),
    ("future", "/v1/enterprises", enterprise(on="2025-09-13"), 422, "date_in_future"),
    ("date", "/v1/enterprises", enterprise(on="10/03/2025"), 422, "invalid_date"),
    ("unknown field", "/v1/enterprises", enterprise(captial=1), 422, "invalid_field"),
    ("no parent", "/v1/branches", {**enterprise(), "code": BRANCH}, 422, "invalid_field"),
    ("unknown parent", "/v1/branches", branch(), 422, "unknown_parent"),
    ("not JSON", "/v1/enterprises", b'{"code":', 400, "malformed_json"),
    ("no object", "/v1/enterprises", b"[]", 422, "invalid_field"),
    ("no entity", CHANGES, change("EntityResumed", "2025-05-01", "R"), 404, "unknown_entity"),
    ("no fact", CHANGES, {"on": "2025-05-01", "reference": "R"}, 422, "fact_required"),
    ("fact", CHANGES, change("EntityMerged", "2025-05-01", "R"), 422, "unknown_fact"),
    (
        "capital of a change",
        CHANGES,
        change("CapitalChanged", "2025-05-01", "R", capital_vnd=-1),
        422,
        "negative_capital",
    ),
    (
        "why",
        CHANGES,
        change("EntityDissolved", "2025-05-01", "R", why="parent_ended"),
        422,
        "invalid_field",
    ),
]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
async def test_bad_input_is_a_problem_with_its_code_and_leaves_nothing(
    http: httpx.AsyncClient, conn: Connection, path: str, body: Any, status: int, code: str
) -> None:
    sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    headers = {"content-type": "application/json", "idempotency-key": "k"}
    answer = await http.post(path, headers=headers, **sent)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"]
    assert answer.json()["detail_en"]
    assert set((await rows(conn)).values()) == {0}


async def test_a_branch_without_a_parent_is_told_so(http: httpx.AsyncClient) -> None:
    body = branch()
    del body["parent"]
    answer = await http.post("/v1/branches", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "parent_required")


async def test_a_body_of_ten_megabytes_and_another_kind_of_content_are_refused(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    large = await http.post("/v1/enterprises", json=enterprise(name="x" * 10_000_000))
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
    xml = await http.post("/v1/enterprises", content=b"<a/>", headers={"content-type": "text/xml"})
    assert (xml.status_code, xml.json()["code"]) == (415, "unsupported_media_type")
    assert set((await rows(conn)).values()) == {0}


async def test_who_may_only_read_does_not_write_and_a_stranger_does_neither(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    reader, stranger = {"authorization": "Bearer reader"}, {"authorization": "Bearer x"}
    for headers, status in ((reader, 403), (stranger, 401)):
        answer = await http.post("/v1/enterprises", json=enterprise(), headers=headers)
        assert answer.status_code == status
    assert (await http.get(f"/v1/entities/{CODE}", headers=reader)).status_code == 404
    assert (await http.get("/v1/events", headers=stranger)).status_code == 401
    assert set((await rows(conn)).values()) == {0}


async def test_twenty_parallel_posts_of_a_new_code_have_one_effect(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    answers = await asyncio.gather(
        *(http.post("/v1/enterprises", json=enterprise(reference=f"R-{n}")) for n in range(20))
    )
    assert sorted(a.status_code for a in answers) == [201] + [409] * 19
    assert {a.json().get("code") for a in answers} == {CODE, "already_registered"}
    counted = await rows(conn)
    assert (counted["entity"], counted["event"], counted["reference"]) == (1, 1, 1)


async def test_twenty_parallel_posts_of_one_reference_are_one_fact_and_its_repeats(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    answers = await asyncio.gather(
        *(http.post("/v1/enterprises", json=enterprise()) for _ in range(20))
    )
    assert sorted(a.status_code for a in answers) == [200] * 19 + [201]
    assert len({a.json()["event_id"] for a in answers}) == 1
    assert sum(a.json()["repeated"] for a in answers) == 19
    assert (await rows(conn))["event"] == 1


async def test_one_reference_for_two_subjects_in_parallel_is_a_conflict_for_the_second(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    answers = await asyncio.gather(
        *(http.post("/v1/enterprises", json=enterprise(code)) for code in (CODE, OTHER) * 10)
    )
    codes = [a.json()["code"] if a.status_code >= 400 else a.status_code for a in answers]
    assert sorted(codes, key=str) == [200] * 9 + [201] + ["reference_conflict"] * 10
    counted = await rows(conn)
    assert (counted["entity"], counted["event"], counted["reference"]) == (1, 1, 1)


async def test_parallel_changes_of_one_entity_are_one_after_another(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    await http.post("/v1/enterprises", json=enterprise())
    answers = await asyncio.gather(
        *(
            http.post(CHANGES, json=change("CapitalChanged", "2025-05-15", f"C-{n}", capital_vnd=n))
            for n in range(1, 21)
        )
    )
    assert sorted(a.json()["sequence"] for a in answers) == list(range(2, 22))


async def test_a_change_of_another_version_is_told_the_present_one(
    http: httpx.AsyncClient,
) -> None:
    await http.post("/v1/enterprises", json=enterprise())
    body = change("EntitySuspended", "2025-05-15", "R-2")
    stale = await http.post(CHANGES, json=body, headers={"if-match": '"2"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    assert stale.headers["etag"] == '"1"'
    assert stale.json()["facts"]["version"] == 1
    fresh = await http.post(CHANGES, json=body, headers={"if-match": '"1"'})
    assert (fresh.status_code, fresh.headers["etag"]) == (200, '"2"')


async def test_a_repeated_request_gets_the_first_answer_also_after_later_changes(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    first = await http.post("/v1/enterprises", json=enterprise())
    await http.post(CHANGES, json=change("EntitySuspended", "2025-05-15", "R-2"))
    again = await http.post("/v1/enterprises", json=enterprise())
    assert again.status_code == 200
    assert again.json() == {**first.json(), "repeated": True}
    other = await http.post("/v1/enterprises", json=enterprise(capital_vnd=1))
    assert (other.status_code, other.json()["code"]) == (409, "reference_conflict")
    assert (await rows(conn))["event"] == 2


async def test_an_idempotency_key_gives_the_very_same_answer(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    key = {"idempotency-key": "k-1"}
    answers = await asyncio.gather(
        *(http.post("/v1/enterprises", json=enterprise(), headers=key) for _ in range(10))
    )
    assert {(a.status_code, a.content, a.headers["location"]) for a in answers} == {
        (201, answers[0].content, f"/v1/entities/{CODE}")
    }
    other = await http.post("/v1/enterprises", json=enterprise(OTHER, "R-2"), headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (await rows(conn))["event"] == 1


async def test_old_idempotency_keys_are_forgotten_and_their_facts_are_not(
    http: httpx.AsyncClient, service: Service, clock: FixedClock, conn: Connection
) -> None:
    key = {"idempotency-key": "k-1"}
    await http.post("/v1/enterprises", json=enterprise(), headers=key)
    assert await service.once.forget(timedelta(days=7)) == 0
    clock.set(clock.now() + timedelta(days=8))
    assert await service.once.forget(timedelta(days=7)) == 1
    again = await http.post("/v1/enterprises", json=enterprise(), headers=key)
    assert again.json()["repeated"]
    assert (await rows(conn))["event"] == 1


async def test_a_refused_change_leaves_the_entity_as_it_was(
    http: httpx.AsyncClient, conn: Connection
) -> None:
    await http.post("/v1/enterprises", json=enterprise())
    before = await rows(conn)
    answer = await http.post(CHANGES, json=change("EntityResumed", "2025-05-15", "R-2"))
    assert (answer.status_code, answer.json()["code"]) == (409, "status_forbids")
    assert answer.json()["facts"]["status"] == "active"
    same = await http.post(
        CHANGES, json=change("CapitalChanged", "2025-05-15", "R-2", capital_vnd=10_000_000_000)
    )
    assert (same.status_code, same.json()["code"]) == (409, "nothing_changed")
    assert await rows(conn) == before


async def test_the_openapi_document_names_every_route(http: httpx.AsyncClient) -> None:
    paths = (await http.get("/openapi.json")).json()["paths"]
    assert {
        "/v1/enterprises",
        "/v1/cooperatives",
        "/v1/branches",
        "/v1/entities/{code}",
        "/v1/entities/{code}/changes",
        "/v1/entities/{code}/events",
        "/v1/events",
    } <= set(paths)


async def test_the_series_are_read_from_the_register(
    http: httpx.AsyncClient, service: Service
) -> None:
    await http.post("/v1/enterprises", json=enterprise())
    await http.post("/v1/branches", json=branch())
    text = (await http.get("/metrics")).text
    assert 'caunoi_registry_entities{kind="enterprise",status="active"} 1.0' in text
    assert 'caunoi_registry_entities{kind="branch",status="active"} 1.0' in text
    assert "caunoi_registry_waiting_records 0.0" in text
    assert 'caunoi_outbox_rows{topic="caunoi.registry.events.v1"} 2.0' in text
