"""The sample adds up to what was published, and is a lawful and believable register."""

import json
import unicodedata
from collections import Counter, defaultdict
from datetime import date
from typing import Any

import pytest
from stdnum.vn import mst

from deploy.sample.days import is_working
from deploy.sample.published import Checkpoint, Figure, checkpoints, compare, plans
from deploy.sample.records import TOPIC, Record
from deploy.sample.timeline import records
from shared.contracts.communes import communes
from shared.contracts.intake import INTAKE_FACTS, intake_fact_of
from shared.contracts.topics import REGISTRY_INTAKE_TOPIC
from shared.contracts.values import UNKNOWN_SECTION, section_of
from tests.unit.sample.recount import Register, recount

BALANCE = date(2024, 12, 31)
MIDYEAR, CONFERENCE = (point.as_of for point in checkpoints())
DATES = (BALANCE, MIDYEAR, CONFERENCE)


@pytest.fixture(scope="module")
def sample() -> list[Record]:
    return records()


@pytest.fixture(scope="module")
def registers(sample: list[Record]) -> dict[date, Register]:
    lines = [record.line() for record in sample]
    return {day: recount(lines, day) for day in DATES}


def bodies(sample: list[Record], fact: str) -> list[dict[str, Any]]:
    return [record.body() for record in sample if record.fact == fact]


def as_figures(counted: dict[str, int]) -> dict[str, Figure]:
    figures = {name: Figure(value) for name, value in counted.items()}
    for plan in plans():
        value = counted[plan.indicator]
        figures[plan.indicator] = Figure(value, value, plan.target)
    return figures


@pytest.mark.parametrize("point", checkpoints(), ids=lambda p: p.as_of.isoformat())
def test_a_naive_recount_gives_every_published_figure(
    point: Checkpoint, registers: dict[date, Register]
) -> None:
    lines = compare(point, as_figures(registers[point.as_of].figures()))
    assert len(lines) >= 11
    assert [line for line in lines if not line.agrees] == []


def test_the_figures_published_are_to_the_dong(registers: dict[date, Register]) -> None:
    half, conference = registers[MIDYEAR].figures(), registers[CONFERENCE].figures()
    assert half["enterprises_new_capital"] == 3_229_000_000_000
    assert half["enterprises_capital"] == 63_286_000_000_000
    assert half["cooperatives_new_capital"] == 53_600_000_000
    assert half["cooperatives_capital"] == 1_180_000_000_000
    assert conference["enterprises_capital"] == 68_209_000_000_000


def test_the_register_moves_by_more_than_the_new_ones(registers: dict[date, Register]) -> None:
    half, conference = registers[MIDYEAR].figures(), registers[CONFERENCE].figures()
    moved = {name: conference[name] - half[name] for name in half}
    assert moved["enterprises"] == 245
    assert moved["enterprises_new"] == 218
    assert moved["enterprises_reinstated"] - moved["enterprises_dissolved"] == 27
    assert moved["enterprises_reinstated"] >= 60
    assert moved["enterprises_capital"] > moved["enterprises_new_capital"] * 2


@pytest.mark.parametrize("day", DATES)
def test_over_four_fifths_of_enterprises_are_below_ten_billion(
    day: date, registers: dict[date, Register]
) -> None:
    capitals = [e.capital for e in registers[day].standing("enterprise")]
    assert sum(c < 10_000_000_000 for c in capitals) / len(capitals) > 0.8
    assert min(capitals) >= 100_000_000
    assert max(capitals) <= 2_000_000_000_000


def test_two_generations_are_equal(sample: list[Record]) -> None:
    assert records() == sample
    assert [r.headers() for r in records()] == [r.headers() for r in sample]


def test_codes_are_valid_and_of_the_province(sample: list[Record]) -> None:
    for code in {record.code for record in sample}:
        assert mst.is_valid(code)
        assert mst.format(code) == code
        assert code.startswith("49")


def test_all_communes_and_all_forms_are_used(sample: list[Record]) -> None:
    enterprises = bodies(sample, "EnterpriseRegistered")
    collectives = bodies(sample, "CooperativeRegistered")
    units = bodies(sample, "BranchRegistered")
    assert {b["commune"] for b in enterprises} == set(communes())
    assert {b["commune"] for b in enterprises + collectives + units} == set(communes())
    assert {b["legal_form"] for b in enterprises} == {
        "llc_one_member",
        "llc_multi_member",
        "joint_stock",
        "partnership",
        "sole_proprietorship",
    }
    assert {b["kind"] for b in collectives} == {
        "cooperative",
        "cooperative_union",
        "cooperative_group",
    }
    assert {b["kind"] for b in units} == {"branch", "representative_office", "business_location"}


def test_every_name_says_that_it_is_a_sample_and_no_head_shares_one(sample: list[Record]) -> None:
    named = [r.body() for r in sample if "name" in r.fields]
    assert all(b["name"].endswith(" (mẫu)") for b in named)
    assert all(unicodedata.is_normalized("NFC", b["name"]) for b in named)
    heads = [b["name"] for b in named if "parent" not in b]
    assert len(set(heads)) == len(heads)


def test_industries_have_a_section(sample: list[Record]) -> None:
    found = Counter(
        section_of(b["industry"]["scheme"], b["industry"]["code"])
        for b in bodies(sample, "EnterpriseRegistered")
    )
    assert found[UNKNOWN_SECTION] == 0
    # Trade and transport lead at the border; most sections have somebody.
    assert found.most_common(1)[0][0] == "G"
    assert len(found) >= 14


def test_every_record_is_a_fact_of_the_contract(sample: list[Record]) -> None:
    for record in sample:
        headers = dict(record.headers())
        fact = intake_fact_of(headers["ce_type"].decode())
        assert fact == record.fact
        INTAKE_FACTS[fact].model_validate_json(record.value())
        assert headers["ce_subject"] == record.key == record.code.encode()
        assert headers["ce_source"] == b"/vn/lang-son/dkkd-sample"
        assert headers["content-type"] == b"application/json"


def test_the_topic_is_the_one_of_the_contract() -> None:
    assert REGISTRY_INTAKE_TOPIC.name == TOPIC


def test_references_are_unique_and_say_that_they_are_a_sample(sample: list[Record]) -> None:
    references = [record.reference for record in sample]
    assert len(set(references)) == len(references)
    assert all(reference.startswith("MAU-") for reference in references)


def test_the_balance_comes_first_as_backfill_and_the_year_follows_live(
    sample: list[Record],
) -> None:
    live = [record.on > BALANCE for record in sample]
    assert live == sorted(live)
    assert [record.origin == "live" for record in sample] == live
    days = [record.on for record in sample if record.origin == "live"]
    assert days == sorted(days)
    assert days[-1] <= CONFERENCE
    assert all(is_working(record.on) for record in sample)


def test_a_wave_leans_on_earlier_waves_only(sample: list[Record]) -> None:
    waves = [record.wave for record in sample]
    assert waves == sorted(waves)
    registered = {r.code: r.wave for r in sample if r.fact.endswith("Registered")}
    ends = {r.code: r.wave for r in sample if r.fact == "EntityDissolved"}
    for record in sample:
        if record.fact == "BranchRegistered":
            parent = record.fields["parent"]
            assert registered[parent] < record.wave
            assert ends.get(parent, 99) > record.wave


def test_a_resumed_suspension_lasted_at_most_a_year(sample: list[Record]) -> None:
    since: dict[str, date] = {}
    for record in sample:
        if record.fact == "EntitySuspended":
            assert "until" not in record.fields
            since[record.code] = record.on
        elif record.code in since:
            assert (record.on - since.pop(record.code)).days <= 365
    assert all((CONFERENCE - on).days <= 365 for on in since.values())


def test_a_parent_that_ends_takes_its_branches_and_brings_them_back(
    sample: list[Record], registers: dict[date, Register]
) -> None:
    facts = defaultdict(set)
    for record in sample:
        facts[record.code].add(record.fact)
    parents = {b["parent"] for b in bodies(sample, "BranchRegistered")}
    ended = [p for p in parents if "EntityDissolved" in facts[p]]
    assert len(ended) >= 10
    assert sum("EntityReinstated" in facts[p] for p in ended) >= 5
    known = registers[CONFERENCE].known
    for parent in ended:
        open_units = [u for u in known[parent].units if known[u].status != "ended"]
        assert bool(open_units) == (known[parent].status != "ended")


def test_records_are_plain_json_lines(sample: list[Record]) -> None:
    body = json.loads(sample[0].line())
    assert body.pop("fact") == sample[0].fact
    assert body == sample[0].body() == json.loads(sample[0].value())
