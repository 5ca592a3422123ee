"""Mergers, consolidations, divisions and separations: one act, several subjects, one cause."""

from collections import Counter
from typing import Final

from services.registry.domain.checks import Circumstances, check_fact
from services.registry.domain.commands import Reorganization, Successor
from services.registry.domain.decide import Register, end
from services.registry.domain.facts import Fact, Sets
from services.registry.domain.record import Decision, add, begin
from services.registry.domain.refusals import (
    Refusal,
    already_registered,
    kind_forbids,
    nobody,
    status_forbids,
)
from services.registry.domain.statuses import in_order, lighter
from services.registry.domain.subject import Subject
from shared.contracts.registry import EntityFact
from shared.contracts.reorganizations import ReorganizationKind
from shared.contracts.values import DEPENDENT_KINDS, EndedWhy, RegisteredBy

_ENDS_BY: Final[dict[ReorganizationKind, EndedWhy]] = {
    "merger": "merged",
    "consolidation": "consolidated",
    "division": "divided",
}
_NEW_BY: Final[dict[ReorganizationKind, RegisteredBy]] = {
    "consolidation": "consolidation",
    "division": "division",
    "separation": "separation",
}
_FORMS: Final[dict[ReorganizationKind, tuple[str, str]]] = {
    "merger": (
        "sáp nhập: từ hai đối tượng trở lên vào một trong số đó",
        "a merger: two or more predecessors, and one of them is the only successor",
    ),
    "consolidation": (
        "hợp nhất: từ hai đối tượng trở lên thành một đối tượng mới",
        "a consolidation: two or more predecessors, and one new successor",
    ),
    "division": (
        "chia: một đối tượng thành từ hai đối tượng mới trở lên",
        "a division: one predecessor, and two or more new successors",
    ),
    "separation": (
        "tách: một đối tượng tiếp tục tồn tại và ít nhất một đối tượng mới",
        "a separation: one predecessor that is a successor too, and one or more new ones",
    ),
}
_IN_BUSINESS: Final = lighter("certificate_revoked")


def reorganize(
    register: Register, act: Reorganization, world: Circumstances, cause: str
) -> tuple[Decision, ...]:
    """Decide a reorganization: who ends, with its units; who lives on; who is new; one `cause`.

    Raises Refusal when it is none of its kind, or anything in it is not allowed: then nothing
    happens.
    """
    _check_form(act)
    living = {one.code: one for one in act.successors if one.sets is None}
    decisions: tuple[Decision, ...] = ()
    kinds: set[str] = set()
    for code in act.predecessors:
        subject = _predecessor(register, code)
        kinds.add(subject.state.kind)
        if code in living:
            decisions += _live_on(subject, living[code], act, world, cause)
        else:
            fact = Fact(0, "EntityDissolved", act.on, why=_ENDS_BY[act.kind], cause=cause)
            check_fact(code, fact, world)
            decisions += end(register, subject, fact, world)
    for one in act.successors:
        if one.sets is not None:
            kinds.add(str(one.sets.kind))
            decisions += (_begin(register, one, one.sets, act, world, cause),)
    if len(kinds) > 1:
        raise _misfit(act, "không cùng loại đối tượng", "they are not of one kind")
    return decisions


def _check_form(act: Reorganization) -> None:
    known = set(act.predecessors)
    named = Counter((*act.predecessors, *(one.code for one in act.successors if one.sets)))
    living = [one.code for one in act.successors if one.sets is None]
    new = [one.code for one in act.successors if one.sets is not None]
    fits = {
        "merger": len(known) >= 2 and len(living) == 1 and not new,
        "consolidation": len(known) >= 2 and not living and len(new) == 1,
        "division": len(known) == 1 and not living and len(new) >= 2,
        "separation": len(known) == 1 and len(living) == 1 and len(new) >= 1,
    }[act.kind]
    if not fits or not set(living) <= known or named.most_common(1)[0][1] > 1:
        raise _misfit(act, *_FORMS[act.kind])


def _predecessor(register: Register, code: str) -> Subject:
    subject = register.get(code)
    if subject is None or subject.voided:
        raise nobody(code, None if subject is None else subject.version)
    if subject.state.kind in DEPENDENT_KINDS:
        raise kind_forbids(code, "EntityDissolved", subject.state)
    return subject


def _live_on(
    subject: Subject, successor: Successor, act: Reorganization, world: Circumstances, cause: str
) -> tuple[Decision, ...]:
    then = subject.state_on(act.on)
    capital = successor.capital_vnd
    if capital is not None and (then is None or capital != then.capital_vnd):
        fact = Fact(0, "CapitalChanged", act.on, cause=cause, sets=Sets(capital_vnd=capital))
        check_fact(subject.code, fact, world)
        return add(subject, fact, world.today)
    # Nothing of it changes; but it must be there to go on.
    if then is None:
        raise _misfit(act, f"{subject.code} chưa đăng ký", f"{subject.code} is not there yet")
    if then.status not in _IN_BUSINESS:
        allowed = in_order(_IN_BUSINESS)
        raise status_forbids(subject.code, "CapitalChanged", act.on, 0, then, allowed)
    return ()


def _begin(
    register: Register,
    one: Successor,
    sets: Sets,
    act: Reorganization,
    world: Circumstances,
    cause: str,
) -> Decision:
    known = register.get(one.code)
    if known is not None and not known.voided:
        raise already_registered(one.code, known.version)
    name: EntityFact = (
        "EnterpriseRegistered" if sets.kind == "enterprise" else "CooperativeRegistered"
    )
    fact = Fact(0, name, act.on, by=_NEW_BY[act.kind], cause=cause, sets=sets)
    check_fact(one.code, fact, world)
    return begin(one.code, fact, 0 if known is None else known.version)


def _misfit(act: Reorganization, vi: str, en: str) -> Refusal:
    return Refusal(
        "reorganization_misfit",
        f"Tổ chức lại không hợp lệ: {vi}.",
        f"The reorganization does not fit: {en}",
        {"kind": act.kind},
    )
