from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.petitions.domain.clocks import days_elapsed, due_on

DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("filed", "due"),
    [
        (date(2026, 3, 2), date(2026, 3, 22)),
        (date(2025, 12, 31), date(2026, 1, 20)),
        (date(2028, 2, 10), date(2028, 3, 1)),
    ],
)
def test_an_answer_is_due_20_days_after_receipt(filed: date, due: date) -> None:
    assert due_on(filed) == due


@pytest.mark.parametrize(
    ("filed", "on", "days"),
    [
        (date(2026, 3, 2), date(2026, 3, 2), 0),  # Monday, the same day
        (date(2026, 3, 2), date(2026, 3, 3), 1),
        (date(2026, 3, 6), date(2026, 3, 8), 0),  # Friday to Sunday
        (date(2026, 3, 6), date(2026, 3, 9), 1),  # Friday to Monday
        (date(2026, 3, 7), date(2026, 3, 9), 1),  # Saturday to Monday
        (date(2026, 3, 2), date(2026, 3, 22), 14),
        (date(2026, 3, 9), date(2026, 3, 2), 0),  # never below zero
    ],
)
def test_working_days_run_from_monday_to_friday(filed: date, on: date, days: int) -> None:
    assert days_elapsed(filed, on) == days


@given(filed=DAYS, length=st.integers(0, 400))
def test_working_days_are_what_one_counts_on_the_calendar(filed: date, length: int) -> None:
    counted = sum(1 for n in range(1, length + 1) if (filed + timedelta(days=n)).isoweekday() <= 5)
    assert days_elapsed(filed, filed + timedelta(days=length)) == counted
