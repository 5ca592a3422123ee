"""Random values, states, events and whole histories that are valid by the contract.

`registry_events()`, `petition_events()`: single events. `entity_histories()`,
`petition_histories()`: all events of one subject, in sequence, with late facts, corrections and
voiding. `registry_logs()`, `petition_logs()`: several subjects, mixed as a topic mixes them.
All are models that `catalogue.parse` made or would make.
"""

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.support.entity_strategies import entity_histories, entity_states, registry_events
from tests.support.ledger import AnyEvent
from tests.support.petition_strategies import (
    petition_events,
    petition_histories,
    petition_states,
)
from tests.support.value_strategies import (
    amounts,
    codes_of,
    days,
    dependent_codes,
    group_codes,
    petition_ids,
    tax_codes,
)

__all__ = [
    "amounts",
    "codes_of",
    "days",
    "dependent_codes",
    "entity_histories",
    "entity_states",
    "group_codes",
    "mix",
    "petition_events",
    "petition_histories",
    "petition_ids",
    "petition_logs",
    "petition_states",
    "registry_events",
    "registry_logs",
    "tax_codes",
]


@st.composite
def _mixed(
    draw: DrawFn, histories: SearchStrategy[tuple[AnyEvent, ...]], max_subjects: int
) -> tuple[AnyEvent, ...]:
    chosen = draw(
        st.lists(histories, min_size=1, max_size=max_subjects, unique_by=lambda h: h[0].subject)
    )
    order = draw(st.permutations([i for i, history in enumerate(chosen) for _ in history]))
    return mix(chosen, order)


def mix(histories: Sequence[Sequence[AnyEvent]], order: Sequence[int]) -> tuple[AnyEvent, ...]:
    """Lay histories into one log; `order` names the history of each place."""
    waiting = [iter(history) for history in histories]
    return tuple(next(waiting[i]) for i in order)


def registry_logs(max_subjects: int = 4) -> SearchStrategy[tuple[AnyEvent, ...]]:
    """Events of several entities, mixed; each entity's own are in order."""
    return _mixed(entity_histories(), max_subjects)


def petition_logs(max_subjects: int = 4) -> SearchStrategy[tuple[AnyEvent, ...]]:
    """Events of several petitions, mixed; each petition's own are in order."""
    return _mixed(petition_histories(), max_subjects)
