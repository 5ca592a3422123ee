"""Makes the population: enterprises and co-operatives whose numbers and capitals add up.

What is published is reached by choosing the capitals last of those to whom nothing happens:
first the half-year (the plain ones of the balance), then the conference (the new ones after it).
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final, NamedTuple

from deploy.sample.capital import (
    COOPERATIVE,
    ENTERPRISE,
    RAISES,
    STEP,
    TY,
    YOUNG_COOPERATIVE,
    Scale,
    fit,
    nice,
    one,
)
from deploy.sample.cohorts import (
    BALANCE,
    CONFERENCE,
    COOPERATIVES,
    ENTERPRISES,
    FIRST,
    MIDYEAR,
    OPENING,
    OPENING_COOPERATIVES,
    OPENING_ENTERPRISES,
    SECOND,
    Cohort,
    births,
)
from deploy.sample.days import Window
from deploy.sample.entities import Entity, capital_at, count_at

# What the province publishes as "HTX" are co-operatives; unions (whether they count is a setting)
# and groups are on the register too, and come on top.
UNIONS: Final = 5
GROUPS: Final = 38
PARTNERSHIPS: Final = 7


class Targets(NamedTuple):
    """Capitals to reach, in VND. `raised_*` is how much all increases together add."""

    new_first: int
    at_midyear: int
    at_conference: int
    raised_first: int
    raised_second: int


# The first and the last of the enterprises' are published; for co-operatives the end is "over".
_ENTERPRISE_TARGETS: Final = Targets(3_229 * TY, 63_286 * TY, 68_209 * TY, 1_420 * TY, 2_880 * TY)
_COOPERATIVE_TARGETS: Final = Targets(53_600_000_000, 1_180 * TY, 0, 18 * TY, 0)
_COOPERATIVES_NEW_SECOND: Final = 2_100_000_000


def enterprises(rng: Random) -> list[Entity]:
    """Return all enterprises that were ever on the register, with capitals and dated facts."""
    made = _draft(rng, "enterprise", ENTERPRISES, OPENING_ENTERPRISES)
    targets = _ENTERPRISE_TARGETS
    _settle_first_half(rng, made, targets, ENTERPRISE)
    newest = [e for e in made if e.registered_on in SECOND]
    missing = targets.at_conference - capital_at(made, CONFERENCE)
    _give(newest, fit(rng, len(newest), missing, ENTERPRISE))
    _give_forms(rng, made)
    return made


def collectives(rng: Random) -> list[Entity]:
    """Return co-operatives, unions and groups, with capitals and dated facts."""
    made = _draft(rng, "cooperative", COOPERATIVES, OPENING_COOPERATIVES)
    _settle_first_half(rng, made, _COOPERATIVE_TARGETS, COOPERATIVE)
    newest = [e for e in made if e.registered_on in SECOND]
    _give(newest, fit(rng, len(newest), _COOPERATIVES_NEW_SECOND, YOUNG_COOPERATIVE))
    unions = _draft(rng, "cooperative_union", (), UNIONS)
    _give(unions, fit(rng, UNIONS, 12 * TY, COOPERATIVE))
    groups = _draft(rng, "cooperative_group", (), GROUPS)
    for group in groups:
        group.capital = rng.choice((1, 1, 2, 3, 5)) * STEP
    for entity in (everybody := made + unions + groups):
        entity.legal_form = entity.kind
    return everybody


def _draft(rng: Random, kind: str, cohorts: Sequence[Cohort], opening: int) -> list[Entity]:
    made: list[Entity] = []
    for cohort in cohorts:
        for _ in range(cohort.size):
            made.append(Entity(kind, *births(rng, cohort)))  # noqa: PERF401
    plain = Cohort(opening - count_at(made, BALANCE), OPENING)
    made += [Entity(kind, *births(rng, plain)) for _ in range(plain.size)]
    return made


def _settle_first_half(rng: Random, made: list[Entity], targets: Targets, scale: Scale) -> None:
    """Give capitals to all but those registered after the half-year, reaching the targets."""
    raises = RAISES if scale is ENTERPRISE else scale
    new = [e for e in made if e.registered_on in FIRST]
    plain = [e for e in made if e.is_plain and e.registered_on in OPENING]
    for entity in made:
        entity.capital = one(rng, scale) if entity.registered_on in OPENING else 0
    _give(new, fit(rng, len(new), targets.new_first, scale))
    _change_capitals(rng, made, FIRST, targets.raised_first, raises)
    _change_capitals(rng, made, SECOND, targets.raised_second, raises)
    _give(plain, [0] * len(plain))
    missing = targets.at_midyear - capital_at(made, MIDYEAR)
    _give(plain, fit(rng, len(plain), missing, scale))


def _give(entities: Sequence[Entity], capitals: Sequence[int]) -> None:
    for entity, capital in zip(entities, capitals, strict=True):
        entity.capital = capital


def _change_capitals(
    rng: Random, made: list[Entity], when: Window, raised: int, scale: Scale
) -> None:
    changing = [e for e in made if e.facts and "sign" in e.facts[-1].fields]
    changing = [e for e in changing if e.facts[-1].on in when]
    up = [e for e in changing if e.facts[-1].fields["sign"] > 0]
    for entity, delta in zip(up, fit(rng, len(up), raised, scale) if up else [], strict=True):
        if entity.registered_on <= BALANCE:
            # Nobody grows from nothing: what was there is of the size of what is added.
            entity.capital = nice(delta * rng.uniform(0.5, 2.2))
        _change(entity, entity.capital + delta)
    for entity in changing:
        if entity not in up:
            kept = nice(entity.capital * rng.uniform(0.3, 0.8))
            entity.capital = max(entity.capital, kept + STEP)
            _change(entity, kept)


def _change(entity: Entity, capital: int) -> None:
    last = entity.facts[-1]
    entity.facts[-1] = replace(last, fields={"capital_vnd": capital})


def _give_forms(rng: Random, made: list[Entity]) -> None:
    for entity in made:
        entity.legal_form = _form(rng, entity.capital)
    modest = [e for e in made if e.is_plain and e.capital <= 3 * TY]
    for entity in rng.sample(modest, PARTNERSHIPS):
        entity.legal_form = "partnership"


def _form(rng: Random, capital: int) -> str:
    forms = ("llc_one_member", "llc_multi_member", "joint_stock", "sole_proprietorship")
    if capital < 2 * TY:
        return rng.choices(forms, (60, 18, 7, 15))[0]
    if capital < 20 * TY:
        return rng.choices(forms, (58, 24, 15, 3))[0]
    return rng.choices(forms, (38, 27, 35, 0))[0]
