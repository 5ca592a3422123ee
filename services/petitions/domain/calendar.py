"""The calendar of Vietnam's offices: working days, swapped Saturdays, office hours.

Public holidays come from the `holidays` library; a decision of a year, where there is one in the
table, says what that year really had. Pure: the same rows give the same calendar.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any, Final, Self

import holidays

OPENS: Final = time(8)
CLOSES: Final = time(17)
_SATURDAY: Final = 6


@dataclass(frozen=True)
class Moment:
    """A moment on the clocks of Vietnam. `at` None: only the day is known, history within hours."""

    day: date
    at: time | None = None


@dataclass(frozen=True)
class YearDecision:
    """What a year's decision says: days off beside those of the law, Saturdays worked for them.

    `working` are days on which offices work although they would be off. `source` names the
    decision; `verified` False marks what was not read in it.
    """

    year: int
    off: tuple[date, ...]
    working: tuple[date, ...]
    source: str
    verified: bool


@dataclass(frozen=True)
class Calendar:
    """Which days are worked. Asks the library once a year that is looked at."""

    decisions: Mapping[int, YearDecision] = field(default_factory=dict)
    _years: dict[int, tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Make the calendar of `data/calendar.json`."""
        return cls.of(_decision(row) for row in json.loads(data)["years"])

    @classmethod
    def of(cls, decisions: Iterable[YearDecision]) -> Self:
        """Make the calendar of decisions; a year without one has the holidays of the library."""
        return cls({d.year: d for d in decisions})

    def with_decisions(self, decisions: Iterable[YearDecision]) -> Self:
        """Return the calendar with these years in place of its own; itself when none differs."""
        merged = {**self.decisions, **{d.year: d for d in decisions}}
        return self if merged == self.decisions else type(self)(merged)

    def unverified(self, first: date, last: date) -> tuple[int, ...]:
        """Return the years between two days whose decision nobody has read, or that have none."""
        years = range(first.year, last.year + 1)
        known = self.decisions
        return tuple(y for y in years if y not in known or not known[y].verified)

    def exceptions(self, year: int) -> tuple[tuple[date, ...], tuple[date, ...]]:
        """Return the weekdays of a year that are off, and the days of weekends that are worked."""
        day = date(year, 1, 1)
        off: list[date] = []
        worked: list[date] = []
        while day.year == year:
            weekday = day.isoweekday() < _SATURDAY
            if weekday != self.is_working(day):
                (off if weekday else worked).append(day)
            day += timedelta(days=1)
        return tuple(off), tuple(worked)

    def is_working(self, day: date) -> bool:
        """Say whether offices work on a day."""
        days = self._of_year(day.year)
        place = bisect_right(days, day.toordinal())
        return place > 0 and days[place - 1] == day.toordinal()

    def is_office_time(self, moment: Moment) -> bool:
        """Say whether offices are open: a working day from 8:00 to 17:00."""
        within = moment.at is None or OPENS <= moment.at <= CLOSES
        return within and self.is_working(moment.day)

    def roll(self, day: date) -> date:
        """Return the day, or the first working day after it: no time limit ends on a day off."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def start(self, moment: Moment) -> date:
        """Return the day from which a clock counts what came in at a moment.

        After 17:00, at a weekend or on a holiday: the next working day.
        """
        late = moment.at is not None and moment.at > CLOSES
        return self.roll(moment.day + timedelta(days=1) if late else moment.day)

    def add(self, day: date, n: int) -> date:
        """Return the n-th working day after a day (the day itself for 0)."""
        if n <= 0:
            return day
        year, left = day.year, n
        days = self._of_year(year)
        place = bisect_right(days, day.toordinal())
        while place + left > len(days):
            left -= len(days) - place
            year, place = year + 1, 0
            days = self._of_year(year)
        return date.fromordinal(days[place + left - 1])

    def between(self, after: date, to: date) -> int:
        """Count the working days after `after` up to and including `to`; 0 when there are none."""
        if to <= after:
            return 0
        count = -bisect_right(self._of_year(after.year), after.toordinal())
        for year in range(after.year, to.year):
            count += len(self._of_year(year))
        return count + bisect_right(self._of_year(to.year), to.toordinal())

    def _of_year(self, year: int) -> tuple[int, ...]:
        found = self._years.get(year)
        if found is None:
            found = self._years[year] = tuple(self._work(year))
        return found

    def _work(self, year: int) -> Iterable[int]:
        known = holidays.country_holidays("VN", years=year)
        decision = self.decisions.get(year)
        off = set(known) | set(decision.off if decision else ())
        worked = {d for d in known.weekend_workdays if d.year == year}
        worked |= set(decision.working if decision else ())
        day = date(year, 1, 1)
        while day.year == year:
            if day in worked or (day.isoweekday() < _SATURDAY and day not in off):
                yield day.toordinal()
            day += timedelta(days=1)


def _decision(row: Mapping[str, Any]) -> YearDecision:
    return YearDecision(
        year=row["year"],
        off=tuple(date.fromisoformat(day) for day in row["off"]),
        working=tuple(date.fromisoformat(day) for day in row["working"]),
        source=row["source"],
        verified=row["verified"],
    )
