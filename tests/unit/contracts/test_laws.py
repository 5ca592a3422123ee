"""The laws of entries and events: chains, replaces, misfit, and what each fact may be."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.catalogue import EVENTS, Refused, event_type, parse
from shared.contracts.envelope import CORRECTED, VOIDED, chains, misfit, replaces
from shared.contracts.petitions import petition_entry_agrees
from shared.contracts.registry import entry_agrees
from tests.support.ledger import AnyEvent, Json, to_bytes
from tests.support.strategies import (
    entity_histories,
    petition_events,
    petition_histories,
    registry_events,
)

any_event = st.one_of(registry_events(), petition_events())
any_history = st.one_of(entity_histories(), petition_histories())


@dataclass(frozen=True)
class Line:
    """An entry of plain values: the laws ask nothing else of it."""

    on: int
    entry: int
    before: str | None
    after: str | None


A, B = Line(1, 1, None, "a"), Line(2, 2, "a", "b")


@pytest.mark.parametrize(
    ("entries", "holds"),
    [
        ([], True),
        ([A], True),
        ([A, B], True),
        ([B, A], False),
        ([A, Line(2, 2, "x", "b")], False),
        ([A, Line(1, 1, "a", "b")], False),
        ([A, Line(1, 2, "a", "b")], True),
        ([Line(1, 3, None, "a"), Line(2, 2, "a", "b")], True),
        ([Line(1, 3, None, "a"), Line(1, 2, "a", "b")], False),
        ([Line(1, 1, "a", None), Line(2, 2, None, "b")], False),
        ([A, B, Line(3, 3, "a", "c")], False),
    ],
)
def test_entries_chain_in_legal_order_each_from_where_one_ended(
    entries: list[Line], holds: bool
) -> None:
    assert chains(entries) is holds


@pytest.mark.parametrize(
    ("retracts", "asserts", "holds"),
    [
        ([], [], True),
        ([], [B], True),
        ([A], [], True),
        ([A, B], [Line(1, 1, None, "z"), Line(2, 2, "z", "b")], True),
        ([B], [Line(2, 2, "a", "z")], True),
        ([B], [A], False),
    ],
)
def test_what_is_asserted_starts_where_what_is_retracted_started(
    retracts: list[Line], asserts: list[Line], holds: bool
) -> None:
    assert replaces(retracts, asserts) is holds


OWN = ("Own",)
STATE = "s"


@pytest.mark.parametrize(
    ("own", "facts", "asserts", "retracts", "state", "corrects", "said"),
    [
        (OWN, ["Own"], [A], [], STATE, None, None),
        (OWN, ["Own", "Other"], [A, B], [], STATE, None, None),
        (OWN, ["Other"], [A], [], STATE, None, "fact_missing"),
        (OWN, ["Own"], [A], [], None, None, "fact_missing"),
        (OWN, ["Own"], [A], [], STATE, 1, "correction_misfit"),
        (OWN, [], [], [], STATE, None, "no_entries"),
        (OWN, [], [], [A], STATE, None, "fact_missing"),
        (OWN, ["Own", "Own"], [B, A], [], STATE, None, "does_not_chain"),
        (OWN, ["Own"], [A], [B], STATE, None, "does_not_chain"),
        ((CORRECTED,), ["Other"], [A], [A], STATE, 1, None),
        ((CORRECTED,), ["Other"], [A], [A], STATE, None, "correction_misfit"),
        ((CORRECTED,), ["Other"], [A], [A], None, 1, "fact_missing"),
        ((VOIDED,), [], [], [A, B], None, None, None),
        ((VOIDED,), [], [], [A, B], STATE, None, "void_misfit"),
        ((VOIDED,), ["Own"], [A], [A], None, None, "void_misfit"),
        ((VOIDED,), [], [], [], None, None, "no_entries"),
    ],
)
def test_an_event_breaks_the_first_law_that_it_breaks(
    own: tuple[str, ...],
    facts: list[str],
    asserts: list[Line],
    retracts: list[Line],
    state: str | None,
    corrects: int | None,
    said: str | None,
) -> None:
    found = misfit(own, facts, asserts=asserts, retracts=retracts, state=state, corrects=corrects)
    assert found == said


@pytest.mark.parametrize(
    ("fact", "by", "why", "before", "after", "holds"),
    [
        ("EnterpriseRegistered", "first", None, None, "a", True),
        ("EnterpriseRegistered", None, None, None, "a", False),
        ("EnterpriseRegistered", "first", None, "a", "b", False),
        ("EnterpriseRegistered", "first", "dissolved", None, "a", False),
        ("EnterpriseRegistered", "first", None, None, None, False),
        ("BranchRegistered", "first", None, None, "a", True),
        ("EntityMovedIn", None, None, None, "a", True),
        ("EntityMovedIn", None, None, "a", "b", True),
        ("EntityMovedIn", "first", None, None, "a", False),
        ("CapitalChanged", None, None, "a", "b", True),
        ("CapitalChanged", None, None, None, "b", False),
        ("CapitalChanged", None, "dissolved", "a", "b", False),
        ("EntityDissolved", None, "dissolved", "a", "b", True),
        ("EntityDissolved", None, None, "a", "b", False),
        ("EntityDissolved", None, "dissolved", "a", None, False),
    ],
)
def test_the_parts_of_an_entitys_entry_fit_its_fact(
    fact: str, by: str | None, why: str | None, before: str | None, after: str | None, holds: bool
) -> None:
    assert entry_agrees(fact, by, why, before, after) is holds


@pytest.mark.parametrize(
    ("fact", "before", "after", "holds"),
    [
        ("PetitionFiled", None, "a", True),
        ("PetitionFiled", "a", "b", False),
        ("PetitionAssigned", "a", "b", True),
        ("PetitionAssigned", None, "b", False),
        ("PetitionWithdrawn", "a", None, False),
    ],
)
def test_only_filing_begins_a_petition(
    fact: str, before: str | None, after: str | None, holds: bool
) -> None:
    assert petition_entry_agrees(fact, before, after) is holds


@given(any_event)
def test_whatever_is_written_is_read_back_the_same(event: AnyEvent) -> None:
    data = event.__pydantic_serializer__.to_json(event, exclude_defaults=True)
    assert parse(event_type(type(event).__name__), data) == event


@given(any_history)
def test_a_history_folds_to_its_state_at_every_event(history: tuple[AnyEvent, ...]) -> None:
    standing: list[Any] = []
    for number, event in enumerate(history, start=1):
        assert event.sequence == number
        for entry in event.retracts:
            standing.remove(entry)
        standing = sorted([*standing, *event.asserts], key=lambda e: (e.on, e.entry))
        assert chains(standing)
        assert (standing[-1].after if standing else None) == event.state


@given(any_history)
def test_what_all_events_add_to_capital_is_the_capital_that_stands(
    history: tuple[AnyEvent, ...],
) -> None:
    def capital(state: Any) -> int:
        return (getattr(state, "capital_vnd", 0) or 0) if state else 0

    def added(entries: tuple[Any, ...]) -> int:
        return sum(capital(e.after) - capital(e.before) for e in entries)

    total = sum(added(event.asserts) - added(event.retracts) for event in history)
    assert total == capital(history[-1].state)


def _refusal(name: str, value: Json) -> str:
    with pytest.raises(Refused) as caught:
        parse(event_type(name), to_bytes(value))
    assert caught.value.code == "invalid_data"
    return caught.value.detail


@given(any_event, st.data())
def test_an_event_without_one_of_its_fields_is_refused(
    event: AnyEvent, data: st.DataObject
) -> None:
    value = json.loads(event.model_dump_json())
    field = data.draw(st.sampled_from(sorted(value)))
    del value[field]
    assert _refusal(type(event).__name__, value).startswith(field)


@given(any_event)
def test_an_event_under_another_name_is_refused(event: AnyEvent) -> None:
    facts = {e.fact for e in event.asserts}
    spec = next(
        s for s in EVENTS
        if s.model.__base__ is type(event).__base__ and s.model is not type(event)
        and not set(s.model.facts) & facts and s.model.facts != (VOIDED,)
    )  # fmt: skip
    _refusal(spec.name, json.loads(event.model_dump_json()))


@given(any_event)
def test_an_event_whose_entries_are_doubled_does_not_chain(event: AnyEvent) -> None:
    value = json.loads(event.model_dump_json())
    for side in ("asserts", "retracts"):
        if value[side]:
            twice = value | {side: [*value[side], value[side][-1]]}
            assert "do not chain" in _refusal(type(event).__name__, twice)


def test_a_type_of_another_topic_is_unknown() -> None:
    with pytest.raises(Refused) as caught:
        parse(event_type("PetitionFiled"), b"{}", "caunoi.registry.events.v1")
    assert caught.value.code == "unknown_type"


@pytest.mark.parametrize("text", ["", "vn.caunoi.EntityDoubled.v1", "vn.caunoi.PetitionFiled.v2"])
def test_a_type_or_version_that_is_not_in_the_catalogue_is_unknown(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(text, b"{}")
    assert caught.value.code == "unknown_type"


@given(st.one_of(st.binary(max_size=50), st.text(max_size=50).map(str.encode)))
def test_rubbish_is_refused_and_never_raises_anything_else(value: bytes) -> None:
    for spec in EVENTS:
        with pytest.raises(Refused):
            parse(spec.type, value)
