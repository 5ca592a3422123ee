"""Deciding: what is asked of the register, with all that follows from it, gives events."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from services.registry.domain.checks import Circumstances, check_fact, check_parent
from services.registry.domain.facts import Fact
from services.registry.domain.record import Decision, add, begin
from services.registry.domain.refusals import already_registered, nobody, parent_ended
from services.registry.domain.subject import Subject
from services.registry.domain.transitions import TRANSITIONS
from shared.contracts.values import DEPENDENT_KINDS, EndedWhy


class Register(Protocol):
    """What is on the register, as far as a decision can need it."""

    def get(self, code: str) -> Subject | None:
        """The subject of a code, also a voided one; None when it was never registered."""
        ...

    def branches(self, code: str) -> Sequence[Subject]:
        """The dependent units of a parent, open and ended, in order of their codes."""
        ...


def happen(
    register: Register, code: str, fact: Fact, world: Circumstances, cause: str
) -> tuple[Decision, ...]:
    """Decide everything that one reported fact brings about: first the subject, then its branches.

    `cause` is a fresh id that binds the events of a parent's end or reinstatement together.
    Raises Refusal when any of them is not allowed: then nothing happens.
    """
    check_fact(code, fact, world)
    subject = register.get(code)
    if subject is None or subject.voided:
        return _begin(register, code, fact, world, subject)
    if TRANSITIONS.get(fact.name, _OTHER).begins and not _may_come_again(subject, fact):
        raise already_registered(code, subject.version)
    if subject.state.kind in DEPENDENT_KINDS:
        return _change_dependent(register, subject, fact, world)
    if fact.name == "EntityDissolved" and fact.why != "moved_out":
        return end(register, subject, msgspec.structs.replace(fact, cause=cause), world)
    if fact.name == "EntityReinstated":
        return _reinstate(register, subject, msgspec.structs.replace(fact, cause=cause), world)
    return add(subject, fact, world.today)


_OTHER = TRANSITIONS["EntityDissolved.dissolved"]


def _may_come_again(subject: Subject, fact: Fact) -> bool:
    # Whether it had moved out by then is the replay's to say.
    moved_out = any(f.why == "moved_out" for f in subject.facts)
    return fact.name == "EntityMovedIn" and moved_out


def _begin(
    register: Register, code: str, fact: Fact, world: Circumstances, voided: Subject | None
) -> tuple[Decision, ...]:
    if not TRANSITIONS.get(fact.name, _OTHER).begins:
        raise nobody(code, None if voided is None else voided.version)
    first = begin(code, fact, 0 if voided is None else voided.version)
    parent_code = fact.sets.parent
    if parent_code is None:
        return (first,)
    parent = register.get(parent_code)
    check_parent(code, fact, parent_code, parent)
    if parent is None or parent.voided:
        return (first,)
    # A unit that is reported after its parent has ended already: what the parent's end (and
    # return) since then would have done to it is done now, so that the order in which the two
    # were reported makes no difference.
    decisions, follows = [first], False
    for theirs in parent.facts:
        if theirs.on <= fact.on:
            continue
        if theirs.name == "EntityDissolved" and theirs.why != "moved_out":
            follows = True
        elif not (theirs.name == "EntityReinstated" and follows):
            continue
        decisions += add(decisions[-1].subject, with_parent(theirs), world.today)
        follows = theirs.name == "EntityDissolved"
    return tuple(decisions)


def _change_dependent(
    register: Register, subject: Subject, fact: Fact, world: Circumstances
) -> tuple[Decision, ...]:
    if fact.name == "EntityDissolved":
        # Its own end, reported late, comes before the end that it shared with its parent: what
        # followed from the parent no longer does.
        own = [f for f in subject.facts if f.on <= fact.on or f.cause is None]
        if len(own) < len(subject.facts):
            return add(subject, fact, world.today, own)
    decisions = add(subject, fact, world.today)
    parent_code = subject.state.parent
    if fact.name == "EntityReinstated" and parent_code is not None:
        parent = register.get(parent_code)
        if parent is not None and closed(parent) and not decisions[-1].subject.ended:
            raise parent_ended(subject.code, parent_code)
    return decisions


def end(
    register: Register, subject: Subject, fact: Fact, world: Circumstances
) -> tuple[Decision, ...]:
    """End a subject by a fact that has its cause, and its open units with it."""
    own = add(subject, fact, world.today)
    return own + tuple(
        decision
        for branch in register.branches(subject.code)
        if not branch.ended
        for decision in add(branch, with_parent(fact), world.today)
    )


def _reinstate(
    register: Register, subject: Subject, fact: Fact, world: Circumstances
) -> tuple[Decision, ...]:
    own = add(subject, fact, world.today)
    last = subject.end
    if last is None or last.on > fact.on:
        return own
    return own + tuple(
        decision
        for branch in register.branches(subject.code)
        if _ended_by(branch, last)
        for decision in add(branch, with_parent(fact), world.today)
    )


def closed(parent: Subject) -> bool:
    """Whether no unit can stand open under it: it has ended, other than by moving out."""
    if parent.voided:
        return True
    last = parent.end
    return last is not None and last.why != "moved_out"


def with_parent(fact: Fact) -> Fact:
    """Return what a parent's end or return is for its dependent units."""
    why: EndedWhy | None = "parent_ended" if fact.name == "EntityDissolved" else None
    return msgspec.structs.replace(fact, number=0, by=None, why=why, corrections=())


def _ended_by(branch: Subject, last: Fact) -> bool:
    own = branch.end
    return own is not None and own.why == "parent_ended" and own.cause == last.cause
