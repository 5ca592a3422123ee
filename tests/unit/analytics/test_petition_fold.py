"""The fold of petitions against counting them one by one."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.analytics.domain.cells import DAYS, DUE, PETITION_DIMS, TOTAL, Deltas, is_flow
from services.analytics.domain.figures import days_to_resolve
from services.analytics.domain.petition_fold import (
    AWAITING_ANSWER,
    PetitionLine,
    decode_petition,
    fold_petitions,
)
from shared.contracts.catalogue import event_type
from tests.support.ledger import AnyEvent
from tests.support.strategies import petition_logs

FLOWS = {
    "PetitionFiled": "filed", "PetitionAnswered": "answered", "PetitionResolved": "resolved",
    "PetitionRejected": "rejected", "PetitionReopened": "reopened",
    "PetitionTransferred": "transferred", "PetitionReviewed": "reviewed",
}  # fmt: skip


def lines_of(events: Sequence[AnyEvent]) -> list[PetitionLine]:
    return [
        line
        for event in events
        for line in decode_petition(
            event_type(type(event).__name__), event.model_dump_json().encode()
        ).lines
    ]


def standing(events: Sequence[AnyEvent], as_of: date) -> list[Any]:
    """Return every petition's entries that stand, up to a date, in legal order."""
    by_subject: dict[str, dict[int, Any]] = {}
    for event in events:
        mine = by_subject.setdefault(event.subject, {})
        for entry in event.retracts:
            del mine[entry.entry]
        for entry in event.asserts:
            mine[entry.entry] = entry
    return [
        sorted((e for e in mine.values() if e.on <= as_of), key=lambda e: (e.on, e.entry))
        for mine in by_subject.values()
    ]


def word(by: str, state: Any) -> str:
    values = {
        TOTAL: "", "field": state.field, "agency": state.agency or "-",
        "petitioner": state.petitioner_kind,
    }  # fmt: skip
    return str(values[by])


def counted(events: Sequence[AnyEvent], as_of: date, by: str) -> Counter[tuple[str, str, str]]:
    """Count petitions by status and acts of the year, from the entries that stand."""
    found: Counter[tuple[str, str, str]] = Counter()
    for entries in standing(events, as_of):
        if entries:
            last = entries[-1].after
            found["stock", last.status, word(by, last)] += 1
        for e in entries:
            if e.on.year == as_of.year and e.fact in FLOWS:
                found["flow", FLOWS[e.fact], word(by, e.after)] += 1
                if e.fact == "PetitionAnswered" and e.on <= e.after.due_on:
                    found["flow", "answered_on_time", word(by, e.after)] += 1
    return found


def folded(deltas: Deltas, as_of: date, by: str) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for cell, value in deltas.items():
        flow = is_flow(cell.measure)
        if cell.dim == by and cell.period <= as_of and (not flow or cell.period.year == as_of.year):
            name = cell.measure.replace(":", ".").split(".")[1]
            found["flow" if flow else "stock", name, cell.key] += value.n
    return Counter({k: n for k, n in found.items() if n})


def days(events: Sequence[AnyEvent]) -> list[date]:
    return sorted({e.on for event in events for e in (*event.asserts, *event.retracts)})


@given(petition_logs(), st.sampled_from([TOTAL, *PETITION_DIMS]))
def test_figures_equal_counting_the_petitions_at_every_date(
    events: Sequence[AnyEvent], by: str
) -> None:
    lines = lines_of(events)
    for as_of in days(events):
        known = fold_petitions([line for line in lines if line.entry.on <= as_of])
        assert folded(known, as_of, by) == counted(events, as_of, by)


@given(petition_logs(), st.integers(-30, 400))
def test_overdue_is_what_waits_for_an_answer_after_its_day(
    events: Sequence[AnyEvent], shift: int
) -> None:
    as_of = days(events)[-1] + timedelta(days=shift)
    late: Counter[tuple[str, str]] = Counter()
    for entries in standing(events, as_of):
        if entries:
            state = entries[-1].after
            if state.status in AWAITING_ANSWER and state.due_on < as_of:
                late[state.field, state.agency or "-"] += 1
    found: Counter[tuple[str, str]] = Counter()
    for cell, value in fold_petitions(lines_of(events)).items():
        due, *place = cell.key.split("|") if cell.dim == DUE else ("",)
        if cell.dim == DUE and cell.period <= as_of and date.fromisoformat(due) < as_of:
            found[place[0], place[1]] += value.n
    assert Counter({k: n for k, n in found.items() if n}) == late


@given(petition_logs())
def test_days_to_resolve_are_those_of_the_settlements_that_stand(
    events: Sequence[AnyEvent],
) -> None:
    end = date(2199, 12, 31)
    resolved = [
        e.after.days_elapsed
        for entries in standing(events, end)
        for e in entries
        if e.fact == "PetitionResolved"
    ]
    counts: Counter[int] = Counter()
    for cell, value in fold_petitions(lines_of(events)).items():
        if cell.dim == DAYS:
            counts[int(cell.key.split("|")[0])] += value.n
    assert Counter({k: n for k, n in counts.items() if n}) == Counter(resolved)


def test_median_and_p90_are_the_nearest_ranks() -> None:
    found = days_to_resolve({1: 5, 2: 4, 30: 1})
    assert (found.count, found.median, found.p90) == (10, 1, 2)
    assert days_to_resolve({}).median is None
    assert days_to_resolve({7: 1}).p90 == 7


@given(petition_logs())
def test_order_does_not_matter(events: Sequence[AnyEvent]) -> None:
    lines = lines_of(events)
    assert fold_petitions(lines) == fold_petitions(list(reversed(lines)))
