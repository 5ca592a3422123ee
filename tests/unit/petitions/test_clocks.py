"""The clocks do what the worked examples say."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.petitions.domain import clocks, decide
from services.petitions.domain.calendar import Calendar, Moment, YearDecision
from services.petitions.domain.clocks import Clock, Pause
from services.petitions.domain.commands import FileCommand
from services.petitions.domain.limits import DEFAULT_LIMITS, Limit, Limits, Term
from services.petitions.domain.petition import Petition
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.rules import Rules
from tests.unit.petitions import clock_examples as examples
from tests.unit.petitions.support import CALENDAR, COMMANDS, DIRECTORY, RULES, SOURCE, take

DAYS = st.dates(date(2020, 1, 1), date(2035, 1, 1))
LIMITS = RULES.limits
LONG_WINDOW = Limit("reopen", Term(400, "calendar"), "quy chế", date(2020, 1, 1))
GENEROUS = Rules(DIRECTORY, CALENDAR, Limits((*DEFAULT_LIMITS.rows, LONG_WINDOW)))


def day(text: str) -> date:
    return date.fromisoformat(text)


def maybe(text: str | None) -> date | None:
    return None if text is None else day(text)


def moment(text: str) -> Moment:
    found = datetime.fromisoformat(text)
    return Moment(found.date(), found.time())


def term(text: str) -> Term:
    return Term(int(text[:-1]), "calendar" if text.endswith("c") else "working")


def clock_of(starts: str, terms: list[str], pauses: list[tuple[str, str | None]]) -> Clock:
    first, *extra = (term(text) for text in terms)
    stood = tuple(Pause(day(a), maybe(b)) for a, b in pauses)
    return Clock(day(starts), first, tuple(extra), stood)


def names(rows: list[tuple[object, ...]]) -> list[str]:
    return [str(row[0]) for row in rows]


def test_there_are_enough_examples() -> None:
    tables = (
        examples.STARTS,
        examples.DUES,
        examples.ELAPSED,
        examples.ALARMS,
        examples.UPDATES,
        examples.REDATED,
        examples.COURSES,
        examples.CHANGED_LIMIT,
        examples.CHANGED_LATER,
    )
    assert sum(len(table) for table in tables) >= 60


@pytest.mark.parametrize(("what", "received", "starts"), examples.STARTS)
def test_a_clock_starts(what: str, received: str, starts: str) -> None:
    assert CALENDAR.start(moment(received)) == day(starts), what


@pytest.mark.parametrize(("what", "starts", "terms", "pauses", "due"), examples.DUES)
def test_a_clock_ends(
    what: str, starts: str, terms: list[str], pauses: list[tuple[str, str | None]], due: str
) -> None:
    assert clocks.due(clock_of(starts, terms, pauses), CALENDAR) == day(due), what


@pytest.mark.parametrize(("what", "starts", "pauses", "before", "on", "days"), examples.ELAPSED)
def test_working_days_pass(
    what: str, starts: str, pauses: list[tuple[str, str | None]], before: int, on: str, days: int
) -> None:
    clock = replace(clock_of(starts, ["20c"], pauses), before=before)
    assert clocks.elapsed(clock, day(on), CALENDAR) == days, what


@pytest.mark.parametrize(("what", "due", "said", "next_on"), examples.ALARMS)
def test_an_alarm_falls_on(what: str, due: str, said: int, next_on: str | None) -> None:
    assert clocks.alarm_day(day(due), said, LIMITS, CALENDAR) == maybe(next_on), what


@pytest.mark.parametrize(("what", "due", "last", "next_on"), examples.UPDATES)
def test_the_petitioner_is_told_again(what: str, due: str, last: str | None, next_on: str) -> None:
    assert clocks.next_update(day(due), maybe(last), LIMITS, CALENDAR) == day(next_on), what


@pytest.mark.parametrize(("what", "old", "new", "today", "result"), examples.REDATED)
def test_a_changed_calendar_dates_again(
    what: str, old: str, new: str, today: str, result: str
) -> None:
    assert clocks.redated(day(old), day(new), day(today)) == day(result), what


def course(steps: list[tuple[str, str]], rules: Rules) -> Petition:
    filing, *acts = steps
    petition = decide.file(
        FileCommand(field="investment", petitioner_kind="enterprise"),
        petition_id="KN-1",
        source=SOURCE,
        now=moment(filing[0]),
        rules=rules,
    ).petition
    for when, action in acts:
        command = COMMANDS[action]  # type: ignore[index]
        petition = take(
            petition, command, "STC", moment(when), petitioner=True, rules=rules
        ).petition
    return petition


@pytest.mark.parametrize(("what", "steps", "said"), examples.COURSES)
def test_a_course_runs(what: str, steps: list[tuple[str, str]], said: dict[str, object]) -> None:
    state = course(steps, GENEROUS).state.model_dump(mode="json")
    assert {name: state[name] for name in said} == said, what


@pytest.mark.parametrize(("what", "received", "due"), examples.CHANGED_LIMIT)
def test_a_limit_that_changes_holds_for_clocks_that_start_under_it(
    what: str, received: str, due: str
) -> None:
    changed = Limit("answer", Term(10, "calendar"), "quy chế mới", date(2026, 3, 10))
    rules = Rules(DIRECTORY, CALENDAR, Limits((*DEFAULT_LIMITS.rows, changed)))
    assert course([(received, "file")], rules).state.due_on == day(due), what


@pytest.mark.parametrize(("what", "steps", "due"), examples.CHANGED_LATER)
def test_a_limit_that_changes_in_between_leaves_what_has_begun(
    what: str, steps: list[tuple[str, str]], due: str
) -> None:
    changed = Limit("answer", Term(10, "calendar"), "quy chế mới", date(2026, 3, 10))
    rules = Rules(DIRECTORY, CALENDAR, Limits((*DEFAULT_LIMITS.rows, changed)))
    assert course(steps, rules).state.due_on == day(due), what


def test_a_window_that_is_over_stays_closed() -> None:
    steps = [
        ("2026-03-02 09:00", "file"),
        ("2026-03-02 10:00", "assign"),
        ("2026-03-03 09:00", "answer"),
        ("2026-06-02 09:00", "reopen"),
    ]
    with pytest.raises(Refusal, match="window_over"):
        course(steps, RULES)


def test_what_is_late_is_not_extended() -> None:
    steps = [
        ("2026-03-02 09:00", "file"),
        ("2026-03-03 09:00", "assign"),
        ("2026-03-24 09:00", "extend"),
    ]
    with pytest.raises(Refusal, match="too_late_to_extend"):
        course(steps, RULES)


def test_extensions_add_up_to_no_more_than_the_row_says() -> None:
    steps = [("2026-03-02 09:00", "file"), ("2026-03-03 09:00", "assign")]
    steps += [(f"2026-03-0{n} 09:00", "extend") for n in (4, 5, 6, 7)]
    with pytest.raises(Refusal, match="extended_too_far"):
        course(steps, RULES)


def test_a_changed_calendar_redates_and_keeps_the_old_date_in_the_event() -> None:
    before = course([("2026-03-02 09:00", "file"), ("2026-03-03 09:00", "assign")], RULES)
    off = YearDecision(2026, (day("2026-03-23"),), (), "quyết định thử", verified=True)
    changed = Rules(DIRECTORY, Calendar.of([off]), LIMITS)
    decision = take(before, COMMANDS["redate"], today=day("2026-03-10"), rules=changed)
    (entry,) = decision.event.asserts
    assert decision.name == "PetitionDueChanged"
    assert entry.before is not None
    assert entry.before.due_on == day("2026-03-23")
    assert decision.petition.state.due_on == day("2026-03-24")
    assert decision.petition.workings.alarm_on == day("2026-03-25")
    late = take(before, COMMANDS["review"], today=day("2026-03-24")).petition
    with pytest.raises(Refusal, match="not_changed"):
        take(late, COMMANDS["redate"], today=day("2026-03-24"), rules=changed)


@given(starts=DAYS, length=st.integers(0, 800))
def test_working_days_are_what_one_counts_on_the_calendar(starts: date, length: int) -> None:
    end = starts + timedelta(days=length)
    counted = sum(CALENDAR.is_working(starts + timedelta(days=n)) for n in range(1, length + 1))
    assert CALENDAR.between(starts, end) == counted


@given(starts=DAYS, n=st.integers(1, 300))
def test_adding_working_days_is_the_reverse_of_counting_them(starts: date, n: int) -> None:
    end = CALENDAR.add(starts, n)
    assert CALENDAR.is_working(end)
    assert CALENDAR.between(starts, end) == n


@given(starts=DAYS, first=st.integers(0, 60), length=st.integers(0, 60), more=st.integers(0, 90))
def test_a_clock_never_goes_back(starts: date, first: int, length: int, more: int) -> None:
    since = starts + timedelta(days=first)
    paused = (Pause(since, since + timedelta(days=length)),)
    clock = Clock(CALENDAR.roll(starts), Term(20, "calendar"), pauses=paused)
    days = [clocks.elapsed(clock, starts + timedelta(days=n), CALENDAR) for n in range(more)]
    assert days == sorted(days)
    assert clocks.due(clock, CALENDAR) >= clocks.due(replace(clock, pauses=()), CALENDAR)
    assert CALENDAR.is_working(clocks.due(clock, CALENDAR))
