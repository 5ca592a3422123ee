"""Cells: the places where sums are kept.

A cell is (dim, period, measure, key). `dim` names the breakdown and fixes the grain: totals are
kept by day, breakdowns by month (the days of the month asked for come from the facts), what is
keyed by a date by day. Why not every dimension by day: `docs/decisions/0005-grain-of-cells.md`.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

TOTAL: Final = "total"
MONTHLY_TOTAL: Final = "month"
ENTITY_DIMS: Final[tuple[str, ...]] = ("legal_form", "commune", "section", "band")
PETITION_DIMS: Final[tuple[str, ...]] = ("field", "agency", "petitioner")
DUE: Final = "due"
DAYS: Final = "days"


class Cell(NamedTuple):
    """The place of a sum. `measure` is `<kind>.<status>` (a stock) or `<kind>:<flow>` (a flow)."""

    dim: str
    period: date
    measure: str
    key: str


class Sum(NamedTuple):
    """What a cell holds: a count and an amount of VND (or of working days, for petitions)."""

    n: int
    amount: int


Deltas = Mapping[Cell, Sum]


def stock_measure(kind: str, status: str) -> str:
    """Name the stock of one status."""
    return f"{kind}.{status}"


def flow_measure(kind: str, flow: str) -> str:
    """Name a flow."""
    return f"{kind}:{flow}"


def is_flow(measure: str) -> bool:
    """Say whether a measure is a flow (summed over a period) or a stock (summed up to a date)."""
    return ":" in measure


def add(into: dict[Cell, Sum], cell: Cell, n: int, amount: int) -> None:
    """Add to a cell."""
    old = into.get(cell)
    into[cell] = Sum(n, amount) if old is None else Sum(old.n + n, old.amount + amount)


def merge(left: Deltas, right: Deltas) -> Deltas:
    """Return the sum of two deltas; cells that come to nothing are left out."""
    into = dict(left)
    for cell, value in right.items():
        add(into, cell, value.n, value.amount)
    return {cell: value for cell, value in into.items() if value.n or value.amount}
