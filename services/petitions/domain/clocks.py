"""The clocks of a petition. Provisional: no public holidays, no limits by field, no pauses.

Calendar days for the answer, Monday to Friday for the working days. The calendar of holidays and
swapped Saturdays and the limits with their legal basis replace the inside of these functions.
"""

from datetime import date, timedelta
from typing import Final

ANSWER_WITHIN_DAYS: Final = 20


def due_on(filed: date) -> date:
    """Return the last day to answer a petition received on `filed`: 20 calendar days later."""
    return filed + timedelta(days=ANSWER_WITHIN_DAYS)


def days_elapsed(filed: date, on: date) -> int:
    """Count the days from Monday to Friday after `filed` up to and including `on`.

    Public holidays count as working days here: there is no calendar of holidays yet. 0 when `on`
    is not after `filed`.
    """
    total = (on - filed).days
    if total <= 0:
        return 0
    weeks, rest = divmod(total, 7)
    first = filed.isoweekday()
    return weeks * 5 + sum(1 for n in range(1, rest + 1) if (first + n - 1) % 7 < 5)
