"""Suspensions that end by their date: which resumptions follow from what stands, and which not.

Such a resumption is no fact that anybody reports: it follows from its suspension (`Fact.ends`). So
it moves with it, and falls away when something that became known later ended the suspension first.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import msgspec

from services.registry.domain.facts import Fact
from services.registry.domain.subject import in_legal_order

_LEAVES_IT: Final = frozenset(
    {"CapitalChanged", "DetailsChanged", "EntityNotAtAddress", "EntityFoundAtAddress"}
)


def settle(facts: Sequence[Fact], today: date) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    """Return (standing, missing): facts with the resumptions that still follow, and those to add.

    What is missing has no number yet. A suspension whose last day is past has ended on the next
    day, unless a reported fact ended it before; a reported resumption of that day is the same one.
    """
    if not any(fact.name == "EntitySuspended" for fact in facts):
        return tuple(fact for fact in facts if fact.ends is None), ()
    known = {fact.ends: fact for fact in facts if fact.ends is not None}
    reported = in_legal_order([fact for fact in facts if fact.ends is None])
    kept: list[Fact] = []
    missing: list[Fact] = []
    for suspension in _expired(reported, today):
        on = _ends_on(suspension)
        old = known.get(suspension.number)
        if old is None:
            missing.append(Fact(0, "EntityResumed", on, ends=suspension.number))
        else:
            kept.append(old if old.on == on else msgspec.structs.replace(old, on=on))
    return (*reported, *kept), tuple(missing)


def _expired(reported: Sequence[Fact], today: date) -> list[Fact]:
    found = []
    running: Fact | None = None
    for fact in reported:
        if running is not None and _outlived(running, fact):
            found.append(running)
            running = None
        if fact.name == "EntitySuspended":
            running = fact
        elif fact.name not in _LEAVES_IT:
            running = None
    if running is not None and running.sets.until is not None and running.sets.until < today:
        found.append(running)
    return found


def _outlived(suspension: Fact, fact: Fact) -> bool:
    until = suspension.sets.until
    if until is None or fact.on <= until:
        return False
    return not (fact.name == "EntityResumed" and fact.on == _ends_on(suspension))


def _ends_on(suspension: Fact) -> date:
    assert suspension.sets.until is not None
    return suspension.sets.until + timedelta(days=1)
