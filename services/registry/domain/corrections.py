"""Corrections and voidings: what was recorded wrongly is as if it had been right from the first.

A correction names an event. It puts right the fact that this event recorded, or corrected: a
correction of a correction is one more correction of the same fact, of what stands after the first.
Nothing else is changed by it, but what follows from the fact: the end of a suspension by its date,
and what a parent's end or return did to its units.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from services.registry.domain.checks import Circumstances, check_fact, check_parent, moved_out_on
from services.registry.domain.commands import Correction
from services.registry.domain.decide import Register, closed
from services.registry.domain.facts import Fact, Sets
from services.registry.domain.record import Decision, amend
from services.registry.domain.refusals import FACT_VI, Refusal, nobody, parent_ended
from services.registry.domain.statuses import GONE
from services.registry.domain.subject import Subject
from shared.contracts.values import COLLECTIVE_KINDS, DEPENDENT_KINDS

_DETAILS: Final = frozenset({"on", "name", "legal_form", "commune", "industry"})
CORRECTED_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "EnterpriseRegistered": _DETAILS | {"capital_vnd"},
    "CooperativeRegistered": _DETAILS - {"legal_form"} | {"capital_vnd"},
    "BranchRegistered": _DETAILS - {"legal_form"},
    "EntityMovedIn": _DETAILS | {"capital_vnd", "registered_on"},
    "CapitalChanged": frozenset({"on", "capital_vnd"}),
    "DetailsChanged": _DETAILS,
    "EntitySuspended": frozenset({"on", "until"}),
    "EntityDissolved": frozenset({"on", "why"}),
}
"""Which fields of a fact can be put right; of others, the date."""
_OWN_ENDS: Final = frozenset({"dissolved", "bankrupt", "revoked"})
_REORGANIZED: Final = frozenset({"merged", "consolidated", "divided"})


def correct(
    register: Register, code: str, correction: Correction, world: Circumstances
) -> tuple[Decision, ...]:
    """Decide a correction: first of the subject, then of the units that followed the fact.

    Raises Refusal when it does not apply to that fact, changes nothing, or would leave a recorded
    fact (it is named) or a unit on ground on which it cannot stand: then nothing happens.
    """
    subject = _standing(register, code)
    wrong = subject.find(correction.corrects)
    if wrong is None:
        raise _no_fact(code, correction.corrects, subject)
    right = _put_right(code, subject, wrong, correction)
    _check_links(code, wrong, right)
    check_fact(code, right, world)
    decisions = amend(subject, wrong, right, correction.corrects, world.today)
    after = decisions[-1].subject
    if subject.state.kind in DEPENDENT_KINDS:
        _check_under_parent(register, subject, after)
        return decisions
    if wrong.cause is not None and _moved(wrong, right):
        for unit in register.branches(code):
            decisions += _follow(unit, wrong, right, world)
    _check_units(register, after, decisions)
    return decisions


def void(register: Register, code: str) -> tuple[Decision, ...]:
    """Decide that a registration was issued in error: all its entries are retracted.

    Raises Refusal while units stand open under it, or when it is part of a reorganization.
    """
    subject = _standing(register, code)
    if any(_reorganizes(fact) for fact in subject.facts):
        raise _part_of_reorganization(code)
    if subject.state.kind not in DEPENDENT_KINDS:
        _check_no_open_units(code, register.branches(code))
    after = Subject(code, subject.version + 1, (), ())
    return (Decision("RegistrationVoided", after, (), subject.entries, None),)


def _standing(register: Register, code: str) -> Subject:
    subject = register.get(code)
    if subject is None or subject.voided:
        raise nobody(code, None if subject is None else subject.version)
    return subject


def _put_right(code: str, subject: Subject, wrong: Fact, correction: Correction) -> Fact:
    allowed = CORRECTED_FIELDS.get(wrong.name, frozenset({"on"}))
    if subject.state.kind in COLLECTIVE_KINDS:
        allowed -= {"legal_form"}
    strange = [name for name in correction.named if name not in allowed]
    if wrong.why is not None and wrong.why not in _OWN_ENDS and "why" in correction.named:
        strange.append("why")
    if strange:
        raise _field_misfit(code, wrong, strange[0])
    if correction.withdraw:
        if wrong.number == subject.facts[0].number:
            raise _void_instead(code)
        right = msgspec.structs.replace(wrong, withdrawn=True)
    else:
        right = msgspec.structs.replace(
            wrong,
            on=correction.on or wrong.on,
            why=correction.why or wrong.why,
            sets=_overlay(wrong.sets, correction.sets),
            withdrawn=False,
        )
    if right == wrong:
        raise Refusal(
            "nothing_changed",
            f"{code}: sự việc số {wrong.number} đã như vậy, không có gì để đính chính.",
            f"{code}: fact {wrong.number} is so already, there is nothing to correct",
            {"code": code, "entry": wrong.number},
        )
    return right


def _overlay(old: Sets, new: Sets) -> Sets:
    given = {
        field: value
        for field, value in msgspec.structs.asdict(new).items()
        if value is not None and field != "elsewhere"
    }
    return msgspec.structs.replace(old, **given)


def _moved(wrong: Fact, right: Fact) -> bool:
    return (wrong.on, wrong.withdrawn) != (right.on, right.withdrawn)


def _reorganizes(fact: Fact) -> bool:
    if fact.by is not None:
        return fact.by != "first"
    return fact.why in _REORGANIZED or (fact.name == "CapitalChanged" and fact.cause is not None)


def _check_links(code: str, wrong: Fact, right: Fact) -> None:
    if wrong.ends is not None:
        raise Refusal(
            "follows_from_suspension",
            f"{code}: việc hoạt động trở lại này theo thời hạn tạm ngừng (sự việc số {wrong.ends});"
            " hãy đính chính sự việc đó.",
            f"{code}: this resumption follows from the suspension (entry {wrong.ends}); correct"
            " that one",
            {"code": code, "entry": wrong.ends},
        )
    if _reorganizes(wrong) and _moved(wrong, right):
        raise _part_of_reorganization(code)
    if wrong.cause is not None and "-" in code and not code.startswith("THT-"):
        raise Refusal(
            "follows_parent",
            f"{code}: sự việc này theo đơn vị chủ quản {code[:10]}; hãy đính chính ở đó.",
            f"{code}: this followed from the parent {code[:10]}; correct it there",
            {"code": code, "parent": code[:10]},
        )


def _follow(unit: Subject, wrong: Fact, right: Fact, world: Circumstances) -> tuple[Decision, ...]:
    theirs = next(
        (f for f in unit.recorded if f.cause == wrong.cause and f.name == wrong.name), None
    )
    if theirs is None:
        return ()
    follows = msgspec.structs.replace(theirs, on=right.on, withdrawn=right.withdrawn)
    return amend(unit, theirs, follows, theirs.number, world.today)


def _check_units(register: Register, parent: Subject, decisions: Iterable[Decision]) -> None:
    after = {decision.subject.code: decision.subject for decision in decisions}
    units = [after.get(unit.code, unit) for unit in register.branches(parent.code)]
    for unit in units:
        check_parent(unit.code, unit.facts[0], parent.code, parent)
    if closed(parent):
        _check_no_open_units(parent.code, units)


def _check_no_open_units(code: str, units: Iterable[Subject]) -> None:
    for unit in units:
        if not unit.ended:
            raise Refusal(
                "open_units",
                f"{code}: đơn vị phụ thuộc {unit.code} còn hoạt động.",
                f"{code}: its unit {unit.code} is still open",
                {"code": code, "unit": unit.code},
            )


def _check_under_parent(register: Register, before: Subject, after: Subject) -> None:
    """Pass when the unit was not registered, and is not open, where its parent was not."""
    parent_code = after.state.parent
    parent = None if parent_code is None else register.get(parent_code)
    if parent_code is None or parent is None or parent.voided:
        return
    check_parent(after.code, after.facts[0], parent_code, parent)
    for theirs in parent.facts:
        if theirs.name != "EntityDissolved" or moved_out_on(parent, theirs.on):
            continue
        was, is_ = before.state_on(theirs.on), after.state_on(theirs.on)
        was_open = was is not None and was.status not in GONE
        if is_ is not None and is_.status not in GONE and not was_open:
            raise parent_ended(after.code, parent_code)


def _no_fact(code: str, sequence: int, subject: Subject) -> Refusal:
    return Refusal(
        "no_such_fact",
        f"{code}: sự kiện số {sequence} không ghi nhận sự việc nào còn đính chính được.",
        f"{code}: event {sequence} records no fact that can be corrected",
        {"code": code, "corrects": sequence, "last": subject.version},
    )


def _field_misfit(code: str, fact: Fact, field: str) -> Refusal:
    return Refusal(
        "field_misfit",
        f"{code}: “{FACT_VI[fact.name]}” (sự việc số {fact.number}) không có nội dung “{field}” "
        "để đính chính.",
        f"{code}: {fact.name} (entry {fact.number}) has no '{field}' to correct",
        {"code": code, "fact": fact.name, "entry": fact.number, "field": field},
    )


def _void_instead(code: str) -> Refusal:
    return Refusal(
        "void_instead",
        f"{code}: không rút riêng việc đăng ký; hãy huỷ đăng ký.",
        f"{code}: a registration is not withdrawn by a correction; void it",
        {"code": code},
    )


def _part_of_reorganization(code: str) -> Refusal:
    return Refusal(
        "part_of_reorganization",
        f"{code}: sự việc thuộc một lần tổ chức lại có nhiều đối tượng; không đổi ngày, rút hay "
        "huỷ riêng một đối tượng.",
        f"{code}: this is part of a reorganization of several subjects; its date is not moved and "
        "it is not withdrawn or voided for one of them alone",
        {"code": code},
    )
