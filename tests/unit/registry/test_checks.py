from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.registry.domain import Fact, Refusal, Sets
from services.registry.domain.checks import a_year_after, check_fact
from tests.unit.registry.support import CODE, TODAY, WORLD, Book, capital, registration


@pytest.mark.parametrize(
    ("fact", "code"),
    [
        (registration(on=TODAY + timedelta(1)), "date_in_future"),
        (registration(commune="00000"), "unknown_commune"),
        (registration(industry="4411"), "unknown_industry"),
        (registration(industry="4511"), "unknown_industry"),
    ],
)
def test_a_fact_that_cannot_be_is_refused_with_its_code(fact: Fact, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_fact(CODE, fact, WORLD)
    assert refused.value.code == code
    assert refused.value.vi
    assert refused.value.en


def test_a_fact_of_today_in_vietnam_is_not_in_the_future() -> None:
    check_fact(CODE, registration(on=TODAY), WORLD)
    with pytest.raises(Refusal, match="date_in_future"):
        check_fact(CODE, registration(on=TODAY), replace(WORLD, today=TODAY - timedelta(1)))


def test_a_division_that_only_the_older_classification_has_is_known_there() -> None:
    check_fact(CODE, registration(scheme="vsic2018", industry="4511"), WORLD)


@pytest.mark.parametrize(
    ("on", "until", "code"),
    [
        (date(2025, 3, 1), date(2025, 2, 28), "invalid_until"),
        (date(2025, 3, 1), date(2026, 3, 2), "suspension_too_long"),
        (date(2024, 2, 29), date(2025, 3, 1), "suspension_too_long"),
    ],
)
def test_a_suspension_is_at_most_a_year(on: date, until: date, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        check_fact(CODE, Fact(0, "EntitySuspended", on, sets=Sets(until=until)), WORLD)


@pytest.mark.parametrize("on", [date(2025, 3, 1), date(2024, 2, 29)])
def test_a_suspension_of_a_whole_year_is_allowed_and_its_day_known(on: date) -> None:
    book = Book()
    book.act(CODE, registration(on=date(2024, 1, 2)))
    suspension = Fact(0, "EntitySuspended", on, sets=Sets(until=a_year_after(on)))
    book.act(CODE, suspension, today=a_year_after(on))
    assert book.subjects[CODE].until == a_year_after(on)
    book.act(CODE, Fact(0, "EntityResumed", on + timedelta(30)))
    assert book.subjects[CODE].until is None


def test_a_change_of_what_is_not_registered_is_refused() -> None:
    with pytest.raises(Refusal, match="unknown_entity"):
        Book().act(CODE, capital(5, TODAY))
