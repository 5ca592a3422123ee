"""The published figures, and the comparison of live figures with them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

_FILE: Final = Path(__file__).with_name("published.json")


@dataclass(frozen=True)
class Figure:
    """A live figure; numerator and denominator of its plan where a plan is in force.

    `value` is a count or whole VND; None when analytics does not give the figure.
    """

    value: int | None
    numerator: int | None = None
    denominator: int | None = None

    @property
    def share(self) -> Decimal | None:
        """The percentage of the plan with one decimal, never capped; None without a plan."""
        if self.numerator is None or not self.denominator:
            return None
        percent = Decimal(self.numerator) * 100 / Decimal(self.denominator)
        return percent.quantize(Decimal("0.1"), ROUND_HALF_UP)


class Checkpoint(NamedTuple):
    """What was published for a date: exact values, lower bounds, shares of the plan in percent."""

    as_of: date
    exact: Mapping[str, int]
    over: Mapping[str, int]
    shares: Mapping[str, Decimal]


class Plan(NamedTuple):
    """The target of an indicator for a year, as analytics takes it."""

    year: int
    indicator: str
    target: int
    effective_from: date
    decision: str


class Line(NamedTuple):
    """One comparison: the published figure, the live one and whether they agree."""

    as_of: date
    indicator: str
    rule: Literal["exact", "over", "share"]
    published: int | Decimal
    live: int | Decimal | None
    agrees: bool


@cache
def _file() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return loaded


def checkpoints() -> list[Checkpoint]:
    """Return the published figures, by date."""
    return [
        Checkpoint(
            date.fromisoformat(point["as_of"]),
            point["exact"],
            point["over"],
            {name: Decimal(share) for name, share in point["shares"].items()},
        )
        for point in _file()["checkpoints"]
    ]


def plans() -> list[Plan]:
    """Return the plan of the year, one row for each indicator that has a target."""
    raw = _file()["plans"]
    since = date.fromisoformat(raw["effective_from"])
    return [
        Plan(raw["year"], name, target, since, raw["decision"])
        for name, target in raw["targets"].items()
    ]


def compare(point: Checkpoint, figures: Mapping[str, Figure]) -> list[Line]:
    """Compare live figures with the published ones: equal, above the bound, share as printed."""
    return list(_lines(point, figures))


def _lines(point: Checkpoint, figures: Mapping[str, Figure]) -> Iterator[Line]:
    absent = Figure(None)
    for name, value in point.exact.items():
        live = figures.get(name, absent).value
        yield Line(point.as_of, name, "exact", value, live, live == value)
    for name, bound in point.over.items():
        live = figures.get(name, absent).value
        yield Line(point.as_of, name, "over", bound, live, live is not None and live > bound)
    for name, percent in point.shares.items():
        share = figures.get(name, absent).share
        yield Line(point.as_of, name, "share", percent, share, share == percent)
