"""The short way of a first registration says what the long way says, octet by octet."""

import string
from datetime import date

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain import Circumstances, Decision, Fact, act, event_bytes, fact_of
from services.registry.domain.first import first_event, is_plain_registration
from shared.contracts.envelope import Source
from shared.contracts.intake import (
    BranchRegisteredIn,
    CooperativeRegisteredIn,
    EnterpriseRegisteredIn,
    IntakeFact,
)

COMMUNES = ["05977", "05983"]
TEXT = st.text(min_size=1, max_size=40).filter(
    lambda t: bool(t.strip()) and t.isprintable() and "\ud800" not in t
)


class Empty:
    """A register with nothing on it."""

    def get(self, code: str) -> None:
        return None

    def branches(self, code: str) -> list[None]:
        return []


@st.composite
def registrations(draw: st.DrawFn) -> IntakeFact:
    common = {
        "code": draw(st.sampled_from(["4900000017", "4900000070", "0100233488"])),
        "on": draw(st.dates(date(1990, 1, 1), date(2025, 9, 12))),
        "origin": draw(st.sampled_from(["live", "backfill"])),
        "reference": draw(st.text(string.ascii_letters + "/Đ-", min_size=1, max_size=20)),
        "reason": draw(st.none() | TEXT),
        "name": draw(TEXT),
        "capital_vnd": draw(st.integers(0, 10**15)),
        "commune": draw(st.sampled_from(COMMUNES)),
        "industry": {
            "scheme": draw(st.sampled_from(["vsic2018", "vsic2025"])),
            "code": draw(st.sampled_from(["01", "4711", "62010"])),
        },
    }
    if draw(st.booleans()):
        form = draw(st.sampled_from(["joint_stock", "llc_one_member", "sole_proprietorship"]))
        return EnterpriseRegisteredIn.model_validate({**common, "legal_form": form})
    kind = draw(st.sampled_from(["cooperative", "cooperative_union", "cooperative_group"]))
    return CooperativeRegisteredIn.model_validate({**common, "kind": kind})


@given(registrations())
def test_both_ways_write_the_same_octets(reported: IntakeFact) -> None:
    fact = fact_of(reported)
    assert isinstance(fact, Fact)
    assert is_plain_registration(reported, fact)
    world = Circumstances(date(2025, 9, 12), frozenset(COMMUNES))
    (decision,) = act(Empty(), reported.code, fact, world, "cause")  # type: ignore[arg-type]
    assert isinstance(decision, Decision)
    event = decision.event(
        Source(system="/a", reference=reported.reference), reported.origin, reported.reason
    )
    numbered = msgspec.structs.replace(fact, number=1)
    assert first_event(reported, numbered, "/a") == event_bytes(event)
    assert decision.subject.facts == (numbered,)
    assert decision.subject.version == 1


def test_a_dependent_unit_does_not_stand_alone() -> None:
    reported = BranchRegisteredIn.model_validate(
        {
            "code": "4900000017-001",
            "on": "2025-03-01",
            "reference": "R",
            "parent": "4900000017",
            "name": "Chi nhánh",
            "commune": "05977",
            "industry": {"scheme": "vsic2025", "code": "4711"},
        }
    )
    fact = fact_of(reported)
    assert isinstance(fact, Fact)
    assert not is_plain_registration(reported, fact)
