"""Corrections and voidings: which entries each retracts and asserts, for every place."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.registry.domain import Fact, Refusal, Sets, Voiding
from tests.unit.registry.support import (
    BRANCH,
    CODE,
    FIRST,
    Book,
    amounts,
    capital,
    correction,
    plain,
    registration,
)

APRIL, MAY, JUNE, JULY, AUGUST = (date(2025, month, 15) for month in (4, 5, 6, 7, 8))


def raised() -> Book:
    book = Book()
    book.act(CODE, registration(capital=10))
    book.act(CODE, capital(15, MAY))
    book.act(CODE, capital(20, JUNE))
    return book


def standing(book: Book, code: str = CODE) -> list[tuple[int, int | None, int | None]]:
    return amounts(book.subjects[code].entries)


def test_the_example_of_the_contract() -> None:
    book = Book()
    book.act(CODE, registration(capital=10))
    book.act(CODE, capital(15, MAY))
    (event,) = book.act(CODE, correction(1, capital_vnd=12))
    assert (event.name, event.corrects, event.subject.version) == ("RegistrationCorrected", 1, 3)
    assert amounts(event.retracts) == [(1, None, 10), (2, 10, 15)]
    assert amounts(event.asserts) == [(1, None, 12), (2, 12, 15)]


@pytest.mark.parametrize(
    ("corrects", "amount", "retracts", "asserts"),
    [
        (1, 12, [(1, None, 10), (2, 10, 15)], [(1, None, 12), (2, 12, 15)]),
        (2, 17, [(2, 10, 15), (3, 15, 20)], [(2, 10, 17), (3, 17, 20)]),
        (3, 25, [(3, 15, 20)], [(3, 15, 25)]),
    ],
)
def test_an_amount_is_corrected_at_every_place(
    corrects: int, amount: int, retracts: Any, asserts: Any
) -> None:
    book = raised()
    (event,) = book.act(CODE, correction(corrects, capital_vnd=amount))
    assert (amounts(event.retracts), amounts(event.asserts)) == (retracts, asserts)


@pytest.mark.parametrize(
    ("corrects", "on", "order"),
    [
        (1, FIRST - timedelta(days=9), [1, 2, 3]),
        (1, MAY, [1, 2, 3]),
        (2, FIRST, [1, 2, 3]),
        (2, JUNE, [1, 2, 3]),
        (2, JULY, [1, 3, 2]),
        (3, APRIL, [1, 3, 2]),
        (3, MAY, [1, 2, 3]),
        (3, JULY, [1, 2, 3]),
    ],
)
def test_a_date_is_corrected_to_every_place_and_the_fact_keeps_its_number(
    corrects: int, on: date, order: list[int]
) -> None:
    book = raised()
    (event,) = book.act(CODE, correction(corrects, on=on))
    assert [e.entry for e in book.subjects[CODE].entries] == order
    assert {e.entry for e in event.asserts} >= {corrects}
    ons = {e.entry: e.on for e in event.asserts}
    assert ons[corrects] == on
    assert book.subjects[CODE].version == 4


def test_a_date_past_what_makes_a_recorded_fact_unlawful_is_refused_and_names_it() -> None:
    book = raised()
    book.act(CODE, plain("DissolutionStarted", JULY))
    with pytest.raises(Refusal) as refused:
        book.act(CODE, correction(4, on=date(2025, 6, 1)))
    assert refused.value.code == "status_forbids"
    assert (refused.value.facts["fact"], refused.value.facts["entry"]) == ("CapitalChanged", 3)
    with pytest.raises(Refusal) as moved:
        book.act(CODE, correction(1, on=date(2025, 5, 16)))
    assert moved.value.code == "before_registration"


def test_several_corrections_in_a_row_each_begin_from_what_stands() -> None:
    book = raised()
    book.act(CODE, correction(1, capital_vnd=11))
    book.act(CODE, correction(1, name="Tên đúng"))
    (event,) = book.act(CODE, correction(1, capital_vnd=12))
    assert event.subject.version == 6
    assert standing(book) == [(1, None, 12), (2, 12, 15), (3, 15, 20)]
    assert book.subjects[CODE].state.name == "Tên đúng"


def test_a_correction_of_a_correction_puts_the_same_fact_right_once_more() -> None:
    book = raised()
    book.act(CODE, correction(2, capital_vnd=17))
    (event,) = book.act(CODE, correction(4, on=APRIL))
    assert event.corrects == 4
    assert [(e.entry, e.on) for e in event.asserts] == [(2, APRIL), (3, JUNE)][: len(event.asserts)]
    assert standing(book) == [(1, None, 10), (2, 10, 17), (3, 17, 20)]
    book.act(CODE, correction(5, capital_vnd=15, on=MAY))
    assert standing(book) == standing(raised())


def test_a_fact_that_never_happened_is_withdrawn_and_may_stand_again() -> None:
    book = raised()
    (gone,) = book.act(CODE, correction(2, withdraw=True))
    assert amounts(gone.retracts) == [(2, 10, 15), (3, 15, 20)]
    assert amounts(gone.asserts) == [(3, 10, 20)]
    (back,) = book.act(CODE, correction(4))
    assert amounts(back.asserts) == [(2, 10, 15), (3, 15, 20)]
    (last,) = book.act(CODE, correction(3, withdraw=True))
    assert (amounts(last.retracts), last.asserts) == ([(3, 15, 20)], ())


def test_a_late_fact_behind_a_correction_stands_on_the_corrected_ground() -> None:
    book = raised()
    book.act(CODE, correction(2, on=JULY))
    (late,) = book.act(CODE, capital(12, APRIL))
    assert amounts(late.retracts) == [(3, 10, 20)]
    assert amounts(late.asserts) == [(5, 10, 12), (3, 12, 20)]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (correction(1, capital_vnd=10), "nothing_changed"),
        (correction(1), "nothing_changed"),
        (correction(9, capital_vnd=12), "no_such_fact"),
        (correction(2, name="Khác"), "field_misfit"),
        (correction(1, until=MAY), "field_misfit"),
        (correction(1, withdraw=True), "void_instead"),
        (correction(1, commune="00000"), "unknown_commune"),
        (correction(2, on=date(2099, 1, 1)), "date_in_future"),
        (correction(1, capital_vnd=15), "nothing_changed"),
    ],
)
def test_what_cannot_be_corrected_is_refused_whole(command: Any, code: str) -> None:
    book = raised()
    with pytest.raises(Refusal) as refused:
        book.act(CODE, command)
    assert refused.value.code == code
    assert book.subjects[CODE].version == 3


def test_details_and_form_are_changed_and_corrected() -> None:
    book = raised()
    (changed,) = book.act(
        CODE, Fact(0, "DetailsChanged", JULY, sets=Sets(legal_form="joint_stock"))
    )
    assert (changed.subject.state.legal_form, changed.subject.state.capital_vnd) == (
        "joint_stock",
        20,
    )
    with pytest.raises(Refusal, match="nothing_changed"):
        book.act(CODE, Fact(0, "DetailsChanged", AUGUST, sets=Sets(legal_form="joint_stock")))
    book.act(CODE, correction(4, legal_form="partnership"))
    assert book.subjects[CODE].state.legal_form == "partnership"
    coop = Book()
    coop.act(CODE, registration("cooperative"))
    with pytest.raises(Refusal, match="form_misfit"):
        coop.act(CODE, Fact(0, "DetailsChanged", JULY, sets=Sets(legal_form="joint_stock")))


def family() -> Book:
    book = Book()
    book.act(CODE, registration())
    book.act(BRANCH, registration("branch"))
    return book


def test_the_corrected_end_of_a_parent_moves_the_ends_of_its_units() -> None:
    book = family()
    book.act(CODE, plain("EntityDissolved", JULY, "dissolved"))
    own, unit = book.act(CODE, correction(2, on=JUNE))
    assert [(d.subject.code, d.corrects) for d in (own, unit)] == [(CODE, 2), (BRANCH, 2)]
    assert own.cause == unit.cause is not None
    assert [e.on for e in unit.asserts] == [JUNE]
    taken_back = book.act(CODE, correction(2, withdraw=True))
    assert [d.subject.state.status for d in taken_back] == ["active", "active"]
    again = book.act(CODE, correction(2))
    assert [d.subject.state.status for d in again] == ["ended", "ended"]


def test_why_a_parent_ended_is_corrected_without_its_units() -> None:
    book = family()
    book.act(CODE, plain("EntityDissolved", JULY, "dissolved"))
    (own,) = book.act(CODE, correction(2, why="bankrupt"))
    assert [e.why for e in own.asserts] == ["bankrupt"]


def test_a_unit_is_not_corrected_away_from_its_parents_end() -> None:
    book = family()
    book.act(CODE, plain("EntityDissolved", JULY, "dissolved"))
    with pytest.raises(Refusal, match="follows_parent"):
        book.act(BRANCH, correction(2, withdraw=True))
    own = family()
    own.act(BRANCH, plain("EntityDissolved", JUNE, "dissolved"))
    own.act(CODE, plain("EntityDissolved", JULY, "dissolved"))
    for command in (correction(2, withdraw=True), correction(2, on=AUGUST)):
        with pytest.raises(Refusal, match="parent_ended"):
            own.act(BRANCH, command)


def test_a_correction_that_leaves_a_unit_without_ground_is_refused_and_names_it() -> None:
    book = family()
    with pytest.raises(Refusal, match="before_parent") as refused:
        book.act(CODE, correction(1, on=APRIL))
    assert refused.value.facts["code"] == BRANCH
    with pytest.raises(Refusal, match="before_parent"):
        book.act(BRANCH, correction(1, on=FIRST - timedelta(days=1)))


def test_an_end_that_stands_again_over_a_unit_registered_meanwhile_is_refused() -> None:
    book = family()
    book.act(CODE, plain("EntityDissolved", JULY, "dissolved"))
    book.act(CODE, correction(2, withdraw=True))
    book.act(f"{CODE}-002", registration("branch", on=APRIL))
    with pytest.raises(Refusal, match="open_units"):
        book.act(CODE, correction(2))


def test_a_voided_registration_retracts_everything_and_the_sequence_goes_on() -> None:
    book = raised()
    (event,) = book.act(CODE, Voiding())
    assert (event.name, event.asserts, len(event.retracts)) == ("RegistrationVoided", (), 3)
    for command in (capital(9, JULY), correction(1, capital_vnd=9), Voiding()):
        with pytest.raises(Refusal, match="registration_voided"):
            book.act(CODE, command)
    (again,) = book.act(CODE, registration(capital=7))
    assert again.subject.version == 5
    assert standing(book) == [(5, None, 7)]
    with pytest.raises(Refusal, match="no_such_fact"):
        book.act(CODE, correction(1, capital_vnd=9))


def test_who_has_open_units_is_not_voided() -> None:
    book = family()
    with pytest.raises(Refusal, match="open_units") as refused:
        book.act(CODE, Voiding())
    assert refused.value.facts["unit"] == BRANCH
    book.act(BRANCH, Voiding())
    book.act(CODE, Voiding())
    with pytest.raises(Refusal, match="unknown_parent"):
        book.act(BRANCH, registration("branch"))
