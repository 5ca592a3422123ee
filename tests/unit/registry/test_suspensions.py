"""Suspensions that end by their date, and what may become known around them."""

from datetime import date, timedelta

import pytest

from services.registry.domain import Fact, Refusal, Sets, expire
from services.registry.domain.record import TIMER
from tests.unit.registry.support import (
    CODE,
    SOURCE,
    Book,
    capital,
    correction,
    plain,
    registration,
)

MAY, JUNE, JULY, AUGUST = (date(2025, month, 1) for month in (5, 6, 7, 8))
LAST = date(2025, 6, 30)


def suspension(on: date, until: date | None) -> Fact:
    return Fact(0, "EntitySuspended", on, sets=Sets(until=until))


def suspended(until: date | None = LAST) -> Book:
    book = Book()
    book.act(CODE, registration(), today=MAY)
    book.act(CODE, suspension(MAY, until), today=MAY)
    return book


def history(book: Book) -> list[tuple[str, date, str]]:
    return [(e.fact, e.on, e.after.status) for e in book.subjects[CODE].entries if e.after]


def end_by_date(book: Book, today: date) -> int:
    return len(book.keep(expire(book.subjects[CODE], today)))


def test_it_ends_the_day_after_its_last_day_once_and_dated_so_however_late() -> None:
    book = suspended()
    assert end_by_date(book, LAST) == 0
    assert end_by_date(book, AUGUST) == 1
    assert end_by_date(book, AUGUST) == 0
    assert history(book)[-1] == ("EntityResumed", JULY, "active")
    event = book.decisions[-1].event(SOURCE, "live", None)
    assert (event.source.system, event.source.reference) == (TIMER, f"RESUME-{CODE}-2025-07-01")
    assert event.origin == "live"


def test_without_a_last_day_it_does_not_end() -> None:
    book = suspended(None)
    assert end_by_date(book, AUGUST + timedelta(days=800)) == 0


def test_a_fact_behind_its_last_day_finds_it_ended_also_before_the_timer() -> None:
    book = suspended()
    ended, again = book.act(CODE, suspension(AUGUST, None), today=AUGUST)
    assert (ended.name, ended.derived) == ("EntityResumed", True)
    assert (again.name, again.derived) == ("EntitySuspended", False)
    assert [row[2] for row in history(book)] == ["active", "suspended", "active", "suspended"]


def test_one_that_is_reported_after_it_has_ended_has_ended_by_its_date() -> None:
    book = Book()
    book.act(CODE, registration())
    late, ended = book.act(CODE, suspension(MAY, LAST), today=AUGUST)
    assert (late.name, ended.name) == ("EntitySuspended", "EntityResumed")
    assert history(book)[-1] == ("EntityResumed", JULY, "active")


def test_one_that_becomes_known_before_a_later_one_fits_between() -> None:
    book = Book()
    book.act(CODE, registration())
    book.act(CODE, suspension(AUGUST, None))
    late, ended = book.act(CODE, suspension(MAY, LAST))
    assert [e.entry for e in late.asserts] == [3, 2]
    assert ended.name == "EntityResumed"
    assert [row[2] for row in history(book)] == ["active", "suspended", "active", "suspended"]


@pytest.mark.parametrize("name", ["EntityResumed", "DissolutionStarted", "CertificateRevoked"])
def test_what_ended_it_earlier_takes_the_place_of_its_end_by_date(name: str) -> None:
    book = suspended()
    end_by_date(book, AUGUST)
    (late,) = book.act(CODE, plain(name, JUNE))  # type: ignore[arg-type]
    assert [e.entry for e in late.retracts] == [3]
    assert [e.entry for e in late.asserts] == [4]
    assert len(history(book)) == 3


def test_a_return_reported_for_the_day_after_its_last_day_is_the_end_by_date() -> None:
    book = suspended()
    (back,) = book.act(CODE, plain("EntityResumed", JULY), today=AUGUST)
    assert not back.derived
    book = suspended()
    end_by_date(book, AUGUST)
    (back,) = book.act(CODE, plain("EntityResumed", JULY), today=AUGUST)
    assert [(e.entry, e.on) for e in (*back.retracts, *back.asserts)] == [(3, JULY), (4, JULY)]
    assert len(history(book)) == 3


def test_a_return_reported_later_than_its_end_is_refused_by_the_status() -> None:
    book = suspended()
    with pytest.raises(Refusal, match="status_forbids"):
        book.act(CODE, plain("EntityResumed", AUGUST), today=AUGUST)


def test_a_corrected_last_day_moves_its_end_or_takes_it_back() -> None:
    book = suspended()
    end_by_date(book, AUGUST)
    (moved,) = book.act(CODE, correction(2, until=date(2025, 6, 9)), today=AUGUST)
    assert [(e.entry, e.on) for e in moved.asserts] == [(3, date(2025, 6, 10))]
    (back,) = book.act(CODE, correction(2, until=date(2025, 9, 30)), today=AUGUST)
    assert [e.entry for e in back.retracts] == [3]
    assert back.asserts == ()
    assert book.subjects[CODE].state.status == "suspended"
    assert end_by_date(book, date(2025, 10, 1)) == 1
    assert history(book)[-1] == ("EntityResumed", date(2025, 10, 1), "active")


def test_its_end_by_date_is_not_corrected_by_itself() -> None:
    book = suspended()
    end_by_date(book, AUGUST)
    with pytest.raises(Refusal, match="follows_from_suspension"):
        book.act(CODE, correction(3, on=date(2025, 7, 2)))


def test_a_return_that_is_withdrawn_lets_it_end_by_its_date() -> None:
    book = suspended()
    book.act(CODE, plain("EntityResumed", JUNE))
    withdrawn, ended = book.act(CODE, correction(3, withdraw=True), today=AUGUST)
    assert (withdrawn.name, ended.name) == ("RegistrationCorrected", "EntityResumed")
    assert history(book)[-1] == ("EntityResumed", JULY, "active")


def test_a_change_of_capital_leaves_it_standing() -> None:
    book = suspended()
    book.act(CODE, capital(15, JUNE), today=JUNE)
    assert book.subjects[CODE].until == LAST
    assert end_by_date(book, AUGUST) == 1


def test_the_mark_of_the_tax_agency_is_ignored_meanwhile_also_when_that_becomes_known_late() -> (
    None
):
    book = Book()
    book.act(CODE, registration())
    book.act(CODE, plain("EntityNotAtAddress", JUNE))
    assert history(book)[-1][2] == "not_at_address"
    book.act(CODE, suspension(MAY, LAST), today=AUGUST)
    assert [row[2] for row in history(book)] == ["active", "suspended", "suspended", "active"]
    with pytest.raises(Refusal, match="status_forbids"):
        book.act(CODE, plain("EntityFoundAtAddress", AUGUST))
