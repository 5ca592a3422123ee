"""From sums to figures: the value of an indicator, its shares, its plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from services.analytics.domain.cells import Sum
from services.analytics.domain.indicators import SHARES, Indicator, Policy

NOTHING: Final = Sum(0, 0)
Sums = Mapping[str, Sum]
"""{measure: sum}: stocks up to a date, flows of its year up to it."""


@dataclass(frozen=True)
class PlanRow:
    """One revision of a plan: `target` in the indicator's unit, in force from `effective_from`."""

    year: int
    indicator: str
    revision: int
    target: int
    effective_from: date
    decision: str


@dataclass(frozen=True)
class Attainment:
    """A figure against its plan; `share` is a plain ratio, never capped, never rounded."""

    target: int
    revision: int
    decision: str
    numerator: int
    share: Decimal | None
    first_target: int
    first_share: Decimal | None


@dataclass(frozen=True)
class Days:
    """Working days to resolve: median and 90th percentile (nearest rank), None without any."""

    count: int
    median: int | None
    p90: int | None


def value(indicator: Indicator, sums: Sums, policy: Policy) -> int:
    """Return a stock or flow indicator's figure."""
    found = [sums.get(measure, NOTHING) for measure in indicator.measures(policy)]
    return sum(s.amount if indicator.amount else s.n for s in found)


def share(indicator: Indicator, sums: Sums) -> tuple[int, int]:
    """Return numerator and denominator of a share."""
    over, under = SHARES[indicator.name]
    return sum(sums.get(m, NOTHING).n for m in over), sum(sums.get(m, NOTHING).n for m in under)


def ratio(numerator: int, denominator: int) -> Decimal | None:
    """Return a ratio, None where there is nothing to divide by."""
    return Decimal(numerator) / Decimal(denominator) if denominator else None


def attainment(figure: int, rows: Sequence[PlanRow], as_of: date) -> Attainment | None:
    """Hold a figure against the plan in force at the date and the one first set.

    `rows` are one indicator's revisions of the year; None when none is in force yet.
    """
    in_force = [row for row in rows if row.effective_from <= as_of]
    if not in_force:
        return None
    row = max(in_force, key=lambda r: (r.effective_from, r.revision))
    first = min(rows, key=lambda r: r.revision)
    return Attainment(
        row.target,
        row.revision,
        row.decision,
        figure,
        ratio(figure, row.target),
        first.target,
        ratio(figure, first.target),
    )


def days_to_resolve(counts: Mapping[int, int]) -> Days:
    """Return median and p90 of a histogram {working days: number}, by nearest rank."""
    total = sum(counts.values())
    return Days(total, _rank(counts, total, 50), _rank(counts, total, 90))


def _rank(counts: Mapping[int, int], total: int, percent: int) -> int | None:
    wanted, seen = -(-total * percent // 100), 0
    for days in sorted(counts):
        seen += counts[days]
        if seen >= wanted and total:
            return days
    return None
