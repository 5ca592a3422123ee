"""The whole sample as intake records in sending order: the balance first, then day by day."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Final

from deploy.sample.codes import codes
from deploy.sample.cohorts import BALANCE
from deploy.sample.dependents import dependents
from deploy.sample.entities import Entity, Fact
from deploy.sample.names import Namer, dependent_name
from deploy.sample.places import (
    COOPERATIVE_TRADES,
    ENTERPRISE_TRADES,
    LARGE_FROM,
    LARGE_TRADES,
    PARTNERSHIP_TRADES,
    Place,
    Trade,
    places,
)
from deploy.sample.population import collectives, enterprises
from deploy.sample.records import REFERENCE_PREFIX, Record

SEED: Final = 20250912
HEADS, UNITS, REST, LIVE = range(4)
"""Waves: heads of the balance, their dependent units, what else happened before it, 2025."""


def records() -> list[Record]:
    """Make the sample: the same records in the same order at every call, about 9,000."""
    population = make_population(Random(SEED))
    drafts = [draft for entity in population for draft in _facts_of(entity)]
    # Within a day by code; the facts of one entity never share a day.
    drafts.sort(key=lambda d: (_wave(*d), d[1].on, d[0].code))
    numbers: Counter[str] = Counter()
    return [_record(entity, fact, numbers) for entity, fact in drafts]


def make_population(rng: Random) -> list[Entity]:
    """Make all entities with codes, names, communes and industries."""
    heads = enterprises(rng) + collectives(rng)
    heads.sort(key=lambda e: e.registered_on)
    communes = places()
    namer = Namer(rng)
    for entity, code in zip(heads, codes(rng), strict=False):
        entity.code = code
        _settle(rng, entity, communes, namer)
    units = dependents(rng, [e for e in heads if e.kind == "enterprise"])
    for unit in units:
        _settle_unit(rng, unit, communes)
    return heads + units


def _settle(rng: Random, entity: Entity, communes: Sequence[Place], namer: Namer) -> None:
    enterprise = entity.kind == "enterprise"
    weights = [p.enterprises if enterprise else p.cooperatives for p in communes]
    entity.commune = rng.choices(communes, weights)[0].code
    trade = _trade(rng, entity)
    entity.industry = trade.code
    entity.name = namer.give(entity.legal_form, trade.words)


def _trade(rng: Random, entity: Entity) -> Trade:
    trades = ENTERPRISE_TRADES if entity.kind == "enterprise" else COOPERATIVE_TRADES
    if entity.legal_form == "partnership":
        trades = PARTNERSHIP_TRADES
    elif entity.kind == "enterprise" and entity.capital > LARGE_FROM:
        trades = LARGE_TRADES
    return rng.choices(trades, [trade.weight for trade in trades])[0]


def _settle_unit(rng: Random, unit: Entity, communes: Sequence[Place]) -> None:
    place = rng.choices(communes, [p.enterprises for p in communes])[0]
    parent = unit.parent
    if parent is None:
        raise ValueError(f"{unit.code} has no parent")
    unit.commune, unit.industry = place.code, parent.industry
    unit.name = dependent_name(unit.kind, parent.name, int(unit.code[-3:]), place.name)


def _facts_of(entity: Entity) -> Iterator[tuple[Entity, Fact]]:
    yield entity, Fact(_REGISTRATION.get(entity.kind, "BranchRegistered"), entity.registered_on)
    for fact in entity.facts:
        yield entity, fact


_REGISTRATION: Final = {
    "enterprise": "EnterpriseRegistered",
    "cooperative": "CooperativeRegistered",
    "cooperative_union": "CooperativeRegistered",
    "cooperative_group": "CooperativeRegistered",
}


def _wave(entity: Entity, fact: Fact) -> int:
    if fact.on > BALANCE:
        return LIVE
    if not fact.name.endswith("Registered"):
        return REST
    return UNITS if entity.parent else HEADS


def _record(entity: Entity, fact: Fact, numbers: Counter[str]) -> Record:
    wave = _wave(entity, fact)
    book = str(fact.on.year) if wave == LIVE else "SODU"
    numbers[book] += 1
    registration = fact.name.endswith("Registered")
    return Record(
        fact=fact.name,
        code=entity.code,
        on=fact.on,
        origin="live" if wave == LIVE else "backfill",
        reference=f"{REFERENCE_PREFIX}{book}-{numbers[book]:06d}",
        wave=wave,
        fields=_registration(entity) if registration else fact.fields,
    )


def _registration(entity: Entity) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": entity.name,
        "commune": entity.commune,
        "industry": {"scheme": "vsic2018", "code": entity.industry},
    }
    if entity.parent:
        return {"kind": entity.kind, "parent": entity.parent.code, **fields}
    form = {"legal_form": entity.legal_form}
    own = form if entity.kind == "enterprise" else {"kind": entity.kind}
    return {**own, **fields, "capital_vnd": entity.capital}
