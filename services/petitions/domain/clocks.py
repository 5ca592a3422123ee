"""The clocks of a petition: the total one, and the agency's own beside it. Pure functions.

A clock counts from a first day, stands still in its pauses and is never started again within a
round. A date that has passed is never moved: what was already late stays late. Comments are not
among the arguments of anything here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.petitions.domain.calendar import Calendar, Moment
from services.petitions.domain.limits import LEVELS, Limits, Term


@dataclass(frozen=True)
class Pause:
    """The days after `since` up to and including `until`; None while it lasts."""

    since: date
    until: date | None = None


@dataclass(frozen=True)
class Clock:
    """The clocks of one round.

    `starts` is day 0 of the total clock, `before` the working days of earlier rounds; the agency's
    clock has its own first day and term, None before there is a lead agency.
    """

    starts: date
    term: Term
    extra: tuple[Term, ...] = ()
    pauses: tuple[Pause, ...] = ()
    agency_starts: date | None = None
    agency_term: Term | None = None
    before: int = 0


def due(clock: Clock, calendar: Calendar) -> date:
    """Return the last day of the total clock: a day off is followed by the next working day."""
    return _end(clock.starts, (clock.term, *clock.extra), clock.pauses, calendar)


def agency_due(clock: Clock, calendar: Calendar) -> date | None:
    """Return the last day of the agency's clock, None without an agency."""
    if clock.agency_starts is None or clock.agency_term is None:
        return None
    return _end(clock.agency_starts, (clock.agency_term,), clock.pauses, calendar)


def elapsed(clock: Clock, on: date, calendar: Calendar) -> int:
    """Count the working days of the total clock up to and including a day, without its pauses."""
    total = calendar.between(clock.starts, on)
    paused = sum(
        calendar.between(since, min(until or on, on))
        for since, until in _within(clock.starts, clock.pauses)
    )
    return clock.before + max(total - paused, 0)


def is_paused(clock: Clock) -> bool:
    """Say whether the clock stands still."""
    return bool(clock.pauses) and clock.pauses[-1].until is None


def pause(clock: Clock, on: date) -> Clock:
    """Let the clock stand still from a day on."""
    return clock if is_paused(clock) else replace(clock, pauses=(*clock.pauses, Pause(on)))


def resume(clock: Clock, moment: Moment, calendar: Calendar) -> Clock:
    """Let the clock go on; what came in after hours counts from the next working day."""
    if not is_paused(clock):
        return clock
    last = clock.pauses[-1]
    ended = replace(last, until=max(calendar.start(moment), last.since))
    return replace(clock, pauses=(*clock.pauses[:-1], ended))


def hand_to(clock: Clock, moment: Moment, term: Term, calendar: Calendar) -> Clock:
    """Start the clock of a lead agency; the total clock runs on."""
    return replace(clock, agency_starts=calendar.start(moment), agency_term=term)


def extend(clock: Clock, term: Term) -> Clock:
    """Lengthen the total clock, and the agency's with it when they count the same days."""
    agency = clock.agency_term
    if agency is not None and agency.unit == term.unit:
        agency = replace(agency, amount=agency.amount + term.amount)
    return replace(clock, extra=(*clock.extra, term), agency_term=agency)


def reopen(clock: Clock, moment: Moment, term: Term, days_before: int, calendar: Calendar) -> Clock:
    """Begin a round: new limits, and the working days of the rounds before are kept."""
    starts = calendar.start(moment)
    has_agency = clock.agency_term is not None
    return Clock(
        starts=starts,
        term=term,
        agency_starts=starts if has_agency else None,
        agency_term=clock.agency_term,
        before=days_before,
    )


def moved(old: date | None, new: date | None, by: date) -> date | None:
    """Return the new date, or the old one where it had passed by a day: late stays late."""
    return old if old is not None and old < by else new


def redated(old: date | None, new: date | None, today: date) -> date | None:
    """Return a date under a changed calendar: late stays late, and nobody is made late by it."""
    if old is None or new is None or old < today:
        return old
    return max(new, today)


def next_update(due_on: date, last: date | None, limits: Limits, calendar: Calendar) -> date:
    """Return the day of the next word to the petitioner once the answer is late."""
    since = max(due_on, last) if last else due_on
    term = limits.find("update", since).term
    return _end(since, (term,), (), calendar)


def alarm_day(due_on: date, said: int, limits: Limits, calendar: Calendar) -> date | None:
    """Return the day of the next alarm: `said` of them were given in this round.

    First overdue, on the first working day after the due date; then each level; None after all.
    """
    if said == 0:
        return calendar.add(due_on, 1)
    if said > len(LEVELS):
        return None
    return calendar.add(due_on, limits.find(LEVELS[said - 1], due_on).term.amount)


def add_term(day: date, term: Term, calendar: Calendar) -> date:
    """Return a day so many days later, not rolled."""
    if term.unit == "working":
        return calendar.add(day, term.amount)
    return day + timedelta(days=term.amount)


def _end(starts: date, terms: Sequence[Term], pauses: Sequence[Pause], calendar: Calendar) -> date:
    day = starts
    for term in terms:
        day = add_term(day, term, calendar)
    closed = [(since, until) for since, until in _within(starts, pauses) if until is not None]
    if terms[0].unit == "working":
        day = calendar.add(day, sum(calendar.between(since, until) for since, until in closed))
    else:
        day += timedelta(days=sum((until - since).days for since, until in closed))
    return calendar.roll(day)


def _within(starts: date, pauses: Sequence[Pause]) -> list[tuple[date, date | None]]:
    # A pause that began before the clock stands still only from the clock's first day on.
    return [
        (max(p.since, starts), None if p.until is None else max(p.until, starts)) for p in pauses
    ]
