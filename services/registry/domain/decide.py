"""Deciding: a new fact of one subject, or an act that reaches its branches, gives events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from services.registry.domain.checks import Circumstances, check_fact, check_parent
from services.registry.domain.facts import Fact
from services.registry.domain.refusals import already_registered, parent_ended, unknown_entity
from services.registry.domain.subject import Subject, amend, difference, replay
from services.registry.domain.transitions import TRANSITIONS
from shared.contracts.catalogue import event_type
from shared.contracts.envelope import Source
from shared.contracts.registry import REGISTRY_EVENTS, EntityEntry, EntityFact, RegistryEvent
from shared.contracts.values import DEPENDENT_KINDS, EndedWhy, Origin

_MODEL_OF = {model.__name__: model for model in REGISTRY_EVENTS}


class Register(Protocol):
    """What is on the register, as far as a decision can need it."""

    def get(self, code: str) -> Subject | None:
        """The subject of a code, None when it is not registered."""
        ...

    def branches(self, code: str) -> Sequence[Subject]:
        """The dependent units of a parent, open and ended, in order of their codes."""
        ...


@dataclass(frozen=True)
class Decision:
    """What one new fact does to one subject: the subject after it, and its event's entries."""

    name: EntityFact
    subject: Subject
    asserts: tuple[EntityEntry, ...]
    retracts: tuple[EntityEntry, ...]
    cause: str | None

    @property
    def type(self) -> str:
        """The `ce_type` of its event."""
        return event_type(self.name)

    def event(self, source: Source, origin: Origin, reason: str | None) -> RegistryEvent:
        """Return the event's data. It is built from checked parts and not checked once more."""
        return _MODEL_OF[self.name].model_construct(
            subject=self.subject.code,
            sequence=self.subject.version,
            asserts=self.asserts,
            retracts=self.retracts,
            state=self.subject.state,
            corrects=None,
            origin=origin,
            cause=self.cause,
            source=source,
            reason=reason,
        )


def event_bytes(event: RegistryEvent) -> bytes:
    """Write an event's data as the record's value. Only `by` and `why` may be left out."""
    return event.__pydantic_serializer__.to_json(event, exclude_defaults=True)


def decide(subject: Subject, fact: Fact, others: Sequence[Fact] | None = None) -> Decision:
    """Record one more fact of a registered subject, wherever it falls in legal order.

    `others` are the facts that stand beside it: all that stood before unless told otherwise.
    Raises Refusal when it does not fit its place, or when what follows it would no longer fit.
    """
    number = subject.version + 1
    numbered = msgspec.structs.replace(fact, number=number)
    after = amend(subject, (*(subject.facts if others is None else others), numbered), number)
    retracts, asserts = difference(subject.entries, after.entries)
    return Decision(fact.name, after, asserts, retracts, fact.cause)


def begin(code: str, fact: Fact) -> Decision:
    """Record the registration of a new subject. Raises Refusal."""
    facts = (msgspec.structs.replace(fact, number=1),)
    after = Subject(code, 1, facts, replay(code, facts))
    return Decision(fact.name, after, after.entries, (), fact.cause)


def act(
    register: Register, code: str, fact: Fact, world: Circumstances, cause: str
) -> tuple[Decision, ...]:
    """Decide everything that one reported fact brings about: first the subject, then its branches.

    `cause` is a fresh id that binds the events of a parent's end or reinstatement together.
    Raises Refusal when any of them is not allowed: then nothing happens.
    """
    check_fact(code, fact, world)
    subject = register.get(code)
    if TRANSITIONS[fact.name].begins:
        if subject is not None:
            raise already_registered(code, subject.version)
        return _begin(register, code, fact)
    if subject is None:
        raise unknown_entity(code)
    if subject.state.kind in DEPENDENT_KINDS:
        return (_change_dependent(register, subject, fact),)
    if fact.name == "EntityDissolved":
        return _end(register, subject, msgspec.structs.replace(fact, cause=cause))
    if fact.name == "EntityReinstated":
        return _reinstate(register, subject, msgspec.structs.replace(fact, cause=cause))
    return (decide(subject, fact),)


def _begin(register: Register, code: str, fact: Fact) -> tuple[Decision, ...]:
    first = begin(code, fact)
    parent_code = fact.sets.parent
    if parent_code is None:
        return (first,)
    parent = register.get(parent_code)
    check_parent(code, fact.on, parent_code, parent)
    assert parent is not None
    # A unit that is reported after its parent has ended already: what the parent's end (and
    # return) since then would have done to it is done now, so that the order in which the two
    # were reported makes no difference.
    decisions = [first]
    for theirs in parent.facts:
        if theirs.on > fact.on and theirs.name in {"EntityDissolved", "EntityReinstated"}:
            decisions.append(decide(decisions[-1].subject, _with_parent(theirs)))
    return tuple(decisions)


def _change_dependent(register: Register, subject: Subject, fact: Fact) -> Decision:
    if fact.name == "EntityDissolved":
        # Its own end, reported late, comes before the end that it shared with its parent: what
        # followed from the parent no longer does.
        own = [f for f in subject.facts if f.on <= fact.on or not _followed_parent(f)]
        if len(own) < len(subject.facts):
            return decide(subject, fact, own)
    decision = decide(subject, fact)
    parent_code = subject.state.parent
    if fact.name == "EntityReinstated" and parent_code is not None:
        parent = register.get(parent_code)
        if parent is not None and parent.ended:
            raise parent_ended(subject.code, parent_code)
    return decision


def _end(register: Register, subject: Subject, fact: Fact) -> tuple[Decision, ...]:
    own = decide(subject, fact)
    opened = [b for b in register.branches(subject.code) if not b.ended]
    return (own, *(decide(branch, _with_parent(fact)) for branch in opened))


def _reinstate(register: Register, subject: Subject, fact: Fact) -> tuple[Decision, ...]:
    own = decide(subject, fact)
    end = subject.end
    bound = [b for b in register.branches(subject.code) if end and _ended_by(b, end)]
    return (own, *(decide(branch, _with_parent(fact)) for branch in bound))


def _with_parent(fact: Fact) -> Fact:
    """Return what a parent's end or return is for its dependent units."""
    why: EndedWhy | None = "parent_ended" if fact.name == "EntityDissolved" else None
    return msgspec.structs.replace(fact, why=why)


def _followed_parent(fact: Fact) -> bool:
    return fact.cause is not None


def _ended_by(branch: Subject, end: Fact) -> bool:
    own = branch.end
    return own is not None and own.why == "parent_ended" and own.cause == end.cause
