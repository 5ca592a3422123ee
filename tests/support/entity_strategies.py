"""Random states and histories of entities; valid by the contract, not by the registry's rules."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Final, get_args

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from shared.contracts.states import EntityState
from shared.contracts.values import (
    COLLECTIVE_KINDS,
    DEPENDENT_KINDS,
    ENTERPRISE_FORMS,
    EntityKind,
    RegisteredBy,
)
from tests.support.ledger import AnyEvent, Fact, Json, Ledger, to_event
from tests.support.value_strategies import (
    COMMUNES,
    about,
    amounts,
    codes_of,
    days,
    industries,
    later,
    names,
)


def _form(draw: DrawFn, kind: str) -> str | None:
    if kind in DEPENDENT_KINDS:
        return None
    return kind if kind in COLLECTIVE_KINDS else draw(st.sampled_from(sorted(ENTERPRISE_FORMS)))


@st.composite
def _registration(draw: DrawFn, subject: str, kind: str, on: date) -> Json:
    dependent = kind in DEPENDENT_KINDS
    return {
        "kind": kind,
        "legal_form": _form(draw, kind),
        "name": draw(names),
        "status": "active",
        "capital_vnd": None if dependent else draw(amounts),
        "commune": draw(st.sampled_from(COMMUNES)),
        "industry": draw(industries),
        "registered_on": on.isoformat(),
        "parent": subject[:10] if dependent else None,
    }


kinds: Final[SearchStrategy[str]] = st.sampled_from(get_args(EntityKind))


@st.composite
def entity_states(draw: DrawFn, kind: str | None = None) -> EntityState:
    """A state of an entity of any status."""
    kind = kind or draw(kinds)
    made = draw(_registration(draw(codes_of(kind)), kind, draw(days)))
    status = draw(st.sampled_from(["active", "suspended", "dissolving", "ended"]))
    return EntityState.model_validate({**made, "status": status}, strict=False)


# From which status which facts happen; enough to be believable, not the registry's own rules.
_FACTS: Final = {
    "active": (
        "CapitalChanged", "DetailsChanged", "EntitySuspended", "EntityNotAtAddress",
        "DissolutionStarted", "EntityDissolved", "BankruptcyOpened", "CertificateRevoked",
    ),
    "suspended": ("EntityResumed", "CapitalChanged", "DissolutionStarted"),
    "not_at_address": ("EntityFoundAtAddress", "CertificateRevoked", "EntitySuspended"),
    "certificate_revoked": ("EntityDissolved",),
    "dissolving": ("EntityDissolved",),
    "in_bankruptcy": ("EntityDissolved",),
    "ended": ("EntityReinstated",),
    "reorganized": (),
}  # fmt: skip
_STATUS_AFTER: Final = {
    "EntitySuspended": "suspended",
    "EntityResumed": "active",
    "EntityNotAtAddress": "not_at_address",
    "EntityFoundAtAddress": "active",
    "CertificateRevoked": "certificate_revoked",
    "DissolutionStarted": "dissolving",
    "BankruptcyOpened": "in_bankruptcy",
    "EntityReinstated": "active",
}
_WHY_OF: Final = {"certificate_revoked": ("revoked",), "in_bankruptcy": ("bankrupt",)}
_WHYS: Final = ("dissolved", "merged", "consolidated", "divided", "moved_out")


def _entity_fact(draw: DrawFn, number: int, name: str, on: date, state: Json) -> Fact:
    if name == "CapitalChanged":
        return Fact(number, name, on, {"capital_vnd": draw(amounts)})
    if name == "DetailsChanged":
        return Fact(number, name, on, {"commune": draw(st.sampled_from(COMMUNES))})
    if name == "EntityDissolved":
        dependent = state["kind"] in DEPENDENT_KINDS
        usual = ("parent_ended", "dissolved") if dependent else _WHYS
        why = draw(st.sampled_from(_WHY_OF.get(state["status"], usual)))
        gone = "reorganized" if why in {"merged", "consolidated", "divided"} else "ended"
        return Fact(number, name, on, {"status": gone}, {"why": why})
    return Fact(number, name, on, {"status": _STATUS_AFTER[name]})


def _first_entity_fact(draw: DrawFn, subject: str, kind: str) -> Fact:
    on = draw(days)
    sets = draw(_registration(subject, kind, on))
    if kind in DEPENDENT_KINDS:
        return Fact(1, "BranchRegistered", on, sets, {"by": "first"})
    if draw(st.sampled_from([False] * 9 + [True])):
        return Fact(1, "EntityMovedIn", on, {**sets, "registered_on": "2016-05-04"})
    name = "EnterpriseRegistered" if kind == "enterprise" else "CooperativeRegistered"
    return Fact(1, name, on, sets, {"by": draw(st.sampled_from(get_args(RegisteredBy)))})


def _late(draw: DrawFn, ledger: Ledger) -> date:
    first = date.fromisoformat(ledger.entries[0]["on"])
    last = date.fromisoformat(ledger.entries[-1]["on"])
    return first + timedelta(days=draw(st.integers(0, (last - first).days)))


def _entity_step(draw: DrawFn, ledger: Ledger) -> AnyEvent:
    """One more event: mostly an ordinary fact, else a late one or a correction."""
    allowed = [
        name
        for name in _FACTS[ledger.state["status"]]
        if name != "CapitalChanged" or ledger.state["capital_vnd"] is not None
    ]
    ways = ["late", "correct", *(["fact"] * 4 if allowed else [])]
    way = draw(st.sampled_from(ways))
    if way == "correct":
        return _entity_correction(draw, ledger)
    name = "DetailsChanged" if way == "late" else draw(st.sampled_from(allowed))
    on = _late(draw, ledger) if way == "late" else later(draw, ledger)
    fact = _entity_fact(draw, ledger.sequence + 1, name, on, ledger.state)
    return to_event(name, ledger.happen(fact, **about(draw)))


def _entity_correction(draw: DrawFn, ledger: Ledger) -> AnyEvent:
    first = min(ledger.facts, key=lambda f: f.number)
    wrong = draw(st.sampled_from([f for f in ledger.facts if "capital_vnd" in f.sets] or [first]))
    amount = wrong.sets.get("capital_vnd")
    sets: Json = {**wrong.sets}
    if amount is None:
        sets["name"] = sets["name"] + " mới"
    else:
        sets["capital_vnd"] = draw(amounts.filter(lambda a: a != amount))
    value = ledger.correct(replace(wrong, sets=sets), wrong.number, **about(draw))
    return to_event("RegistrationCorrected", value)


@st.composite
def entity_histories(
    draw: DrawFn,
    *,
    subject: str | None = None,
    kind: str | None = None,
    max_events: int = 7,
) -> tuple[AnyEvent, ...]:
    """All events of one entity, sequence 1, 2, 3 ...; `subject` must fit `kind`."""
    kind = kind or draw(kinds)
    ledger = Ledger(subject or draw(codes_of(kind)))
    fact = _first_entity_fact(draw, ledger.subject, kind)
    events = [to_event(fact.name, ledger.happen(fact, **about(draw)))]
    for _ in range(draw(st.integers(0, max_events - 1))):
        if draw(st.integers(0, 14)) == 14:
            events.append(to_event("RegistrationVoided", ledger.void(**about(draw))))
            break
        events.append(_entity_step(draw, ledger))
    return tuple(events)


def registry_events() -> SearchStrategy[AnyEvent]:
    """Any single event of the registry."""
    return entity_histories().flatmap(st.sampled_from)
