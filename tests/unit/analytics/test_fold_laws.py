"""Laws of the fold: any order, any split, any repetition; the sum of a breakdown is the total."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.domain.cells import ENTITY_DIMS, TOTAL, Deltas, is_flow, merge
from services.analytics.domain.columns import Line
from services.analytics.domain.decoder import decode
from services.analytics.domain.entity_fold import fold_entities
from services.analytics.domain.figures import NOTHING, value
from services.analytics.domain.indicators import INDICATORS, Policy
from shared.contracts.catalogue import event_type
from tests.support.ledger import AnyEvent
from tests.support.strategies import registry_logs
from tests.unit.analytics.recount import recount

POLICY = Policy()
COUNTED = [i for i in INDICATORS if i.nature in {"stock", "flow"} and i.kinds != ("petition",)]


def lines_of(events: Sequence[AnyEvent]) -> list[Line]:
    return [
        line
        for event in events
        for line in decode(event_type(type(event).__name__), event.model_dump_json().encode()).lines
    ]


def figures_of(deltas: Deltas, dim: str, as_of: date) -> Counter[tuple[str, str]]:
    """Sum cells as a reader does: stocks up to the date, flows of its year."""
    by_key: dict[str, dict[str, tuple[int, int]]] = {}
    for cell, found in deltas.items():
        in_time = cell.period.year == as_of.year if is_flow(cell.measure) else True
        if cell.dim == dim and cell.period <= as_of and in_time:
            mine = by_key.setdefault(cell.key, {})
            n, amount = mine.get(cell.measure, (0, 0))
            mine[cell.measure] = (n + found.n, amount + found.amount)
    answer: Counter[tuple[str, str]] = Counter()
    for key, raw in by_key.items():
        sums = {measure: type(NOTHING)(*pair) for measure, pair in raw.items()}
        for indicator in COUNTED:
            if dim == TOTAL or dim in indicator.by:
                answer[indicator.name, key] = value(indicator, sums, POLICY)
    return Counter({k: n for k, n in answer.items() if n})


def dates_of(events: Sequence[AnyEvent]) -> list[date]:
    days = {entry.on for event in events for entry in (*event.asserts, *event.retracts)}
    return sorted({*days, *(day.replace(month=12, day=31) for day in days)})


@given(registry_logs())
def test_totals_equal_a_naive_recount_at_every_date(events: Sequence[AnyEvent]) -> None:
    deltas = fold_entities(lines_of(events))
    for as_of in dates_of(events):
        assert figures_of(deltas, TOTAL, as_of) == recount(events, as_of, None, POLICY)


@given(registry_logs(), st.sampled_from(ENTITY_DIMS))
def test_every_breakdown_equals_a_naive_recount_at_every_date(
    events: Sequence[AnyEvent], by: str
) -> None:
    lines = lines_of(events)
    for as_of in dates_of(events):
        known = fold_entities([line for line in lines if line.on <= as_of])
        assert figures_of(known, by, as_of) == recount(events, as_of, by, POLICY)


@given(registry_logs(), st.sampled_from(ENTITY_DIMS))
def test_the_parts_of_a_breakdown_add_up_to_the_total(events: Sequence[AnyEvent], by: str) -> None:
    deltas = fold_entities(lines_of(events))
    as_of = dates_of(events)[-1]
    sums: Counter[str] = Counter()
    for (name, _), number in figures_of(deltas, by, as_of).items():
        sums[name] += number
    whole = figures_of(deltas, TOTAL, as_of)
    names = {i.name for i in COUNTED if by in i.by}
    assert {n: v for n, v in sums.items() if v} == {
        n: v for (n, _), v in whole.items() if n in names
    }


@given(registry_logs(), st.randoms(use_true_random=False), st.integers(0, 50))
def test_order_and_batches_do_not_matter(
    events: Sequence[AnyEvent], random: object, cut: int
) -> None:
    lines = lines_of(events)
    mixed = list(lines)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    halves = merge(fold_entities(mixed[:cut]), fold_entities(mixed[cut:]))
    assert halves == fold_entities(lines)


def test_nothing_folds_to_nothing() -> None:
    assert fold_entities([]) == {}


def test_sums_beyond_64_bits_within_a_batch_are_exact() -> None:
    key = (1 << 30) | (1 << 26) | 5977
    line = Line(1, 1, 0, 1, date(2025, 1, 2), 0, 0, key, 10**15)
    deltas = fold_entities([line] * 9_000)
    total = sum(v.amount for c, v in deltas.items() if c.dim == TOTAL and is_flow(c.measure))
    assert total == 9_000 * 10**15


@pytest.mark.parametrize("by", ENTITY_DIMS)
def test_an_assertion_and_its_retraction_leave_nothing(by: str) -> None:
    key = (1 << 30) | (1 << 26) | 5977
    line = Line(1, 1, 0, 1, date(2025, 1, 2), 0, 0, key, 10)
    assert fold_entities([line, line._replace(sign=-1)]) == {}
