"""What happens to how many: the table from which the flows of 2025 follow.

Flows of the first half of 2025 and of July to 12 September, added up over the table:
resumed 205 + 98, suspended 357 + 121, dissolution started 97 + 41, ended 60 + 37,
reinstated 21 + 64, new 396 + 218.
"""

from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Final, NamedTuple

from deploy.sample.days import Window, draw, draw_old
from deploy.sample.entities import Fact

BALANCE: Final = date(2024, 12, 31)
MIDYEAR: Final = date(2025, 6, 30)
CONFERENCE: Final = date(2025, 9, 12)

OPENING: Final = Window(date(2001, 1, 2), BALANCE)
BEFORE_2024: Final = Window(date(2001, 1, 2), date(2023, 12, 29))
IN_2024: Final = Window(date(2024, 3, 1), date(2024, 12, 27))
# Less than a year before the conference, so that a suspension of then may still last.
LATE_2024: Final = Window(date(2024, 9, 16), date(2024, 12, 27))
ENDED: Final = Window(date(2024, 1, 3), date(2024, 11, 29))
FIRST: Final = Window(date(2025, 1, 2), MIDYEAR)
SECOND: Final = Window(date(2025, 7, 1), CONFERENCE)

_A_YEAR: Final = timedelta(days=365)
_BETWEEN: Final = timedelta(days=20)


class Step(NamedTuple):
    """A fact some time in a window; `why` of an end, `sign` of a capital change."""

    fact: str
    when: Window
    why: str = ""
    sign: int = 0


class Cohort(NamedTuple):
    """How many entities of a kind were registered in a window and then went these steps."""

    size: int
    born: Window
    steps: tuple[Step, ...] = ()


def _suspended(when: Window) -> Step:
    return Step("EntitySuspended", when)


def _resumed(when: Window) -> Step:
    return Step("EntityResumed", when)


def _started(when: Window) -> Step:
    return Step("DissolutionStarted", when)


def _ended(when: Window, why: str = "dissolved") -> Step:
    return Step("EntityDissolved", when, why)


def _back(when: Window) -> Step:
    return Step("EntityReinstated", when)


def _change(when: Window, sign: int) -> Step:
    return Step("CapitalChanged", when, sign=sign)


ENTERPRISES: Final = (
    # Suspended in 2024.
    Cohort(150, BEFORE_2024, (_suspended(IN_2024), _resumed(FIRST))),
    Cohort(10, BEFORE_2024, (_suspended(IN_2024), _resumed(FIRST), _suspended(SECOND))),
    Cohort(40, BEFORE_2024, (_suspended(LATE_2024), _resumed(SECOND))),
    Cohort(5, BEFORE_2024, (_suspended(LATE_2024), _ended(FIRST, "revoked"))),
    Cohort(8, BEFORE_2024, (_suspended(LATE_2024), _started(FIRST))),
    Cohort(180, BEFORE_2024, (_suspended(LATE_2024),)),
    # Suspended in the first half of 2025.
    Cohort(45, BEFORE_2024, (_suspended(FIRST), _resumed(FIRST))),
    Cohort(50, BEFORE_2024, (_suspended(FIRST), _resumed(SECOND))),
    Cohort(6, BEFORE_2024, (_suspended(FIRST), _started(SECOND))),
    Cohort(5, BEFORE_2024, (_suspended(FIRST), _ended(SECOND, "revoked"))),
    Cohort(247, BEFORE_2024, (_suspended(FIRST),)),
    Cohort(4, FIRST, (_suspended(FIRST),)),
    # Suspended after the half-year.
    Cohort(8, BEFORE_2024, (_suspended(SECOND), _resumed(SECOND))),
    Cohort(98, BEFORE_2024, (_suspended(SECOND),)),
    Cohort(5, FIRST, (_suspended(SECOND),)),
    # Dissolving since 2024.
    Cohort(31, BEFORE_2024, (_started(IN_2024), _ended(FIRST))),
    Cohort(4, BEFORE_2024, (_started(IN_2024), _ended(SECOND))),
    Cohort(12, BEFORE_2024, (_started(IN_2024),)),
    # Dissolving since 2025.
    Cohort(17, BEFORE_2024, (_started(FIRST), _ended(FIRST))),
    Cohort(22, BEFORE_2024, (_started(FIRST), _ended(SECOND))),
    Cohort(50, BEFORE_2024, (_started(FIRST),)),
    Cohort(2, BEFORE_2024, (_started(SECOND), _ended(SECOND))),
    Cohort(33, BEFORE_2024, (_started(SECOND),)),
    # Ended at once; new ones that end in their own year stay new.
    Cohort(1, BEFORE_2024, (_ended(FIRST, "revoked"),)),
    Cohort(3, BEFORE_2024, (_ended(FIRST, "revoked"), _back(SECOND))),
    Cohort(3, BEFORE_2024, (_ended(FIRST, "bankrupt"),)),
    Cohort(1, BEFORE_2024, (_ended(SECOND, "revoked"),)),
    Cohort(1, BEFORE_2024, (_ended(SECOND, "bankrupt"),)),
    Cohort(2, FIRST, (_ended(SECOND),)),
    # Ended before the balance; most of them come back in 2025.
    Cohort(21, BEFORE_2024, (_ended(ENDED, "revoked"), _back(FIRST))),
    Cohort(61, BEFORE_2024, (_ended(ENDED, "revoked"), _back(SECOND))),
    Cohort(45, BEFORE_2024, (_ended(ENDED, "revoked"),)),
    # Capital raised and lowered.
    Cohort(130, OPENING, (_change(FIRST, +1),)),
    Cohort(15, BEFORE_2024, (_change(FIRST, -1),)),
    Cohort(89, OPENING, (_change(SECOND, +1),)),
    Cohort(6, FIRST, (_change(SECOND, +1),)),
    Cohort(9, BEFORE_2024, (_change(SECOND, -1),)),
    # Nothing happens to all the others.
    Cohort(379, FIRST),
    Cohort(218, SECOND),
)
# On the register at the balance: 5,585 = 5,228 + 396 - 60 + 21.
OPENING_ENTERPRISES: Final = 5_228

COOPERATIVES: Final = (
    Cohort(8, BEFORE_2024, (_ended(FIRST),)),
    Cohort(5, BEFORE_2024, (_ended(SECOND),)),
    Cohort(12, BEFORE_2024, (_change(FIRST, +1),)),
    Cohort(28, FIRST),
    Cohort(5, SECOND),
)
# 566 = 546 + 28 - 8, and 566 again after 5 more came and 5 went.
OPENING_COOPERATIVES: Final = 546


def births(rng: Random, cohort: Cohort) -> tuple[date, list[Fact]]:
    """Draw the registration date and the dated facts of one entity of the cohort.

    Facts stand at least 20 days apart and a suspension that is resumed lasted at most a year.
    Capital changes get their amount later.
    """
    while True:
        old = cohort.born.last <= BALANCE
        born = draw_old(rng, cohort.born) if old else draw(rng, cohort.born)
        dates = [born, *(draw(rng, step.when) for step in cohort.steps)]
        if all(a + _BETWEEN <= b for a, b in pairwise(dates)) and _lawful(cohort, dates):
            return born, [_fact(s, on) for s, on in zip(cohort.steps, dates[1:], strict=True)]


def _lawful(cohort: Cohort, dates: list[date]) -> bool:
    facts = ["", *(step.fact for step in cohort.steps)]
    return all(
        later - earlier <= _A_YEAR
        for (fact, earlier), later in zip(zip(facts, dates, strict=True), dates[1:], strict=False)
        if fact == "EntitySuspended"
    )


def _fact(step: Step, on: date) -> Fact:
    fields: dict[str, object] = {"why": step.why} if step.why else {}
    if step.sign:
        fields = {"sign": step.sign}
    return Fact(step.fact, on, fields)
