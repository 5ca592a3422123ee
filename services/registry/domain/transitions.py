"""The one table of facts: from which kinds and statuses each is allowed, and what it makes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast, get_args

from services.registry.domain.facts import Fact
from services.registry.domain.refusals import Refusal, already_registered, kind_forbids
from services.registry.domain.statuses import GONE, PRECEDENCE, graver, lighter
from shared.contracts.states import EntityState, Industry
from shared.contracts.values import (
    COLLECTIVE_KINDS,
    DEPENDENT_KINDS,
    EntityKind,
    EntityStatus,
    IndustryScheme,
)

KINDS: Final[frozenset[str]] = frozenset(get_args(EntityKind))
PARENT_KINDS: Final = KINDS - DEPENDENT_KINDS
REINSTATABLE: Final = frozenset({"dissolved", "bankrupt", "revoked", "parent_ended"})
OPEN: Final = frozenset(PRECEDENCE) - GONE


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
    """One row: a fact begins a subject (`begins`), or applies to `kinds` from `statuses`.

    From a status of `ignored` it is recorded and changes nothing. `lenient`: so it is from any
    other, too, once it stands on record and something that became known later left it there.
    """

    kinds: frozenset[str]
    statuses: frozenset[str]
    step: Step
    to: EntityStatus | None = None
    check: Check = lambda _standing, _fact: None
    begins: bool = False
    ignored: frozenset[str] = frozenset()
    lenient: bool = False

    def acts(self, status: str) -> bool:
        """Whether it has an effect from a status."""
        return not self.lenient or status in self.statuses


def register(fact: Fact) -> EntityState:
    """Return the state that a subject begins with."""
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
        registered_on=s.registered_on or fact.on,
        parent=s.parent,
    )


def _begin(_standing: Standing, fact: Fact) -> EntityState:
    return register(fact)


def _may_move_back(standing: Standing, fact: Fact) -> None:
    if standing.end is None or standing.end.why != "moved_out":
        raise already_registered(standing.code, fact.number)
    if fact.sets.kind != standing.state.kind:
        raise kind_forbids(standing.code, fact.name, standing.state)


def _changes_capital(standing: Standing, fact: Fact) -> None:
    amount = fact.sets.capital_vnd
    if amount == standing.state.capital_vnd:
        raise Refusal(
            "nothing_changed",
            f"{standing.code}: vốn đăng ký vẫn là {amount} đồng, không có gì thay đổi"
            f"{_recorded_vi(fact)}.",
            f"{standing.code}: the capital is {amount} VND already, nothing changes"
            f"{_recorded_en(fact)}",
            {"code": standing.code, "capital_vnd": amount, "entry": fact.number or None},
        )


def _recorded_vi(fact: Fact) -> str:
    return f" (sự việc số {fact.number} ngày {fact.on:%d/%m/%Y})"


def _recorded_en(fact: Fact) -> str:
    return f" (entry {fact.number} on {fact.on})"


def _set_capital(standing: Standing, fact: Fact) -> EntityState:
    return standing.state.model_copy(update={"capital_vnd": fact.sets.capital_vnd})


def _changes_details(standing: Standing, fact: Fact) -> None:
    if fact.sets.legal_form is not None and standing.state.kind != "enterprise":
        raise Refusal(
            "form_misfit",
            f"{standing.code}: chỉ doanh nghiệp mới chuyển đổi loại hình.",
            f"{standing.code}: only an enterprise is converted into another form",
            {"code": standing.code, "kind": standing.state.kind},
        )
    if _set_details(standing, fact) == standing.state:
        raise Refusal(
            "nothing_changed",
            f"{standing.code}: nội dung đăng ký vẫn như cũ, không có gì thay đổi"
            f"{_recorded_vi(fact)}.",
            f"{standing.code}: the details are so already, nothing changes{_recorded_en(fact)}",
            {"code": standing.code, "entry": fact.number or None},
        )


def _set_details(standing: Standing, fact: Fact) -> EntityState:
    s, changes = fact.sets, dict[str, object]()
    for field in ("name", "legal_form", "commune"):
        if getattr(s, field) is not None:
            changes[field] = getattr(s, field)
    if s.industry_scheme is not None and s.industry_code is not None:
        changes["industry"] = Industry(scheme=s.industry_scheme, code=s.industry_code)
    return standing.state.model_copy(update=changes)


def _may_come_back(standing: Standing, fact: Fact) -> None:
    end = standing.end
    if standing.state.status not in GONE:
        return
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


def _to(
    status: EntityStatus,
    kinds: frozenset[str],
    statuses: frozenset[str],
    check: Check = lambda _standing, _fact: None,
    ignored: frozenset[str] = frozenset(),
    *,
    lenient: bool = False,
) -> Transition:
    def step(standing: Standing, _fact: Fact) -> EntityState:
        return standing.state.model_copy(update={"status": status})

    return Transition(
        kinds, statuses, step, to=status, check=check, ignored=ignored, lenient=lenient
    )


_NONE: Final[frozenset[str]] = frozenset()
_IN_BUSINESS: Final = lighter("certificate_revoked")
_HIDES_ADDRESS: Final = graver("not_at_address")

TRANSITIONS: Final[Mapping[str, Transition]] = {
    "EnterpriseRegistered": Transition(
        frozenset({"enterprise"}), _NONE, _begin, "active", begins=True
    ),
    "CooperativeRegistered": Transition(COLLECTIVE_KINDS, _NONE, _begin, "active", begins=True),
    "BranchRegistered": Transition(DEPENDENT_KINDS, _NONE, _begin, "active", begins=True),
    "EntityMovedIn": Transition(
        PARENT_KINDS, _set("ended"), _begin, "active", _may_move_back, begins=True
    ),
    "CapitalChanged": Transition(PARENT_KINDS, _IN_BUSINESS, _set_capital, None, _changes_capital),
    "DetailsChanged": Transition(KINDS, _IN_BUSINESS, _set_details, None, _changes_details),
    "EntitySuspended": _to("suspended", KINDS, lighter("suspended")),
    "EntityResumed": _to("active", KINDS, _set("suspended")),
    "EntityNotAtAddress": _to(
        "not_at_address", KINDS, _set("active"), ignored=_HIDES_ADDRESS, lenient=True
    ),
    "EntityFoundAtAddress": _to(
        "active", KINDS, _set("not_at_address"), ignored=_HIDES_ADDRESS, lenient=True
    ),
    "CertificateRevoked": _to("certificate_revoked", KINDS, lighter("certificate_revoked")),
    "DissolutionStarted": _to("dissolving", KINDS, lighter("dissolving")),
    # A dependent unit has no estate of its own: a court opens bankruptcy over its parent.
    "BankruptcyOpened": _to("in_bankruptcy", PARENT_KINDS, lighter("in_bankruptcy")),
    "EntityDissolved.dissolved": _to("ended", KINDS, OPEN),
    "EntityDissolved.revoked": _to("ended", KINDS, OPEN),
    "EntityDissolved.bankrupt": _to("ended", PARENT_KINDS, OPEN),
    "EntityDissolved.parent_ended": _to("ended", DEPENDENT_KINDS, OPEN),
    "EntityDissolved.moved_out": _to("ended", PARENT_KINDS, _IN_BUSINESS),
    "EntityDissolved.merged": _to("reorganized", PARENT_KINDS, _IN_BUSINESS),
    "EntityDissolved.consolidated": _to("reorganized", PARENT_KINDS, _IN_BUSINESS),
    "EntityDissolved.divided": _to("reorganized", PARENT_KINDS, _IN_BUSINESS),
    "EntityReinstated": _to("active", KINDS, _set("ended", "certificate_revoked"), _may_come_back),
}
"""By the name of the fact; an end, by its name and why."""


def rule_of(fact: Fact) -> Transition:
    """Return the row of a fact."""
    key = fact.name if fact.why is None else f"{fact.name}.{fact.why}"
    return TRANSITIONS[key]
