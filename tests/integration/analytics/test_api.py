"""The HTTP door of analytics."""

from collections.abc import Callable

import httpx
import pytest

As = Callable[[str], httpx.AsyncClient]
PLAN = {"value": 700, "effective_from": "2025-01-01", "decision": "01/QĐ-UBND"}


async def test_without_a_token_nothing_is_answered(as_: As) -> None:
    answer = await as_("").get("/v1/indicators")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_every_indicator_of_the_catalogue_is_answered(as_: As) -> None:
    body = (await as_("reader").get("/v1/indicators")).json()
    assert body["as_of"] == "2025-09-12"
    assert body["indicators"]["enterprises_new"] == {"value": 0, "unit": "entity", "plan": None}
    assert body["indicators"]["petitions_settled_share"]["value"] is None


@pytest.mark.parametrize(
    "as_of", ["2025-9-12", "12/09/2025", "x" * 10, "2025-02-30", "1899-01-01", ""]
)
async def test_a_date_that_is_none_is_refused_in_both_languages(as_: As, as_of: str) -> None:
    answer = await as_("reader").get("/v1/indicators", params={"as_of": as_of})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_date")
    assert answer.json()["title"] == "Ngày không hợp lệ"
    assert answer.json()["title_en"] == "Not a date"


async def test_an_unknown_breakdown_says_which_there_are(as_: As) -> None:
    answer = await as_("reader").get("/v1/indicators?by=shoe_size")
    assert answer.json()["code"] == "unknown_breakdown"
    assert "commune" in answer.json()["facts"]["known"]


async def test_a_plan_is_set_once_and_revised_by_a_new_row(as_: As) -> None:
    planner = as_("planner")
    first = await planner.put("/v1/plans/2025/enterprises_new", json=PLAN)
    again = await planner.put("/v1/plans/2025/enterprises_new", json=PLAN)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    raised = {**PLAN, "value": 900, "effective_from": "2025-08-01"}
    second = await planner.put("/v1/plans/2025/enterprises_new", json=raised)
    assert second.json()["revision"] == 2
    july = (await planner.get("/v1/indicators?as_of=2025-07-31")).json()
    september = (await planner.get("/v1/indicators?as_of=2025-09-12")).json()
    assert july["indicators"]["enterprises_new"]["plan"]["target"] == 700
    plan = september["indicators"]["enterprises_new"]["plan"]
    assert (plan["target"], plan["first_target"]) == (900, 700)
    assert len((await planner.get("/v1/plans/2025")).json()["plans"]) == 2


@pytest.mark.parametrize(
    ("path", "change", "code"),
    [
        ("2025/enterprises_new", {"value": 0}, "invalid_field"),
        ("2025/enterprises_new", {"value": 1.5}, "invalid_field"),
        ("2025/enterprises_new", {"effective_from": "2026-01-01"}, "plan_out_of_year"),
        ("2025/nothing", {}, "unknown_indicator"),
        ("2025/petitions_settled_share", {}, "not_plannable"),
        ("99999/enterprises_new", {}, "invalid_field"),
    ],
)
async def test_a_plan_that_makes_no_sense_is_refused(
    as_: As, path: str, change: dict[str, object], code: str
) -> None:
    answer = await as_("planner").put(f"/v1/plans/{path}", json={**PLAN, **change})
    assert answer.status_code in {404, 422}
    assert answer.json()["code"] == code
    assert (await as_("planner").get("/v1/plans/2025")).json()["plans"] == []


async def test_who_may_not_set_plans_sets_none(as_: As) -> None:
    answer = await as_("reader").put("/v1/plans/2025/enterprises_new", json=PLAN)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_metrics_are_open_and_hold_the_business_gauges(as_: As) -> None:
    text = (await as_("").get("/metrics")).text
    assert 'caunoi_entities{kind="enterprise"} 0.0' in text
    assert "caunoi_dead_letters" in text
    assert "caunoi_newest_event_age_seconds" not in text
