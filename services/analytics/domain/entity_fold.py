"""The fold of registry entries into deltas, on columns of numbers.

value of an entry = measure(after) - measure(before) for the stocks, from its date on
                  + what its fact adds to the flows of its date, broken down by `after`

An asserted entry counts once, a retracted one minus once. Sums of whole batches are made with
numpy: a batch of 20,000 entries touches each cell once instead of once per entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from services.analytics.domain.cells import (
    ENTITY_DIMS,
    MONTHLY_TOTAL,
    TOTAL,
    Cell,
    Deltas,
    Sum,
    flow_measure,
    merge,
    stock_measure,
)
from services.analytics.domain.columns import EPOCH, Column, Entries, Line, entries_of
from services.analytics.domain.decoder import FACTS, NUMBER_OF_FACT
from services.analytics.domain.measured import (
    BAND_LIMITS,
    BANDS,
    DETAILS,
    FORM_AT,
    FORMS,
    KIND_AT,
    KINDS,
    NUMBER_OF_DETAIL,
    SECTION_AT,
    SECTION_WORDS,
    STATUS_AT,
    STATUSES,
)

FLOWS: Final[tuple[str, ...]] = (
    "new.first",
    "new.consolidation",
    "new.division",
    "new.separation",
    "moved_in",
    "moved_out",
    "suspended",
    "resumed",
    "dissolving",
    "dissolved",
    "reorganized",
    "closed_with_parent",
    "reinstated",
    "increased",
    "decreased",
)
_FLOW_OF_FACT: Final = {
    "EntityMovedIn": "moved_in",
    "EntitySuspended": "suspended",
    "EntityResumed": "resumed",
    "DissolutionStarted": "dissolving",
    "EntityReinstated": "reinstated",
}
_FLOW_OF_END: Final = {
    "dissolved": "dissolved",
    "bankrupt": "dissolved",
    "revoked": "dissolved",
    "merged": "reorganized",
    "consolidated": "reorganized",
    "divided": "reorganized",
    "moved_out": "moved_out",
    "parent_ended": "closed_with_parent",
}
_NONE: Final = -1
_INCREASED: Final = FLOWS.index("increased")
_DECREASED: Final = FLOWS.index("decreased")
_CAPITAL_CHANGED: Final = NUMBER_OF_FACT["CapitalChanged"]


def _flow_table() -> Column:
    """Return [fact, detail] -> number of the flow, -1 where the fact adds to none."""
    table = np.full((len(FACTS), len(DETAILS)), _NONE, dtype=np.int64)
    for fact, number in NUMBER_OF_FACT.items():
        if fact in _FLOW_OF_FACT:
            table[number, :] = FLOWS.index(_FLOW_OF_FACT[fact])
        if fact.endswith("Registered"):
            for by in ("first", "consolidation", "division", "separation"):
                table[number, NUMBER_OF_DETAIL[by]] = FLOWS.index(f"new.{by}")
    for why, flow in _FLOW_OF_END.items():
        table[NUMBER_OF_FACT["EntityDissolved"], NUMBER_OF_DETAIL[why]] = FLOWS.index(flow)
    return table


_FLOW: Final = _flow_table()
_LIMITS: Final = np.array(BAND_LIMITS, dtype=np.int64)
# measure = kind (3 bits) and 0-15 for a status or 16 + flow; period and key beside it in 64 bits
_FLOW_BASE: Final = 16
_MEASURE_SIZE: Final = 64
_KEY_BITS: Final = 18
_PERIOD_BITS: Final = 20
_SAFE: Final = 2.0**62


@dataclass(frozen=True)
class _Moves:
    """Rows that add `sign` and `sign * amount` to one measure on one day (days since 1970)."""

    day: Column
    measure: Column
    sign: Column
    amount: Column
    key: Column
    band: Column

    @property
    def month(self) -> Column:
        """The first day of each row's month."""
        months = self.day.astype("datetime64[D]").astype("datetime64[M]")
        return months.astype("datetime64[D]").astype(np.int64)


def fold_entities(lines: Sequence[Line]) -> Deltas:
    """Return what ledger lines add to the cells; cells that come to nothing are left out."""
    return fold_entries(entries_of(lines))


def fold_entries(entries: Entries) -> Deltas:
    """Return what entries add to the cells; cells that come to nothing are left out."""
    if not len(entries):
        return {}
    moves = _moves(entries)
    if float(np.max(moves.amount)) * len(moves.amount) >= _SAFE:
        # Sums of 64 bits would wrap around in silence; exact sums of halves do not.
        return merge(*map(fold_entries, entries.halves()))
    deltas: dict[Cell, Sum] = {}
    _collect(deltas, TOTAL, moves.day, moves, None)
    month = moves.month
    _collect(deltas, MONTHLY_TOTAL, month, moves, None)
    for dim in ENTITY_DIMS:
        _collect(deltas, dim, month, moves, _keys_of(dim, moves))
    return deltas


def _moves(e: Entries) -> _Moves:
    """Lay entries out as moves: the stock after, the stock before, the flow of the fact."""
    step = e.after_vnd - e.before_vnd
    changed = e.fact == _CAPITAL_CHANGED
    flow = _FLOW[e.fact, e.detail]
    flow = np.where(changed & (step > 0), _INCREASED, flow)
    flow = np.where(changed & (step < 0), _DECREASED, flow)
    a, b, f = e.after_key != 0, e.before_key != 0, flow != _NONE
    key, capital = np.where(a, e.after_key, e.before_key), np.where(a, e.after_vnd, e.before_vnd)
    flow_amount = np.where(changed, np.abs(step), capital)
    measure = (key >> KIND_AT) * _MEASURE_SIZE + _FLOW_BASE + flow
    # The band of a capital change's flow is that of the capital it led to, not of the step.
    capitals = np.concatenate((e.after_vnd[a], e.before_vnd[b], capital[f]))
    return _Moves(
        day=np.concatenate((e.day[a], e.day[b], e.day[f])),
        measure=np.concatenate((_stock(e.after_key[a]), _stock(e.before_key[b]), measure[f])),
        sign=np.concatenate((e.sign[a], -e.sign[b], e.sign[f])),
        amount=np.concatenate((e.after_vnd[a], e.before_vnd[b], flow_amount[f])),
        key=np.concatenate((e.after_key[a], e.before_key[b], key[f])),
        band=np.searchsorted(_LIMITS, capitals, side="right"),
    )


def _stock(key: Column) -> Column:
    return (key >> KIND_AT) * _MEASURE_SIZE + ((key >> STATUS_AT) & 0xF)


def _keys_of(dim: str, moves: _Moves) -> Column:
    if dim == "commune":
        return moves.key & 0x1FFFF
    if dim == "section":
        return (moves.key >> SECTION_AT) & 0x1F
    if dim == "legal_form":
        return (moves.key >> FORM_AT) & 0xF
    return moves.band


def _collect(
    deltas: dict[Cell, Sum], dim: str, period: Column, moves: _Moves, key: Column | None
) -> None:
    place = ((moves.measure << _PERIOD_BITS) + (period + EPOCH)) << _KEY_BITS
    if key is not None:
        place = place + key
    order = np.argsort(place, kind="stable")
    place = place[order]
    starts = np.flatnonzero(np.concatenate(([True], place[1:] != place[:-1])))
    counts = np.add.reduceat(moves.sign[order], starts)
    amounts = np.add.reduceat((moves.sign * moves.amount)[order], starts)
    kept = np.flatnonzero((counts != 0) | (amounts != 0))
    for at, n, amount in zip(
        place[starts][kept].tolist(), counts[kept].tolist(), amounts[kept].tolist(), strict=True
    ):
        measure, rest = divmod(at >> _KEY_BITS, 1 << _PERIOD_BITS)
        deltas[
            Cell(
                dim,
                date.fromordinal(rest),
                measure_word(measure),
                key_word(dim, at & ((1 << _KEY_BITS) - 1)),
            )
        ] = Sum(n, amount)


def measure_word(measure: int) -> str:
    """Return `<kind>.<status>` or `<kind>:<flow>` of a measure's number."""
    kind, rest = divmod(measure, _MEASURE_SIZE)
    if rest < _FLOW_BASE:
        return stock_measure(KINDS[kind - 1], STATUSES[rest])
    return flow_measure(KINDS[kind - 1], FLOWS[rest - _FLOW_BASE])


def key_word(dim: str, key: int) -> str:
    """Return the word of a breakdown's key."""
    if dim == "commune":
        return f"{key:05d}"
    if dim == "section":
        return SECTION_WORDS[key]
    if dim == "legal_form":
        return FORMS[key]
    return BANDS[key] if dim == "band" else ""
