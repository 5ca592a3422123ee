"""What can be asked of the register: a fact, a correction, a voiding, a reorganization."""

from dataclasses import dataclass
from datetime import date

import msgspec

from services.registry.domain.facts import Fact, Sets
from shared.contracts.intake import (
    BranchRegisteredIn,
    CapitalChangedIn,
    CooperativeRegisteredIn,
    DetailsChangedIn,
    EnterpriseRegisteredIn,
    EntityDissolvedIn,
    EntityMovedInIn,
    EntityMovedOutIn,
    EntitySuspendedIn,
    IntakeFact,
    RegistrationCorrectedIn,
    RegistrationVoidedIn,
)
from shared.contracts.registry import EntityFact
from shared.contracts.reorganizations import ReorganizationIn, ReorganizationKind, SuccessorIn
from shared.contracts.states import Industry
from shared.contracts.values import EndedWhy


@dataclass(frozen=True)
class Correction:
    """Put right the fact that event `corrects` recorded or corrected; None leaves a part alone.

    `named` are the fields that it puts right; `withdraw` says that the fact never happened.
    """

    corrects: int
    on: date | None
    why: EndedWhy | None
    sets: Sets
    named: tuple[str, ...]
    withdraw: bool = False
    name = "RegistrationCorrected"


@dataclass(frozen=True)
class Voiding:
    """The registration was issued in error."""

    name = "RegistrationVoided"


@dataclass(frozen=True)
class Successor:
    """Who comes out: `sets` is of a new one; whoever lives on has at most another capital."""

    code: str
    sets: Sets | None
    capital_vnd: int | None


@dataclass(frozen=True)
class Reorganization:
    """One act over several subjects on one date: who goes in (`predecessors`), who comes out."""

    kind: ReorganizationKind
    on: date
    predecessors: tuple[str, ...]
    successors: tuple[Successor, ...]
    name = "Reorganization"

    @property
    def codes(self) -> tuple[str, ...]:
        """Everybody it names, once."""
        named = (*self.predecessors, *(one.code for one in self.successors))
        return tuple(dict.fromkeys(named))


Command = Fact | Correction | Voiding | Reorganization


def fact_of(reported: IntakeFact) -> Fact | Correction | Voiding:
    """Return what a door was told, as the rules take it; facts have no number yet."""
    match reported:
        case RegistrationCorrectedIn():
            return _correction(reported)
        case RegistrationVoidedIn():
            return Voiding()
        case EntityMovedOutIn():
            return Fact(0, "EntityDissolved", reported.on, why="moved_out")
    name: EntityFact = reported.fact  # type: ignore[attr-defined]
    first = isinstance(
        reported, EnterpriseRegisteredIn | CooperativeRegisteredIn | BranchRegisteredIn
    )
    return Fact(
        0,
        name,
        reported.on,
        by="first" if first else None,
        why=reported.why if isinstance(reported, EntityDissolvedIn) else None,
        sets=_sets(reported),
    )


def _sets(reported: IntakeFact) -> Sets:
    sets = Sets()
    match reported:
        case EnterpriseRegisteredIn() | CooperativeRegisteredIn() | BranchRegisteredIn():
            sets = _first(reported)
        case EntityMovedInIn():
            sets = _moved_in(reported)
        case DetailsChangedIn():
            sets = _details(reported)
        case CapitalChangedIn():
            sets = Sets(capital_vnd=reported.capital_vnd)
        case EntitySuspendedIn():
            sets = Sets(until=reported.until)
    return sets


def reorganization_of(reported: ReorganizationIn) -> Reorganization:
    """Return a reported reorganization, as the rules take it."""
    return Reorganization(
        reported.kind,
        reported.on,
        reported.predecessors,
        tuple(
            Successor(one.code, _successor(one) if one.is_new else None, one.capital_vnd)
            for one in reported.successors
        ),
    )


def _successor(reported: SuccessorIn) -> Sets:
    assert reported.name is not None
    assert reported.commune is not None
    assert reported.industry is not None
    kind = reported.kind or "enterprise"
    return msgspec.structs.replace(
        _common(reported.name, reported.commune, reported.industry),
        kind=kind,
        legal_form=reported.legal_form if kind == "enterprise" else kind,
        capital_vnd=reported.capital_vnd,
    )


def _common(name: str, commune: str, industry: Industry) -> Sets:
    return Sets(
        name=name,
        commune=commune,
        industry_scheme=industry.scheme,
        industry_code=industry.code,
    )


def _first(
    reported: EnterpriseRegisteredIn | CooperativeRegisteredIn | BranchRegisteredIn,
) -> Sets:
    common = _common(reported.name, reported.commune, reported.industry)
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
            return msgspec.structs.replace(
                common,
                kind=reported.kind,
                parent=reported.parent,
                elsewhere=reported.parent_seat == "elsewhere",
            )


def _moved_in(reported: EntityMovedInIn) -> Sets:
    kind = reported.kind
    return msgspec.structs.replace(
        _common(reported.name, reported.commune, reported.industry),
        kind=kind,
        legal_form=reported.legal_form if kind == "enterprise" else kind,
        capital_vnd=reported.capital_vnd,
        registered_on=reported.registered_on,
    )


def _details(reported: DetailsChangedIn | RegistrationCorrectedIn) -> Sets:
    industry = reported.industry
    return Sets(
        name=reported.name,
        legal_form=reported.legal_form,
        commune=reported.commune,
        industry_scheme=None if industry is None else industry.scheme,
        industry_code=None if industry is None else industry.code,
    )


def _correction(reported: RegistrationCorrectedIn) -> Correction:
    sets = msgspec.structs.replace(
        _details(reported),
        capital_vnd=reported.capital_vnd,
        until=reported.until,
        registered_on=reported.registered_on,
    )
    return Correction(
        corrects=reported.corrects,
        on=reported.on,
        why=reported.why,
        sets=sets,
        named=reported.named,
        withdraw=reported.withdraw,
    )
