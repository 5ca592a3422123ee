"""Working days of the registration office, as far as the sample needs them."""

from datetime import date, timedelta
from random import Random
from typing import Final, NamedTuple

_FIXED: Final = {(1, 1), (4, 30), (5, 1), (9, 2)}
_OF_2025: Final = frozenset(
    # Tết 25 January to 2 February, Hùng Kings, 2 May (swapped), the eve of National Day.
    [date(2025, 1, 25) + timedelta(days=n) for n in range(9)]
    + [date(2025, 4, 7), date(2025, 5, 2), date(2025, 9, 1)]
)


class Window(NamedTuple):
    """A span of legal dates, both ends inside."""

    first: date
    last: date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last


def is_working(day: date) -> bool:
    """Say whether the office was open: no weekend, no fixed holiday, no holiday of 2025."""
    return day.weekday() < 5 and (day.month, day.day) not in _FIXED and day not in _OF_2025


def draw(rng: Random, window: Window) -> date:
    """Draw a working day of the window; it must have one."""
    span = (window.last - window.first).days
    while True:
        day = window.first + timedelta(days=rng.randint(0, span))
        if is_working(day):
            return day


def draw_old(rng: Random, window: Window) -> date:
    """Draw a working day, the later years likelier: a register holds more young than old."""
    span = (window.last - window.first).days
    while True:
        day = window.first + timedelta(days=int(span * rng.random() ** 0.6))
        if is_working(day):
            return day
