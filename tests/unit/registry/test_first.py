"""The short way of a first registration says what the long way says, octet by octet."""

import string
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.registry.domain import Circumstances, Decision, Fact, act, event_bytes, fact_of
from services.registry.domain.first import First, derived_reference, first_of
from services.registry.handlers.work import digest_of
from shared.contracts.envelope import Source
from shared.contracts.intake import INTAKE_FACTS

COMMUNES = ["05977", "05983"]
CODES = ["4900000017", "4900000070", "0100233488", "THT-0123456789"]
TEXT = st.text(min_size=1, max_size=40).filter(
    lambda t: bool(t.strip()) and t.isprintable() and "\ud800" not in t
)
GOOD: dict[str, Any] = {
    "fact": "EnterpriseRegistered",
    "code": "4900000017",
    "on": "2025-03-10",
    "origin": "backfill",
    "legal_form": "joint_stock",
    "name": "Công ty Mẫu",
    "capital_vnd": 12_500_000_000,
    "commune": "05977",
    "industry": {"scheme": "vsic2025", "code": "4711"},
}


class Empty:
    """A register with nothing on it."""

    def get(self, code: str) -> None:
        return None

    def branches(self, code: str) -> list[None]:
        return []


@st.composite
def registrations(draw: st.DrawFn) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "code": draw(st.sampled_from(CODES)),
        "on": draw(st.dates(date(1900, 1, 1), date(2025, 9, 12))).isoformat(),
        "origin": draw(st.sampled_from(["live", "backfill"])),
        "name": draw(TEXT),
        "capital_vnd": draw(st.integers(0, 10**15)),
        "commune": draw(st.sampled_from(COMMUNES)),
        "industry": {
            "scheme": draw(st.sampled_from(["vsic2018", "vsic2025"])),
            "code": draw(st.sampled_from(["01", "4711", "62010"])),
        },
    }
    if draw(st.booleans()):
        fields["reference"] = draw(st.text(string.ascii_letters + '/Đ-"\\', min_size=1))
    if draw(st.booleans()):
        fields["reason"] = draw(TEXT)
    if fields["code"].startswith("THT"):
        return {**fields, "fact": "CooperativeRegistered", "kind": "cooperative_group"}
    if draw(st.booleans()):
        form = draw(st.sampled_from(["joint_stock", "llc_one_member", "sole_proprietorship"]))
        return {**fields, "fact": "EnterpriseRegistered", "legal_form": form}
    kind = draw(st.sampled_from(["cooperative", "cooperative_union", "cooperative_group"]))
    return {**fields, "fact": "CooperativeRegistered", "kind": kind}


def check_agrees(fields: dict[str, Any], first: First) -> None:
    """Pass when the model, the registrar and the published event say the same."""
    named = {"reference": "-", **fields}
    reported = INTAKE_FACTS[fields["fact"]].model_validate(named)
    if "reference" not in fields:
        reported = reported.model_copy(update={"reference": derived_reference(reported)})
    assert first.reported() == reported
    assert (first.code, first.reference, first.origin, first.reason) == (
        reported.code,
        reported.reference,
        reported.origin,
        reported.reason,
    )
    assert first.digest == digest_of(reported)
    fact = fact_of(reported)
    assert isinstance(fact, Fact)
    assert first.fact == msgspec.structs.replace(fact, number=1)
    world = Circumstances(date(2025, 9, 12), frozenset(COMMUNES))
    (decision,) = act(Empty(), reported.code, fact, world, "cause")  # type: ignore[arg-type]
    assert isinstance(decision, Decision)
    source = Source(system='/a"b', reference=reported.reference)
    event = decision.event(source, reported.origin, reported.reason)
    assert first.event('/a"b') == event_bytes(event)
    assert decision.subject.facts == (first.fact,)
    assert decision.subject.version == 1


@given(registrations())
def test_both_ways_write_the_same_octets(fields: dict[str, Any]) -> None:
    first = first_of(fields)
    # A text that is not in normal form, or with spaces around it, is left to the model.
    if first is not None:
        check_agrees(fields, first)


def test_an_ordinary_registration_goes_the_short_way() -> None:
    first = first_of(GOOD)
    assert first is not None
    check_agrees(GOOD, first)


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, "", " ", "x", 0, 1, -1, True, 1.5, 10**15, 10**15 + 1, [], {}, date(2025, 3, 10)),
        *("2025-02-29", "1899-12-31", "2200-01-01", "2025-3-1", "2025-03-10\n", "20250310"),
        *("4900000018", "4900000017\n", "4900000017-001", "0000000000", "1200000001", "THT-x"),
        *("４９０００００１７０", "0597７", "05977 ", "live", "joint_stock", "cooperative"),
        *("e\u0301", "a\u00a0b", "a\tb", "\ud800", "A" * 201, "A" * 501, "A" * 2001, " A", "A "),
        *({"scheme": "vsic2025"}, {"scheme": [], "code": "47"}, {"scheme": "vsic2025", "code": 47}),
        {"scheme": "vsic2025", "code": "4711", "name": "x"},
        {"scheme": "vsic2018", "code": "471111"},
    ]
)
NAMES = [*GOOD, "kind", "reference", "reason", "parent", "more"]


@given(st.dictionaries(st.sampled_from(NAMES), ODD, max_size=2), st.sets(st.sampled_from(NAMES)))
@example({"kind": "cooperative"}, set())
@example({"name": "e\u0301"}, set())
@example({"reason": " A"}, set())
@example({"industry": {"scheme": [], "code": "47"}}, set())
def test_what_the_model_refuses_never_goes_the_short_way(
    odd: dict[str, Any], without: set[str]
) -> None:
    fields = {name: v for name, v in {**GOOD, **odd}.items() if name not in without or name in odd}
    first = first_of(fields)
    if first is not None:
        check_agrees(fields, first)


@given(st.from_regex(r"[0-9]{10}", fullmatch=True))
def test_a_code_goes_the_short_way_exactly_when_the_library_finds_it_valid(code: str) -> None:
    try:
        INTAKE_FACTS["EnterpriseRegistered"].model_validate(
            {**GOOD, "code": code, "reference": "R"}
        )
    except ValidationError:
        assert first_of({**GOOD, "code": code}) is None
    else:
        assert first_of({**GOOD, "code": code}) is not None


@pytest.mark.parametrize("digit", string.digits)
def test_every_check_digit_is_told(digit: str) -> None:
    valid = [
        code
        for code in (f"49000{n:04}{digit}" for n in range(200))
        if first_of({**GOOD, "code": code})
    ]
    assert len(valid) > 10
    for code in valid:
        INTAKE_FACTS["EnterpriseRegistered"].model_validate(
            {**GOOD, "code": code, "reference": "R"}
        )


def test_a_dependent_unit_does_not_stand_alone() -> None:
    branch = {
        **GOOD,
        "fact": "BranchRegistered",
        "code": "4900000017-001",
        "parent": "4900000017",
    }
    assert first_of(branch) is None
