"""The fold of petition entries into deltas.

Petitions are thousands where entities are millions, so this fold is plain and works on the
contract's own models. The rules are those of the entities: stocks move by measure(after) -
measure(before), acts add to the flows of their date and are never undone by a later act.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal, NamedTuple

from services.analytics.domain.cells import (
    DAYS,
    DUE,
    MONTHLY_TOTAL,
    PETITION_DIMS,
    TOTAL,
    Cell,
    Deltas,
    Sum,
    add,
    flow_measure,
    stock_measure,
)
from shared.contracts.catalogue import Refused, parse
from shared.contracts.petitions import PetitionEntry, PetitionEvent
from shared.contracts.states import PetitionState
from shared.contracts.topics import PETITION_EVENTS_TOPIC

KIND: Final = "petition"
AWAITING_ANSWER: Final = frozenset({"filed", "assigned", "in_progress"})
"""Statuses whose lateness is counted: the clock stands still for the others."""
_FLOW_OF_FACT: Final = {
    "PetitionFiled": "filed",
    "PetitionAnswered": "answered",
    "PetitionResolved": "resolved",
    "PetitionRejected": "rejected",
    "PetitionReopened": "reopened",
    "PetitionTransferred": "transferred",
    "PetitionReviewed": "reviewed",
}


class PetitionLine(NamedTuple):
    """One ledger line of a petition: an entry asserted (sign 1) or retracted (sign -1)."""

    sign: int
    entry: PetitionEntry


class DecodedPetition(NamedTuple):
    """What the figures need of one petition event."""

    subject: str
    sequence: int
    origin: Literal["live", "backfill"]
    lines: list[PetitionLine]


def decode_petition(ce_type: str, value: bytes) -> DecodedPetition:
    """Decode a petition event. Raises Refused `unknown_type` or `invalid_data`."""
    event = parse(ce_type, value, PETITION_EVENTS_TOPIC.name)
    if not isinstance(event, PetitionEvent):
        raise Refused("unknown_type", ce_type[:200])
    lines = [PetitionLine(1, entry) for entry in event.asserts]
    lines += [PetitionLine(-1, entry) for entry in event.retracts]
    return DecodedPetition(event.subject, event.sequence, event.origin, lines)


def fold_petitions(lines: Sequence[PetitionLine]) -> Deltas:
    """Return what ledger lines add to the cells; amounts are working days elapsed."""
    deltas: dict[Cell, Sum] = {}
    for sign, entry in lines:
        for state, step in ((entry.after, sign), (entry.before, -sign)):
            if state is not None:
                _stock(deltas, entry.on, state, step)
        flow = _FLOW_OF_FACT.get(entry.fact)
        state = entry.after or entry.before
        if flow and state is not None:
            _flow(deltas, entry.on, flow, state, sign)
    return {cell: value for cell, value in deltas.items() if value.n or value.amount}


def _stock(deltas: dict[Cell, Sum], on: date, state: PetitionState, step: int) -> None:
    measure = stock_measure(KIND, state.status)
    _everywhere(deltas, on, measure, state, step, 0)
    if state.status in AWAITING_ANSWER:
        key = _placed(state.due_on.isoformat(), state)
        add(deltas, Cell(DUE, on, stock_measure(KIND, "due"), key), step, 0)


def _flow(deltas: dict[Cell, Sum], on: date, flow: str, state: PetitionState, sign: int) -> None:
    days = sign * state.days_elapsed
    _everywhere(deltas, on, flow_measure(KIND, flow), state, sign, days)
    if flow == "answered" and on <= state.due_on:
        _everywhere(deltas, on, flow_measure(KIND, "answered_on_time"), state, sign, days)
    if flow == "resolved":
        key = _placed(f"{state.days_elapsed:06d}", state)
        add(deltas, Cell(DAYS, on, flow_measure(KIND, "resolved"), key), sign, 0)


def _everywhere(
    deltas: dict[Cell, Sum], on: date, measure: str, state: PetitionState, n: int, amount: int
) -> None:
    month = on.replace(day=1)
    add(deltas, Cell(TOTAL, on, measure, ""), n, amount)
    add(deltas, Cell(MONTHLY_TOTAL, month, measure, ""), n, amount)
    for dim in PETITION_DIMS:
        add(deltas, Cell(dim, month, measure, _word(dim, state)), n, amount)


def _placed(first: str, state: PetitionState) -> str:
    return "|".join((first, *(_word(dim, state) for dim in PETITION_DIMS)))


def _word(dim: str, state: PetitionState) -> str:
    if dim == "field":
        return state.field
    return state.agency or "-" if dim == "agency" else state.petitioner_kind
