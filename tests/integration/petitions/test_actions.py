"""Acts beyond the straight course: who may, what follows, what is told to whom."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from services.petitions.api.actions import BODIES
from shared.contracts.catalogue import parse
from shared.plumbing.clock import FixedClock
from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import NAME, TEXT, As, act, assigned, file, filing, problem


async def answered(as_: As, **changes: Any) -> tuple[str, str]:
    """Return id and tracking code of a petition that STC has answered."""
    filed = await file(as_, **changes)
    await act(as_, filed["id"], "assign", by="VPUB")
    done = await act(as_, filed["id"], "answer", document="41/STC-DN", outcome="accepted")
    assert done.status_code == 200, done.text
    return filed["id"], filed["tracking_code"]


async def test_the_petitioner_confirms_by_the_tracking_code(as_: As) -> None:
    petition_id, code = await answered(as_)
    refused = await act(as_, petition_id, "confirm", by="portal")
    assert problem(refused, 403) == "not_petitioner"
    wrong = await act(as_, petition_id, "confirm", by="portal", tracking_code="AAAA-AAAA-AAAA-AAAA")
    assert problem(wrong, 403) == "not_petitioner"
    done = await act(as_, petition_id, "confirm", by="portal", tracking_code=code)
    assert done.json()["state"]["status"] == "resolved"
    case = (await as_("STC").get(f"/v1/petitions/{petition_id}")).json()
    assert [one["document"] for one in case["documents"]] == ["41/STC-DN", "41/STC-DN"]


async def test_what_the_petitioner_disputes_goes_to_the_reviewer(as_: As) -> None:
    petition_id, code = await answered(as_)
    done = await act(
        as_, petition_id, "dispute", by="portal", tracking_code=code, reason="chưa thanh toán"
    )
    assert (done.json()["state"]["status"], done.json()["state"]["round"]) == ("in_progress", 2)
    queue = (await as_("reviewer").get("/v1/reviews/queue")).json()
    assert [(one["id"], one["why"]) for one in queue["items"]] == [(petition_id, ["disputed"])]
    assert problem(await as_("STC").get("/v1/reviews/queue"), 403) == "forbidden"


async def test_an_answer_that_is_not_settled_comes_to_the_reviewer_after_a_time(
    as_: As, clock: FixedClock
) -> None:
    petition_id, _ = await answered(as_)
    clock.set(datetime(2026, 3, 13, 2, tzinfo=UTC))
    assert (await as_("reviewer").get("/v1/reviews/queue")).json()["items"] == []
    clock.set(datetime(2026, 3, 16, 2, tzinfo=UTC))
    queue = (await as_("reviewer").get("/v1/reviews/queue")).json()
    assert [(one["id"], one["why"]) for one in queue["items"]] == [(petition_id, ["answered"])]


async def test_the_review_is_recorded_and_counted_in_its_session(as_: As, sql: Connection) -> None:
    session: dict[str, Any] = {
        "id": "HN-2026-03",
        "name": "Hội nghị đối thoại doanh nghiệp",
        "held_on": "2026-03-01",
        "place": "Lạng Sơn",
        "chair": "Chủ tịch UBND tỉnh",
        "attendance": {"enterprises": 120},
    }
    assert (await as_("VPUB").post("/v1/sessions", json=session)).status_code == 201
    assert (await as_("VPUB").post("/v1/sessions", json=session)).status_code == 200
    other = await as_("VPUB").post("/v1/sessions", json={**session, "place": "Đồng Đăng"})
    assert problem(other, 409) == "session_exists"
    petition_id, _ = await answered(as_, session="HN-2026-03")
    await file(as_, reference="PA-2", session="HN-2026-03")
    refused = await act(as_, petition_id, "review", recommendation="a", due_on="2026-04-01")
    assert problem(refused, 403) == "forbidden"
    body: dict[str, Any] = {
        "recommendation": "Thanh toán dứt điểm trong quý I",
        "due_on": "2026-03-31",
    }
    done = await act(as_, petition_id, "review", by="reviewer", **body)
    assert done.json()["state"]["status"] == "answered"
    await act(as_, petition_id, "resolve", document="52/STC-DN")
    found = (await as_("reviewer").get("/v1/sessions/HN-2026-03")).json()
    assert found["settlement"] == {
        "petitions": 2,
        "open": 1,
        "answered": 0,
        "settled": 1,
        "closed": 0,
        "reviewed": 1,
        "reviewed_settled": 1,
        "overdue": 0,
    }
    course = (await as_("STC").get(f"/v1/petitions/{petition_id}/course")).json()
    assert course["reviews"][0]["recommendation"] == body["recommendation"]
    data = await sql.fetchval("SELECT data FROM event WHERE type LIKE '%Reviewed%'")
    assert "31/03/2026" in orjson.loads(data)["reason"]
    missing = await as_("reviewer").get("/v1/sessions/HN-1")
    assert problem(missing, 404) == "unknown_session"


async def test_a_comment_moves_neither_version_nor_clock(as_: As, sql: Connection) -> None:
    petition_id = await assigned(as_)
    before = (await as_("STC").get(f"/v1/petitions/{petition_id}")).json()
    path = f"/v1/petitions/{petition_id}/comments"
    assert (await as_("STC").post(path, json={"text": "đang kiểm tra"})).status_code == 204
    refused = await as_("SNNMT").post(path, json={"text": "không liên quan"})
    assert problem(refused, 403) == "not_officer"
    assert (await as_("STC").get(f"/v1/petitions/{petition_id}")).json() == before
    assert await sql.fetchval("SELECT count(*) FROM event") == 2
    course = f"/v1/petitions/{petition_id}/course"
    assert [c["text"] for c in (await as_("STC").get(course)).json()["comments"]] == [
        "đang kiểm tra"
    ]
    assert (await as_("SNNMT").get(course)).json()["comments"] == []


async def test_the_petitioner_is_told_again_every_seven_days_once_it_is_late(
    as_: As, clock: FixedClock
) -> None:
    petition_id = await assigned(as_)
    course = f"/v1/petitions/{petition_id}/course"
    assert (await as_("STC").get(course)).json()["update_due_on"] is None
    clock.set(datetime(2026, 3, 24, 2, tzinfo=UTC))
    assert (await as_("STC").get(course)).json()["update_due_on"] == "2026-03-30"
    clock.set(datetime(2026, 3, 30, 2, tzinfo=UTC))
    body = {"kind": "update", "text": "đang chờ ý kiến Sở Xây dựng"}
    await as_("STC").post(f"/v1/petitions/{petition_id}/comments", json=body)
    assert (await as_("STC").get(course)).json()["update_due_on"] == "2026-04-06"


async def test_petitions_that_say_the_same_are_offered_and_not_merged(as_: As) -> None:
    first = await file(as_, reference="A")
    assert first["possible_duplicates"] == []
    again = await file(as_, reference="B", text=TEXT.upper() + " Xin cảm ơn.")
    assert [one["id"] for one in again["possible_duplicates"]] == [first["id"]]
    assert again["possible_duplicates"][0]["similarity"] >= 0.5
    other = await file(as_, reference="C", field="land", other_fields=[])
    assert other["possible_duplicates"] == []
    case = (await as_("STC").get(f"/v1/petitions/{again['id']}")).json()
    assert case["state"]["status"] == "filed"


async def test_a_duplicate_is_linked_to_the_first_of_its_chain(as_: As) -> None:
    ids = [(await file(as_, reference=name))["id"] for name in "ABC"]
    for later, earlier in ((1, 0), (2, 1)):
        done = await act(as_, ids[later], "mark_duplicate", by="VPUB", original=ids[earlier])
        assert done.json()["state"]["status"] == "duplicate"
        assert done.json()["state"]["settled_on"] is None
    course = (await as_("STC").get(f"/v1/petitions/{ids[2]}/course")).json()
    assert course["duplicate_of"] == ids[0]
    itself = await act(as_, ids[0], "mark_duplicate", by="VPUB", original=ids[2])
    assert problem(itself, 422) == "original_not_found"


async def test_an_association_names_its_members(as_: As) -> None:
    members = ["4900000017", "0100233488"]
    refused = await as_("portal").post(
        "/v1/petitions", json={**_association(), "petitioner_kind": "enterprise"}
    )
    assert problem(refused, 422) == "members_not_for_kind"
    filed = await file(as_, **_association())
    course = (await as_("STC").get(f"/v1/petitions/{filed['id']}/course")).json()
    assert course["members"] == sorted(members)


def _association() -> dict[str, Any]:
    return filing(petitioner_kind="association", entity=None, members=["4900000017", "0100233488"])


async def test_a_correction_retracts_and_asserts_and_undo_takes_the_last_act_back(
    as_: As, sql: Connection
) -> None:
    petition_id, _ = await answered(as_)
    undone = await act(as_, petition_id, "correct", reason="ghi nhầm hồ sơ", undo=True)
    assert undone.json()["state"]["status"] == "assigned"
    fixed = await act(as_, petition_id, "correct", reason="gõ nhầm", field="planning")
    assert fixed.json()["state"]["field"] == "planning"
    assert fixed.json()["version"] == 5
    rows = await sql.fetch("SELECT type, data FROM event ORDER BY id")
    undo, right = (parse(row["type"], row["data"]) for row in rows[-2:])
    assert (len(undo.asserts), len(undo.retracts), undo.corrects) == (0, 1, 3)
    assert (len(right.asserts), len(right.retracts), right.corrects) == (2, 2, 1)
    again = await act(as_, petition_id, "answer", document="42/STC-DN")
    assert again.json()["state"]["status"] == "answered"


@pytest.mark.parametrize("reason", [f"theo yêu cầu của {NAME}", "gọi 0912345678"])
async def test_a_reason_does_not_name_the_person(as_: As, reason: str) -> None:
    petition_id = await assigned(as_)
    answer = await act(as_, petition_id, "reject", reason=reason)
    assert problem(answer, 422) == "private_in_public"


async def test_a_transfer_needs_a_reason_and_gives_the_lead_away(as_: As) -> None:
    petition_id = await assigned(as_)
    assert problem(await act(as_, petition_id, "transfer", agency="SXD"), 422) == "reason_missing"
    done = await act(as_, petition_id, "transfer", agency="SXD", reason="đúng thẩm quyền")
    assert done.json()["state"]["agency"] == "SXD"
    refused = await act(as_, petition_id, "answer", document="1/STC")
    assert problem(refused, 403) == "not_lead_agency"
    taken = await act(as_, petition_id, "answer", by="SXD", document="1/SXD")
    assert taken.status_code == 200


async def test_an_action_whose_body_has_nothing_to_say_needs_none(as_: As) -> None:
    filed = await file(as_)
    answer = await as_("VPUB").post(f"/v1/petitions/{filed['id']}/actions/assign")
    assert answer.status_code == 200, answer.text


async def test_every_action_is_in_the_openapi_document_with_its_body(as_: As) -> None:
    paths = (await as_("").get("/openapi.json")).json()["paths"]
    actions = {
        path.rsplit("/", 1)[1]: one["post"] for path, one in paths.items() if "/actions/" in path
    }
    assert set(actions) == set(BODIES)
    assert all("requestBody" in operation for operation in actions.values())
