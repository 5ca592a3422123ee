"""The standing facts of a subject, and reading them out of what a door received."""

from datetime import date
from typing import Final, get_args

import msgspec

from shared.contracts.intake import (
    BranchRegisteredIn,
    CapitalChangedIn,
    CooperativeRegisteredIn,
    EnterpriseRegisteredIn,
    EntityDissolvedIn,
    EntitySuspendedIn,
    IntakeFact,
)
from shared.contracts.registry import EntityFact
from shared.contracts.values import (
    EndedWhy,
    EntityKind,
    IndustryScheme,
    LegalForm,
    RegisteredBy,
)

FACT_NAMES: Final[tuple[EntityFact, ...]] = get_args(EntityFact)


class Sets(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a fact sets; None leaves alone. `capital_vnd` in VND, `until` a legal date."""

    kind: EntityKind | None = None
    legal_form: LegalForm | None = None
    name: str | None = None
    capital_vnd: int | None = None
    commune: str | None = None
    industry_scheme: IndustryScheme | None = None
    industry_code: str | None = None
    parent: str | None = None
    until: date | None = None


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened to a subject on a legal date.

    `number` is the sequence of the event that recorded it (0: not recorded yet); a fact keeps it
    for ever, so that (on, number) is a stable order. `cause` is the id of an act over several
    subjects: by it a reinstatement finds the branches that ended with their parent.
    """

    number: int
    name: EntityFact
    on: date
    by: RegisteredBy | None = None
    why: EndedWhy | None = None
    cause: str | None = None
    sets: Sets = Sets()

    @property
    def place(self) -> tuple[date, int]:
        """The place in legal order."""
        return (self.on, self.number)


def fact_of(reported: IntakeFact) -> Fact:
    """Return the fact that a door was told of, without a number yet."""
    name: EntityFact = reported.fact  # type: ignore[attr-defined]
    match reported:
        case EnterpriseRegisteredIn() | CooperativeRegisteredIn() | BranchRegisteredIn():
            return Fact(0, name, reported.on, by="first", sets=_first(reported))
        case CapitalChangedIn():
            return Fact(0, name, reported.on, sets=Sets(capital_vnd=reported.capital_vnd))
        case EntitySuspendedIn():
            return Fact(0, name, reported.on, sets=Sets(until=reported.until))
        case EntityDissolvedIn():
            return Fact(0, name, reported.on, why=reported.why)
        case _:
            return Fact(0, name, reported.on)


def _first(
    reported: EnterpriseRegisteredIn | CooperativeRegisteredIn | BranchRegisteredIn,
) -> Sets:
    industry = reported.industry
    common = Sets(
        name=reported.name,
        commune=reported.commune,
        industry_scheme=industry.scheme,
        industry_code=industry.code,
    )
    match reported:
        case EnterpriseRegisteredIn():
            return msgspec.structs.replace(
                common,
                kind="enterprise",
                legal_form=reported.legal_form,
                capital_vnd=reported.capital_vnd,
            )
        case CooperativeRegisteredIn():
            return msgspec.structs.replace(
                common,
                kind=reported.kind,
                legal_form=reported.kind,
                capital_vnd=reported.capital_vnd,
            )
        case BranchRegisteredIn():
            return msgspec.structs.replace(common, kind=reported.kind, parent=reported.parent)


_facts = msgspec.json.Decoder(tuple[Fact, ...])


def facts_to_json(facts: tuple[Fact, ...]) -> str:
    """Write standing facts as the store keeps them."""
    return msgspec.json.encode(facts).decode()


def facts_from_json(text: str | bytes) -> tuple[Fact, ...]:
    """Read standing facts. Raises msgspec.ValidationError when they are not ours."""
    return _facts.decode(text)
