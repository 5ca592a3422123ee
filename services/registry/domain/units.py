"""Administrative units with the days on which they were in force, and what became of them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final

DISTRICTS_ENDED: Final = date(2025, 7, 1)
"""Since then a commune or ward lies in the province itself."""


@dataclass(frozen=True)
class Unit:
    """A commune or ward in force from `valid_from` to the day before `valid_to` (None: still).

    A code can be given again to another unit later, so a unit is known by code and first day.
    `district` is the one in which it lay, while there were districts.
    """

    code: str
    valid_from: date
    name: str
    type: str
    valid_to: date | None = None
    district: str | None = None

    def in_force(self, day: date) -> bool:
        """Whether it was in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, order=True)
class Succession:
    """From `on` the unit `old`, which ended that day, is (partly) in the unit `new`.

    `main`: the one that stands for it where it was split among several.
    """

    old: str
    on: date
    new: str
    main: bool = True


@dataclass(frozen=True)
class Place:
    """The present unit of a commune; `split`: a unit on the way was parted, this is the main."""

    code: str
    name: str
    split: bool


@dataclass(frozen=True)
class Span:
    """A code as it was set on the days from `first` to the day before `end`."""

    code: str
    first: date
    end: date


class Contradiction(Exception):
    """Units and successions do not fit one another; the message says where."""


@dataclass(frozen=True)
class Units:
    """All units that are known, and their successions."""

    units: Sequence[Unit]
    successions: Sequence[Succession] = ()
    _now: dict[tuple[str, date, date], Place | None] = field(default_factory=dict, compare=False)

    @cached_property
    def by_code(self) -> Mapping[str, Sequence[Unit]]:
        """The units that have had a code, in order of time."""
        found: defaultdict[str, list[Unit]] = defaultdict(list)
        for unit in sorted(self.units, key=lambda unit: unit.valid_from):
            found[unit.code].append(unit)
        return found

    @cached_property
    def _successors(self) -> Mapping[tuple[str, date], Sequence[Succession]]:
        found: defaultdict[tuple[str, date], list[Succession]] = defaultdict(list)
        for succession in sorted(self.successions):
            found[succession.old, succession.on].append(succession)
        return found

    @cached_property
    def known(self) -> frozenset[str]:
        """All codes that a unit has or had."""
        return frozenset(self.by_code)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The names of the units that have not ended, by code."""
        return {unit.code: unit.name for unit in self.units if unit.valid_to is None}

    @cached_property
    def ended(self) -> Mapping[str, date]:
        """The first day without it, of each code that no unit has any more."""
        lasts = {code: units[-1].valid_to for code, units in self.by_code.items()}
        return {code: end for code, end in lasts.items() if end is not None}

    def meant(self, code: str, day: date) -> Unit | None:
        """Return the unit that a code meant when it was set by a fact of a legal date.

        Upstream systems translate old addresses into present units, so a code that was given
        only later means that later unit.
        """
        units = self.by_code.get(code, ())
        return next((u for u in units if u.valid_to is None or day < u.valid_to), None)

    def now(self, code: str, day: date, today: date) -> Place | None:
        """Return the unit of `today` in which a commune lies whose code was set on `day`."""
        key = (code, day, today)
        if key not in self._now:
            if len(self._now) > 100_000:
                self._now.clear()
            self._now[key] = self._find_now(code, day, today)
        return self._now[key]

    def _find_now(self, code: str, day: date, today: date) -> Place | None:
        unit, split = self.meant(code, day), False
        while unit is not None and unit.valid_to is not None and unit.valid_to <= today:
            heirs = self._successors.get((unit.code, unit.valid_to), ())
            main = next((heir for heir in heirs if heir.main), None)
            if main is None:
                break
            split = split or len(heirs) > 1
            unit = self._at(main.new, main.on)
        return None if unit is None else Place(unit.code, unit.name, split)

    def spans(self, code: str, today: date) -> list[Span]:
        """Return the codes, and when they were set, whose commune lies in a unit of today."""
        return [
            span
            for other in self.by_code
            for span in self._segments(other)
            if (place := self.now(other, span.first, today)) is not None and place.code == code
        ]

    def _segments(self, code: str) -> Iterator[Span]:
        first = date.min
        for unit in self.by_code[code]:
            end = date.max if unit.valid_to is None else unit.valid_to
            yield Span(code, first, end)
            first = end

    def _at(self, code: str, day: date) -> Unit | None:
        return next((u for u in self.by_code.get(code, ()) if u.in_force(day)), None)

    def merged(self, units: Sequence[Unit], successions: Sequence[Succession]) -> "Units":
        """Return these with others: a unit or succession that is known is replaced."""
        by_unit = {(u.code, u.valid_from): u for u in (*self.units, *units)}
        by_step = {(s.old, s.on, s.new): s for s in (*self.successions, *successions)}
        return Units(list(by_unit.values()), list(by_step.values()))

    def check(self) -> None:
        """Pass when everything fits: no two units of a code at once, no end without a successor.

        Raises Contradiction.
        """
        for units in self.by_code.values():
            _check_periods(units)
        for succession in self.successions:
            self._check_succession(succession)
        for unit in self.units:
            if unit.district and (unit.valid_to is None or unit.valid_to > DISTRICTS_ENDED):
                raise Contradiction(
                    f"{unit.code} {unit.name} lies in {unit.district}, but districts ended on "
                    f"{DISTRICTS_ENDED}"
                )
            if unit.valid_to is not None:
                self._check_end(unit, unit.valid_to)

    def _check_succession(self, one: Succession) -> None:
        ended = [u for u in self.by_code.get(one.old, ()) if u.valid_to == one.on]
        if not ended:
            raise Contradiction(f"{one.old} has a successor on {one.on} but did not end that day")
        if self._at(one.new, one.on) is None:
            raise Contradiction(f"{one.new} follows {one.old} on {one.on} but is not in force then")

    def _check_end(self, unit: Unit, end: date) -> None:
        heirs = self._successors.get((unit.code, end), ())
        if sum(heir.main for heir in heirs) != 1:
            raise Contradiction(
                f"{unit.code} {unit.name} ended on {end}: exactly one main successor must be named"
            )


def _check_periods(units: Sequence[Unit]) -> None:
    before: Unit | None = None
    for unit in units:
        if unit.valid_to is not None and unit.valid_to <= unit.valid_from:
            raise Contradiction(f"{unit.code} ends on {unit.valid_to}, before it begins")
        if before is not None and (before.valid_to is None or unit.valid_from < before.valid_to):
            raise Contradiction(f"{unit.code} is two units at once on {unit.valid_from}")
        before = unit
