"""One number, wherever it is read: gauges, figures, and the services' own tables by SQL."""

from datetime import date

import pytest

from services.analytics.domain.indicators import ON_REGISTER, OPEN
from tests.e2e.facts import petition, today
from tests.e2e.house import House, Series, numbers

HEADS = ("enterprise", "cooperative", "cooperative_union", "cooperative_group")


def by_label(series: Series, name: str, label: str) -> dict[str, float]:
    """Return {value of the label: number} of a gauge, without zeros."""
    return {
        dict(labels)[label]: number
        for (found, labels), number in series.items()
        if found == name and number
    }


async def test_the_gauges_of_entities_are_what_the_register_holds(house: House) -> None:
    await house.settled()
    series = await house.series("analytics")
    rows = await house.sql(
        "registry",
        "SELECT kind, count(*) AS n, sum(capital_vnd) AS vnd FROM entity"
        " WHERE status = ANY ($1) GROUP BY kind",
        list(ON_REGISTER),
    )
    assert by_label(series, "caunoi_entities", "kind") == {r["kind"]: r["n"] for r in rows}
    capital = {r["kind"]: float(r["vnd"]) for r in rows if r["kind"] in HEADS}
    assert by_label(series, "caunoi_registered_capital_vnd", "kind") == capital
    new = await house.sql(
        "registry",
        "SELECT kind, extract(year FROM registered_on)::int AS year, count(*) AS n FROM entity"
        " WHERE kind IN ('enterprise', 'cooperative') AND registered_on >= '2025-01-01'"
        " GROUP BY kind, year",
    )
    shown = {
        (dict(labels)["kind"], int(dict(labels)["year"])): number
        for (name, labels), number in series.items()
        if name == "caunoi_entities_new" and number
    }
    assert shown == {(r["kind"], r["year"]): r["n"] for r in new}


async def test_the_gauges_are_the_figures_of_today(house: House) -> None:
    await house.settled()
    figures, series = await house.figures(), await house.series("analytics")
    count = by_label(series, "caunoi_entities", "kind")
    capital = by_label(series, "caunoi_registered_capital_vnd", "kind")
    assert count["enterprise"] == figures["enterprises"]
    assert count["branch"] + count["representative_office"] == figures["branches"]
    assert count["cooperative"] == figures["cooperatives"]
    assert capital["enterprise"] == figures["enterprises_capital"]
    assert capital["cooperative"] == figures["cooperatives_capital"]


async def test_the_plan_of_2025_is_shown_with_the_share_that_was_reached(house: House) -> None:
    await house.settled()
    series = await house.series("analytics")
    labels = frozenset({("indicator", "enterprises_new"), ("year", "2025")})
    assert series["caunoi_plan_target", labels] == 700
    new = await house.number(
        "registry",
        "SELECT count(*) FROM entity"
        " WHERE kind = 'enterprise' AND extract(year FROM registered_on) = 2025",
    )
    assert series["caunoi_plan_attainment_ratio", labels] == pytest.approx(new / 700)


async def test_the_gauges_of_petitions_are_what_the_petitions_hold(house: House) -> None:
    for field in ("land", "tax"):
        answer = await house.post(
            "petitions", "/v1/petitions", petition(field=field, other_fields=[]), "portal"
        )
        assert answer.status_code == 201, answer.text
    await house.settled()
    series = await house.series("analytics")
    rows = await house.sql(
        "petitions",
        "SELECT field, coalesce(agency, '-') AS agency, count(*) AS n FROM petition"
        " WHERE status = ANY ($1) GROUP BY 1, 2",
        list(OPEN),
    )
    shown = {
        (dict(labels)["field"], dict(labels)["agency"]): number
        for (name, labels), number in series.items()
        if name == "caunoi_petitions_open" and number
    }
    assert shown == {(r["field"], r["agency"]): r["n"] for r in rows}
    assert sum(shown.values()) == (await house.figures())["petitions_open"]
    by_status = by_label(await house.series("petitions"), "caunoi_petitions", "status")
    counted = await house.sql("petitions", "SELECT status, count(*) AS n FROM petition GROUP BY 1")
    assert by_status == {r["status"]: r["n"] for r in counted}


async def test_the_pipelines_counters_are_those_of_the_tables(house: House) -> None:
    await house.settled()
    series = await house.series("analytics")
    none: frozenset[tuple[str, str]] = frozenset()
    ((applied, repeated, parked),) = await house.sql(
        "analytics", "SELECT sum(applied), sum(repeated), sum(parked_count) FROM g1.consumed"
    )
    assert series["caunoi_events_applied_total", none] == applied
    assert series["caunoi_events_repeated_total", none] == repeated
    assert series["caunoi_events_parked_total", none] == parked
    assert series["caunoi_consumer_halted_partitions", none] == 0
    dead = await house.sql("analytics", "SELECT code, count(*) FROM dead_letter GROUP BY code")
    assert by_label(series, "caunoi_dead_letters", "code") == dict(dead)
    for service in ("registry", "petitions"):
        depth = by_label(await house.series(service), "caunoi_outbox_rows", "topic")
        assert depth == {}, f"{service} has unpublished events"


@pytest.mark.parametrize("by", ["legal_form", "commune", "section", "band"])
@pytest.mark.parametrize("day", ["2025-06-30", "2025-09-12", ""])
async def test_the_parts_of_a_breakdown_add_up_to_the_total(
    house: House, by: str, day: str
) -> None:
    await house.settled()
    answer = await house.indicators(date.fromisoformat(day or today()), by=by)
    totals = numbers(answer["indicators"])
    assert answer["breakdown"]
    for name, parts in answer["breakdown"].items():
        found = sum(part["value"] for part in parts.values())
        assert found == totals[name], name
