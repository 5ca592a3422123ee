"""Branches, representative offices and business locations of the sample's enterprises.

A dependent unit ends with its parent and comes back with it, by the registry itself: nothing is
sent for that. So that no answer depends on the order of arrival across keys, a parent that ends
has its units from the balance, and only parents to whom nothing happens get units in 2025.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Final

from deploy.sample.codes import dependent_code
from deploy.sample.cohorts import BALANCE, FIRST, MIDYEAR, OPENING, SECOND
from deploy.sample.days import Window, draw, draw_old
from deploy.sample.entities import Entity, Fact, count_at

COUNTED: Final = ("branch", "representative_office")
BRANCHES_AT_MIDYEAR: Final = 840
_NEW: Final = {FIRST: (31, 19), SECOND: (27, 14)}
"""Counted units and business locations registered in each span."""
_CLOSED: Final = {FIRST: 4, SECOND: 3}
_LOCATIONS_OF_BALANCE: Final = 262
_FATES: Final = ((FIRST, "EntityDissolved", 5), (SECOND, "EntityDissolved", 3))
_RETURNS: Final = 6


def dependents(rng: Random, enterprises: Sequence[Entity]) -> list[Entity]:
    """Return the dependent units: exactly 840 that count at the half-year, more after it."""
    made = [
        _unit(rng, parent, OPENING, _counted_kind(rng))
        for parent in _parents_with_a_fate(rng, enterprises)
        for _ in range(rng.randint(1, 2))
    ]
    steady = [e for e in enterprises if e.is_plain and e.registered_on < BALANCE.replace(month=7)]
    # A larger enterprise has more of them.
    weights = [e.capital**0.5 for e in steady]
    for span, (counted, locations) in _NEW.items():
        parents = rng.choices(steady, weights, k=counted + locations)
        made += [_unit(rng, p, span, _counted_kind(rng)) for p in parents[:counted]]
        made += [_unit(rng, p, span, "business_location") for p in parents[counted:]]
    parents = rng.choices(steady, weights, k=_LOCATIONS_OF_BALANCE)
    made += [_unit(rng, p, OPENING, "business_location") for p in parents]
    count = BRANCHES_AT_MIDYEAR - count_at(counted_of(made), MIDYEAR)
    parents = rng.choices(steady, weights, k=count + _CLOSED[FIRST])
    of_balance = [_unit(rng, p, OPENING, _counted_kind(rng)) for p in parents]
    _close(rng, of_balance)
    return _numbered(made + of_balance)


def counted_of(units: Sequence[Entity]) -> list[Entity]:
    """Return those that the figure `branches` counts."""
    return [unit for unit in units if unit.kind in COUNTED]


def _parents_with_a_fate(rng: Random, enterprises: Sequence[Entity]) -> list[Entity]:
    old = [e for e in enterprises if e.facts and e.registered_on <= BALANCE]
    chosen: list[Entity] = []
    for span, fact, count in _FATES:
        chosen += rng.sample([e for e in old if _last(e, fact) and e.facts[-1].on in span], count)
    back = [e for e in old if _last(e, "EntityReinstated") and e.facts[0].on <= BALANCE]
    return chosen + rng.sample(back, _RETURNS)


def _last(entity: Entity, fact: str) -> bool:
    return entity.facts[-1].name == fact


def _counted_kind(rng: Random) -> str:
    return rng.choices(COUNTED, (78, 22))[0]


def _unit(rng: Random, parent: Entity, span: Window, kind: str) -> Entity:
    return Entity(kind, _date(rng, parent, span), parent=parent)


def _date(rng: Random, parent: Entity, span: Window) -> date:
    first = max(span.first, parent.registered_on)
    if span is not OPENING:
        return draw(rng, Window(first, span.last))
    ends = [f.on for f in parent.facts]
    # Before anything happened to the parent.
    return draw_old(rng, Window(first, min([span.last, *ends])))


def _close(rng: Random, of_balance: list[Entity]) -> None:
    wanted = [span for span, count in _CLOSED.items() for _ in range(count)]
    for unit, span in zip(rng.sample(of_balance, len(wanted)), wanted, strict=True):
        unit.facts.append(Fact("EntityDissolved", draw(rng, span), {"why": "dissolved"}))


def _numbered(units: list[Entity]) -> list[Entity]:
    # 001, 002 ... under each parent in the order of registration.
    units.sort(key=lambda u: (u.registered_on, u.parent.code if u.parent else ""))
    given: Counter[str] = Counter()
    for unit in units:
        if unit.parent:
            given[unit.parent.code] += 1
            unit.code = dependent_code(unit.parent.code, given[unit.parent.code])
    return units
