"""Random states and histories of petitions; valid by the contract, not by the workflow."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Final, get_args

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from shared.contracts.states import PetitionState
from shared.contracts.values import PetitionerKind, PetitionField, PetitionOutcome
from tests.support.ledger import AnyEvent, Fact, Json, Ledger, to_event
from tests.support.value_strategies import AGENCIES, about, days, later, petition_ids, tax_codes

_PETITION_FACTS: Final = {
    "filed": ("PetitionAssigned",) * 3
    + ("PetitionRejected", "PetitionReferred", "PetitionWithdrawn", "PetitionDuplicated"),
    "assigned": (
        "PetitionAnswered", "PetitionAnswered", "PetitionTransferred", "SupplementRequested",
        "PetitionExtended", "PetitionDueChanged", "PetitionOverdue", "PetitionEscalated",
    ),
    "waiting_petitioner": ("SupplementReceived", "PetitionWithdrawn"),
    "in_progress": ("PetitionAnswered", "PetitionReferred"),
    "answered": ("PetitionReviewed", "PetitionResolved", "PetitionResolved", "PetitionReopened"),
    "resolved": ("PetitionReopened",),
    "rejected": (), "referred": (), "withdrawn": (), "duplicate": (),
}  # fmt: skip
_ENDS: Final = {
    "PetitionRejected": ("rejected", "not_accepted"),
    "PetitionReferred": ("referred", "referred"),
    "PetitionWithdrawn": ("withdrawn", "withdrawn"),
    "PetitionDuplicated": ("duplicate", "duplicate"),
}


@st.composite
def _filed(draw: DrawFn, on: date) -> Json:
    fields = draw(st.lists(st.sampled_from(get_args(PetitionField)), min_size=1, max_size=3))
    return {
        "status": "filed",
        "round": 1,
        "field": fields[0],
        "other_fields": sorted(set(fields[1:]) - {fields[0]}),
        "agency": None,
        "co_agencies": [],
        "petitioner_kind": draw(st.sampled_from(get_args(PetitionerKind))),
        "entity": draw(st.none() | tax_codes()),
        "session": draw(st.sampled_from([None, "HN-2025-09"])),
        "filed_on": on.isoformat(),
        "due_on": (on + timedelta(days=28)).isoformat(),
        "agency_due_on": None,
        "answered_on": None,
        "settled_on": None,
        "outcome": None,
        "days_elapsed": 0,
    }


@st.composite
def petition_states(draw: DrawFn) -> PetitionState:
    """A state of a petition, as it was filed or assigned."""
    made = draw(_filed(draw(days)))
    if draw(st.booleans()):
        made |= {"status": "assigned", "agency": draw(st.sampled_from(AGENCIES))}
    return PetitionState.model_validate(made, strict=False)


def _assigned(draw: DrawFn, on: date, _: Json) -> Json:
    due = (on + timedelta(days=14)).isoformat()
    return {"status": "assigned", "agency": draw(st.sampled_from(AGENCIES)), "agency_due_on": due}


def _extended(draw: DrawFn, _: date, state: Json) -> Json:
    due = date.fromisoformat(state["due_on"]) + timedelta(days=draw(st.integers(1, 30)))
    return {"due_on": due.isoformat()}


def _resolved(draw: DrawFn, on: date, _: Json) -> Json:
    outcome = draw(st.sampled_from(get_args(PetitionOutcome)[:4]))
    return {"status": "resolved", "settled_on": on.isoformat(), "outcome": outcome}


def _reopened(_draw: DrawFn, on: date, state: Json) -> Json:
    return {
        "status": "assigned",
        "round": state["round"] + 1,
        "due_on": (on + timedelta(days=28)).isoformat(),
        "answered_on": None,
        "settled_on": None,
        "outcome": None,
    }


_SETS: Final[dict[str, Callable[[DrawFn, date, Json], Json]]] = {
    "PetitionAssigned": _assigned,
    "PetitionTransferred": _assigned,
    "SupplementRequested": lambda _d, _o, _s: {"status": "waiting_petitioner"},
    "SupplementReceived": lambda _d, _o, _s: {"status": "in_progress"},
    "PetitionExtended": _extended,
    "PetitionDueChanged": _extended,
    "PetitionAnswered": lambda _d, on, _s: {"status": "answered", "answered_on": on.isoformat()},
    "PetitionResolved": _resolved,
    "PetitionReopened": _reopened,
}


def _petition_fact(draw: DrawFn, number: int, name: str, on: date, state: Json) -> Fact:
    filed_on = date.fromisoformat(state["filed_on"])
    sets: Json = {"days_elapsed": (on - filed_on).days * 5 // 7}
    if name in _ENDS:
        status, outcome = _ENDS[name]
        sets |= {"status": status, "outcome": outcome}
    elif name in _SETS:
        sets |= _SETS[name](draw, on, state)
    return Fact(number, name, on, sets)


def _petition_step(draw: DrawFn, ledger: Ledger) -> AnyEvent:
    allowed = _PETITION_FACTS[ledger.state["status"]]
    if not allowed or draw(st.integers(0, 7)) == 7:
        first = min(ledger.facts, key=lambda f: f.number)
        others = [f for f in get_args(PetitionField) if f != first.sets["field"]]
        sets = {**first.sets, "field": draw(st.sampled_from(others))}
        value = ledger.correct(replace(first, sets=sets), first.number, **about(draw))
        return to_event("PetitionCorrected", value)
    name = draw(st.sampled_from(allowed))
    on = later(draw, ledger)
    fact = _petition_fact(draw, ledger.sequence + 1, name, on, ledger.state)
    return to_event(name, ledger.happen(fact, **about(draw)))


@st.composite
def petition_histories(
    draw: DrawFn, *, subject: str | None = None, max_events: int = 8
) -> tuple[AnyEvent, ...]:
    """All events of one petition, sequence 1, 2, 3 ..."""
    ledger = Ledger(subject or draw(petition_ids()))
    on = draw(days)
    filed = Fact(1, "PetitionFiled", on, draw(_filed(on)))
    events = [to_event("PetitionFiled", ledger.happen(filed, **about(draw)))]
    events += [_petition_step(draw, ledger) for _ in range(draw(st.integers(0, max_events - 1)))]
    return tuple(events)


def petition_events() -> SearchStrategy[AnyEvent]:
    """Any single event of the petitions."""
    return petition_histories().flatmap(st.sampled_from)
