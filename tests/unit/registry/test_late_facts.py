from datetime import date

import pytest

from services.registry.domain import Fact, Refusal, Sets, difference
from services.registry.domain.subject import rewrite
from tests.unit.registry.support import CODE, FIRST, Book, amounts, capital, plain, registration

MAY = date(2025, 5, 15)
APRIL = date(2025, 4, 1)


def registered_and_raised() -> Book:
    book = Book()
    book.act(CODE, registration(capital=10))
    book.act(CODE, capital(15, MAY))
    return book


def test_a_fact_in_order_asserts_one_entry_and_retracts_none() -> None:
    book = registered_and_raised()
    assert [(amounts(d.asserts), d.retracts) for d in book.decisions] == [
        ([(1, None, 10)], ()),
        ([(2, 10, 15)], ()),
    ]


def test_a_late_change_retracts_what_follows_and_asserts_it_on_the_new_ground() -> None:
    book = registered_and_raised()
    (late,) = book.act(CODE, capital(12, APRIL))
    assert amounts(late.retracts) == [(2, 10, 15)]
    assert amounts(late.asserts) == [(3, 10, 12), (2, 12, 15)]
    assert late.subject.state.capital_vnd == 15


def test_a_correction_of_the_first_amount_restates_as_the_contract_says() -> None:
    # Registered at 10 in March, raised to 15 in May; the first should have been 12.
    book = registered_and_raised()
    before = book.subjects[CODE]
    first, raised = before.facts
    right = Fact(first.number, first.name, first.on, first.by, sets=_with_capital(first.sets, 12))
    after = rewrite(before, (right, raised), version=3, judged=1)
    retracts, asserts = difference(before.entries, after.entries)
    assert amounts(retracts) == [(1, None, 10), (2, 10, 15)]
    assert amounts(asserts) == [(1, None, 12), (2, 12, 15)]
    assert [e.on for e in asserts] == [FIRST, MAY]
    april, june = after.state_on(date(2025, 4, 30)), after.state_on(date(2025, 6, 30))
    assert april is not None
    assert june is not None
    assert (april.capital_vnd, june.capital_vnd) == (12, 15)


def test_what_stands_unchanged_behind_a_late_pair_is_not_retracted() -> None:
    book = Book()
    book.act(CODE, registration())
    book.act(CODE, plain("EntitySuspended", APRIL))
    book.act(CODE, plain("EntityResumed", date(2025, 4, 20)))
    book.act(CODE, capital(15, MAY))
    (late,) = book.act(CODE, capital(12, date(2025, 4, 30)))
    assert [e.entry for e in late.retracts] == [4]
    assert [e.entry for e in late.asserts] == [5, 4]


def test_a_late_fact_on_the_day_of_another_comes_after_it() -> None:
    book = registered_and_raised()
    (late,) = book.act(CODE, capital(20, MAY))
    assert amounts(late.asserts) == [(3, 15, 20)]
    assert late.retracts == ()


def test_a_late_fact_that_leaves_a_recorded_one_without_its_ground_is_refused() -> None:
    book = Book()
    book.act(CODE, registration())
    book.act(CODE, plain("EntitySuspended", MAY))
    with pytest.raises(Refusal) as refused:
        book.act(CODE, plain("DissolutionStarted", APRIL))
    assert refused.value.code == "status_forbids"
    assert refused.value.facts == {
        "code": CODE,
        "fact": "EntitySuspended",
        "on": "2025-05-15",
        "entry": 2,
        "status": "dissolving",
        "allowed": "active,not_at_address",
    }
    assert book.subjects[CODE].version == 2


def test_a_late_fact_that_makes_a_recorded_one_change_nothing_is_refused() -> None:
    book = registered_and_raised()
    with pytest.raises(Refusal, match="nothing_changed"):
        book.act(CODE, capital(15, APRIL))


def test_a_fact_before_the_registration_is_refused() -> None:
    book = registered_and_raised()
    with pytest.raises(Refusal, match="before_registration"):
        book.act(CODE, capital(12, date(2025, 3, 9)))


def _with_capital(sets: Sets, amount: int) -> Sets:
    return Sets(
        kind=sets.kind,
        legal_form=sets.legal_form,
        name=sets.name,
        capital_vnd=amount,
        commune=sets.commune,
        industry_scheme=sets.industry_scheme,
        industry_code=sets.industry_code,
    )
