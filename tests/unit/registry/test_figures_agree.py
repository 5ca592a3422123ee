"""What analytics makes of the events of a random life is what stands, counted naively."""

from collections.abc import Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any

from hypothesis import given

from services.analytics.domain.cells import TOTAL
from services.analytics.domain.entity_fold import fold_entities
from services.registry.domain import event_bytes
from shared.contracts.catalogue import parse
from tests.unit.analytics.recount import recount
from tests.unit.analytics.test_fold_laws import POLICY, figures_of, lines_of
from tests.unit.registry.support import SOURCE, Book
from tests.unit.registry.test_laws import Moves, acts, played


def standing(book: Book) -> list[Any]:
    return [SimpleNamespace(asserts=s.entries, retracts=()) for s in book.subjects.values()]


def days_of(events: Sequence[Any]) -> list[date]:
    days = {entry.on for event in events for entry in event.asserts}
    return sorted({*days, *(day.replace(month=12, day=31) for day in days)})


@given(acts)
def test_figures_of_the_events_are_those_of_the_entries_that_stand(moves: Moves) -> None:
    book = played(moves)
    events = [
        parse(decision.type, event_bytes(decision.event(SOURCE, "live", None)))
        for decision in book.decisions
    ]
    deltas = fold_entities(lines_of(events))
    for as_of in days_of(events):
        assert figures_of(deltas, TOTAL, as_of) == recount(standing(book), as_of, None, POLICY)
