"""Facts by HTTP reach the figures and the gauges, each by exactly what it is."""

from typing import Any

from tests.e2e.facts import BILLION, change, cooperative, enterprise, petition, today, unit
from tests.e2e.house import Figures, House, Series, moved


class Watched:
    """Does one thing after another; `by` is what each moved in the figures of today."""

    def __init__(self, house: House, begin: Figures) -> None:
        self._house, self._at = house, begin

    async def by(self) -> dict[str, int]:
        """Return what has moved since it was asked last."""
        await self._house.settled()
        before, self._at = self._at, await self._house.figures()
        return moved(before, self._at)


async def watch(house: House) -> Watched:
    await house.settled()
    return Watched(house, await house.figures())


async def register(house: House, path: str, body: dict[str, Any]) -> str:
    answer = await house.post("registry", path, body, **{"idempotency-key": body["reference"]})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/entities/{body['code']}"
    code: str = body["code"]
    return code


async def amend(house: House, code: str, fact: str, **fields: Any) -> str:
    answer = await house.post("registry", f"/v1/entities/{code}/changes", change(fact, **fields))
    assert answer.status_code == 200, answer.text
    status: str = answer.json()["state"]["status"]
    return status


def gauge(series: Series, name: str, **labels: str) -> float:
    return series.get((name, frozenset(labels.items())), 0.0)


async def test_the_life_of_an_enterprise_moves_each_figure_by_what_happened(house: House) -> None:
    watched = await watch(house)
    code = await register(house, "/v1/enterprises", enterprise(capital_vnd=5 * BILLION))
    assert await watched.by() == {
        "enterprises": 1,
        "enterprises_new": 1,
        "enterprises_capital": 5 * BILLION,
        "enterprises_new_capital": 5 * BILLION,
    }
    await amend(house, code, "CapitalChanged", capital_vnd=7 * BILLION)
    assert await watched.by() == {
        "enterprises_capital": 2 * BILLION,
        "capital_increased": 2 * BILLION,
    }
    await amend(house, code, "CapitalChanged", capital_vnd=6 * BILLION)
    assert await watched.by() == {
        "enterprises_capital": -BILLION,
        "capital_decreased": BILLION,
    }
    assert await amend(house, code, "EntitySuspended", until=None) == "suspended"
    assert await watched.by() == {"enterprises_suspended": 1}
    assert await amend(house, code, "EntityResumed") == "active"
    assert await watched.by() == {"enterprises_resumed": 1}


async def test_dissolution_ends_the_branches_and_reinstatement_brings_them_back(
    house: House,
) -> None:
    watched = await watch(house)
    code = await register(house, "/v1/enterprises", enterprise(capital_vnd=3 * BILLION))
    await watched.by()
    for number, kind in enumerate(("branch", "representative_office", "business_location"), 1):
        await register(house, "/v1/branches", unit(code, number, kind=kind))
    assert await watched.by() == {"branches": 2}
    assert await amend(house, code, "DissolutionStarted") == "dissolving"
    assert await watched.by() == {"enterprises_dissolving": 1}
    assert await amend(house, code, "EntityDissolved", why="dissolved") == "ended"
    assert await watched.by() == {
        "enterprises": -1,
        "enterprises_capital": -3 * BILLION,
        "enterprises_dissolved": 1,
        "branches": -2,
    }
    events = [await last_event(house, c) for c in (code, f"{code}-001", f"{code}-003")]
    assert [e["data"]["asserts"][0]["why"] for e in events] == [
        "dissolved",
        "parent_ended",
        "parent_ended",
    ]
    assert len({e["data"]["cause"] for e in events}) == 1
    assert events[0]["data"]["cause"]
    assert await amend(house, code, "EntityReinstated") == "active"
    assert await watched.by() == {
        "enterprises": 1,
        "enterprises_capital": 3 * BILLION,
        "enterprises_reinstated": 1,
        "branches": 2,
    }


async def last_event(house: House, code: str) -> dict[str, Any]:
    found = await house.get("registry", f"/v1/entities/{code}/events")
    last: dict[str, Any] = found["events"][-1]
    assert last["position"] is not None
    return last


async def test_the_life_of_a_cooperative_moves_its_own_figures(house: House) -> None:
    watched = await watch(house)
    code = await register(house, "/v1/cooperatives", cooperative(capital_vnd=2 * BILLION))
    assert await watched.by() == {
        "cooperatives": 1,
        "cooperatives_new": 1,
        "cooperatives_capital": 2 * BILLION,
        "cooperatives_new_capital": 2 * BILLION,
    }
    await amend(house, code, "EntityDissolved", why="dissolved")
    assert await watched.by() == {
        "cooperatives": -1,
        "cooperatives_capital": -2 * BILLION,
        "cooperatives_dissolved": 1,
    }


async def test_a_fact_told_twice_by_any_door_counts_once(house: House) -> None:
    watched = await watch(house)
    body = enterprise()
    key = {"idempotency-key": body["reference"]}
    first = await house.post("registry", "/v1/enterprises", body, **key)
    again = await house.post("registry", "/v1/enterprises", body, **key)
    third = await house.post("registry", "/v1/enterprises", body)
    assert (first.status_code, again.status_code, third.status_code) == (201, 201, 200)
    assert first.content == again.content
    assert third.json()["repeated"]
    assert third.json()["event_id"] == first.json()["event_id"]
    assert (await watched.by())["enterprises"] == 1


async def test_a_refused_request_leaves_its_key_free(house: House) -> None:
    body = enterprise()
    key = {"idempotency-key": str(body["reference"])}
    wrong = {**body, "capital_vnd": -1}
    assert (await house.post("registry", "/v1/enterprises", wrong, **key)).status_code == 422
    future = {**body, "on": "2199-01-01"}
    assert (await house.post("registry", "/v1/enterprises", future, **key)).status_code == 422
    assert (await house.post("registry", "/v1/enterprises", body, **key)).status_code == 201
    other = await house.post("registry", "/v1/enterprises", enterprise(), **key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_the_gauges_move_with_the_figures(house: House) -> None:
    await house.settled()
    before = await house.series("analytics")
    await register(house, "/v1/enterprises", enterprise(capital_vnd=4 * BILLION))
    await house.settled()
    after = await house.series("analytics")
    year = today()[:4]
    for name, labels, step in (
        ("caunoi_entities", {"kind": "enterprise"}, 1),
        ("caunoi_registered_capital_vnd", {"kind": "enterprise"}, 4 * BILLION),
        ("caunoi_entities_new", {"kind": "enterprise", "year": year}, 1),
        ("caunoi_events_applied_total", {}, 1),
    ):
        assert gauge(after, name, **labels) - gauge(before, name, **labels) == step, name


async def act(house: House, petition_id: str, action: str, by: str, **body: Any) -> str:
    path = f"/v1/petitions/{petition_id}/actions/{action}"
    answer = await house.post("petitions", path, body, by)
    assert answer.status_code == 200, answer.text
    status: str = answer.json()["state"]["status"]
    return status


async def open_by_agency(house: House) -> dict[str, float]:
    series = await house.series("analytics")
    labels = {"field": "construction_debt"}
    return {
        agency: gauge(series, "caunoi_petitions_open", agency=agency, **labels)
        for agency in ("-", "STC")
    }


async def test_the_course_of_a_petition_moves_figures_and_gauges(house: House) -> None:
    watched = await watch(house)
    begin = await open_by_agency(house)
    filed = await house.post("petitions", "/v1/petitions", petition(), "portal")
    assert filed.status_code == 201, filed.text
    petition_id = filed.json()["id"]
    assert await watched.by() == {
        "petitions_filed": 1,
        "petitions_open": 1,
        "petitions_settled_share.denominator": 1,
    }
    assert await open_by_agency(house) == {**begin, "-": begin["-"] + 1}

    assert await act(house, petition_id, "assign", "VPUB") == "assigned"
    assert await watched.by() == {}
    assert await open_by_agency(house) == {**begin, "STC": begin["STC"] + 1}

    assert await act(house, petition_id, "answer", "STC", document="41/STC-DN") == "answered"
    assert await watched.by() == {
        "petitions_answered": 1,
        "petitions_on_time_share.numerator": 1,
        "petitions_on_time_share.denominator": 1,
    }
    assert await open_by_agency(house) == {**begin, "STC": begin["STC"] + 1}

    resolved = await act(house, petition_id, "resolve", "STC", document="52/STC-DN")
    assert resolved == "resolved"
    assert await watched.by() == {
        "petitions_resolved": 1,
        "petitions_settled": 1,
        "petitions_open": -1,
        "petitions_settled_share.numerator": 1,
        "petitions_days_to_resolve.count": 1,
    }
    assert await open_by_agency(house) == begin


async def test_a_plan_is_answered_beside_its_figure_and_a_revision_beside_the_first(
    house: House,
) -> None:
    year = today()[:4]
    path = f"/v1/plans/{year}/enterprises_reinstated"
    first = {"value": 40, "effective_from": f"{year}-01-01", "decision": "01/QĐ-UBND"}
    raised = {"value": 50, "effective_from": today(), "decision": "02/QĐ-UBND"}
    async with house.client("analytics") as client:
        assert (await client.put(path, json=first)).status_code == 201
        assert (await client.put(path, json=first)).status_code == 200
        assert (await client.put(path, json=raised)).json()["revision"] == 2
    figure = (await house.indicators())["indicators"]["enterprises_reinstated"]
    plan = figure["plan"]
    assert (plan["target"], plan["first_target"], plan["revision"]) == (50, 40, 2)
    assert (plan["numerator"], plan["denominator"]) == (figure["value"], 50)
    assert plan["attainment"] == f"{figure['value'] / 50:.6f}"
    series = await house.series("analytics")
    labels = {"indicator": "enterprises_reinstated", "year": year}
    assert gauge(series, "caunoi_plan_target", **labels) == 50
    assert gauge(series, "caunoi_plan_attainment_ratio", **labels) == figure["value"] / 50
