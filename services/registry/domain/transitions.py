"""The one table of facts: from which kinds and statuses each is allowed, and what it makes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast, get_args

from services.registry.domain.facts import Fact
from services.registry.domain.refusals import Refusal, kind_forbids
from shared.contracts.registry import EntityFact
from shared.contracts.states import EntityState, Industry
from shared.contracts.values import (
    COLLECTIVE_KINDS,
    DEPENDENT_KINDS,
    EntityKind,
    EntityStatus,
    IndustryScheme,
)

STATUSES: Final[frozenset[str]] = frozenset(get_args(EntityStatus))
KINDS: Final[frozenset[str]] = frozenset(get_args(EntityKind))
PARENT_KINDS: Final = KINDS - DEPENDENT_KINDS
REINSTATABLE: Final = frozenset({"dissolved", "bankrupt", "revoked", "parent_ended"})


@dataclass(frozen=True)
class Standing:
    """Where a replay stands: the subject's code, its state, and the fact by which it ended."""

    code: str
    state: EntityState
    end: Fact | None


Check = Callable[[Standing, Fact], None]
"""Passes, or raises Refusal when a fact does not fit what stands, beyond kind and status."""
Step = Callable[[Standing, Fact], EntityState]
"""The state after a fact that was checked, once: what is recorded is not judged again."""


@dataclass(frozen=True)
class Transition:
    """One row: a fact begins a subject (`begins`), or applies to `kinds` from `statuses`."""

    kinds: frozenset[str]
    statuses: frozenset[str]
    step: Step
    check: Check = lambda _standing, _fact: None
    begins: bool = False


def register(fact: Fact) -> EntityState:
    """Return the state that a registration begins with."""
    s = fact.sets
    assert s.kind is not None
    assert s.name is not None
    assert s.commune is not None
    return EntityState(
        kind=s.kind,
        legal_form=s.legal_form,
        name=s.name,
        status="active",
        capital_vnd=s.capital_vnd,
        commune=s.commune,
        industry=Industry(
            scheme=cast("IndustryScheme", s.industry_scheme), code=cast("str", s.industry_code)
        ),
        registered_on=fact.on,
        parent=s.parent,
    )


def _begin(_standing: Standing, _fact: Fact) -> EntityState:
    raise AssertionError("a registration has nothing before it")


def _to(status: EntityStatus) -> Step:
    def step(standing: Standing, _fact: Fact) -> EntityState:
        return standing.state.model_copy(update={"status": status})

    return step


def _changes_capital(standing: Standing, fact: Fact) -> None:
    amount = fact.sets.capital_vnd
    if amount == standing.state.capital_vnd:
        raise Refusal(
            "nothing_changed",
            f"{standing.code}: vốn đăng ký vẫn là {amount} đồng, không có gì thay đổi.",
            f"{standing.code}: the capital is {amount} VND already, nothing changes",
            {"code": standing.code, "capital_vnd": amount, "entry": fact.number or None},
        )


def _set_capital(standing: Standing, fact: Fact) -> EntityState:
    return standing.state.model_copy(update={"capital_vnd": fact.sets.capital_vnd})


def _may_end_so(standing: Standing, fact: Fact) -> None:
    # A dependent unit has no estate of its own: a court opens bankruptcy over its parent.
    if fact.why == "bankrupt" and standing.state.kind in DEPENDENT_KINDS:
        raise kind_forbids(standing.code, fact.name, standing.state)


def _may_come_back(standing: Standing, fact: Fact) -> None:
    end = standing.end
    assert end is not None
    if end.why not in REINSTATABLE:
        raise Refusal(
            "not_reinstatable",
            f"{standing.code} chấm dứt vì lý do không thể khôi phục.",
            f"{standing.code} ended because it was {end.why}; that cannot be reinstated",
            {"code": standing.code, "why": end.why},
        )
    # What ended with its parent comes back with its parent, under the id of that act.
    if end.why == "parent_ended" and fact.cause is None:
        raise Refusal(
            "ended_with_parent",
            f"{standing.code} chấm dứt theo đơn vị chủ quản, chỉ khôi phục cùng đơn vị chủ quản.",
            f"{standing.code} ended with its parent and comes back only together with it",
            {"code": standing.code, "parent": standing.state.parent},
        )


def _set(*statuses: EntityStatus) -> frozenset[str]:
    return frozenset(statuses)


_NONE: Final[frozenset[str]] = frozenset()

TRANSITIONS: Final[Mapping[EntityFact, Transition]] = {
    "EnterpriseRegistered": Transition(frozenset({"enterprise"}), _NONE, _begin, begins=True),
    "CooperativeRegistered": Transition(COLLECTIVE_KINDS, _NONE, _begin, begins=True),
    "BranchRegistered": Transition(DEPENDENT_KINDS, _NONE, _begin, begins=True),
    "CapitalChanged": Transition(
        PARENT_KINDS, _set("active", "suspended", "not_at_address"), _set_capital, _changes_capital
    ),
    "EntitySuspended": Transition(KINDS, _set("active", "not_at_address"), _to("suspended")),
    "EntityResumed": Transition(KINDS, _set("suspended"), _to("active")),
    "DissolutionStarted": Transition(
        KINDS,
        _set("active", "suspended", "not_at_address", "certificate_revoked"),
        _to("dissolving"),
    ),
    "EntityDissolved": Transition(
        KINDS,
        _set(
            "active",
            "suspended",
            "not_at_address",
            "certificate_revoked",
            "dissolving",
            "in_bankruptcy",
        ),
        _to("ended"),
        _may_end_so,
    ),
    "EntityReinstated": Transition(KINDS, _set("ended"), _to("active"), _may_come_back),
}
