"""Recording: one fact more, or one put right, gives the events of its subject."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec

from services.registry.domain.facts import Fact
from services.registry.domain.settle import settle
from services.registry.domain.subject import Subject, difference, replay, rewrite
from shared.contracts.catalogue import event_type
from shared.contracts.envelope import Source
from shared.contracts.registry import REGISTRY_EVENTS, EntityEntry, RegistryEvent
from shared.contracts.values import MAX_SEQUENCE, Origin

_MODEL_OF: Final = {model.__name__: model for model in REGISTRY_EVENTS}
TIMER: Final = "/vn/lang-son/registry/timer"
"""The source of what nobody reported: a suspension ended by its date."""
# The number of a fact while it is not known how many events come before its own.
_NEW: Final = MAX_SEQUENCE


@dataclass(frozen=True)
class Decision:
    """One event to be: the subject after it, and its entries. `corrects` is of corrections.

    `derived` says that nobody reported it: a suspension ended by its date.
    """

    name: str
    subject: Subject
    asserts: tuple[EntityEntry, ...]
    retracts: tuple[EntityEntry, ...]
    cause: str | None
    corrects: int | None = None
    derived: bool = False

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
            state=None if self.subject.voided else self.subject.state,
            corrects=self.corrects,
            origin=origin,
            cause=self.cause,
            source=self._source() if self.derived else source,
            reason=None if self.derived else reason,
        )

    def _source(self) -> Source:
        on = next(e.on for e in self.asserts if e.entry == self.subject.version)
        return Source(system=TIMER, reference=f"RESUME-{self.subject.code}-{on}")


def event_bytes(event: RegistryEvent) -> bytes:
    """Write an event's data as the record's value. Only `by` and `why` may be left out."""
    return event.__pydantic_serializer__.to_json(event, exclude_defaults=True)


def begin(code: str, fact: Fact, version: int = 0) -> Decision:
    """Record the registration of a subject; `version` is that of one that was voided."""
    facts = (msgspec.structs.replace(fact, number=version + 1),)
    after = Subject(code, version + 1, facts, replay(code, facts, version + 1))
    return Decision(fact.name, after, after.entries, (), fact.cause)


def add(
    subject: Subject, fact: Fact, today: date, others: Sequence[Fact] | None = None
) -> tuple[Decision, ...]:
    """Record one more fact of a registered subject, wherever it falls in legal order.

    `others` are the facts that stand beside it: all that stood before unless told otherwise. The
    end of a suspension that the fact lies behind is recorded before it; that of a suspension that
    it is itself, after it. Raises Refusal when it does not fit its place, or when what follows it
    would no longer fit.
    """
    beside = subject.facts if others is None else others
    standing, missing = settle((*beside, msgspec.structs.replace(fact, number=_NEW)), today)
    decisions: list[Decision] = []
    ended: list[Fact] = []
    before = subject
    for one in missing:
        if one.ends != _NEW:
            decisions.append(_end_suspension(before, one, before.facts))
            before = decisions[-1].subject
            ended.append(_newest(before))
    number = before.version + 1
    facts = [
        *(msgspec.structs.replace(f, number=number) if f.number == _NEW else f for f in standing),
        *ended,
    ]
    late = [msgspec.structs.replace(f, ends=number) for f in missing if f.ends == _NEW]
    return (*decisions, *_write(before, fact.name, facts, number, late, cause=fact.cause))


def amend(
    subject: Subject, wrong: Fact, right: Fact, corrects: int, today: date
) -> tuple[Decision, ...]:
    """Put right a fact that is recorded, or withdraw it, or let a withdrawn one stand again.

    Raises Refusal when it does not fit its place, or when another fact would no longer fit.
    """
    version = subject.version + 1
    right = msgspec.structs.replace(right, corrections=(*wrong.corrections, version))
    beside = [f for f in subject.facts if f.number != wrong.number]
    withdrawn = tuple(f for f in subject.withdrawn if f.number != wrong.number)
    if right.withdrawn:
        withdrawn += (right,)
    else:
        beside.append(right)
    standing, missing = settle(beside, today)
    return _write(
        subject,
        "RegistrationCorrected",
        standing,
        right.number,
        missing,
        cause=right.cause,
        corrects=corrects,
        withdrawn=withdrawn,
    )


def expire(subject: Subject, today: date) -> tuple[Decision, ...]:
    """End the suspension whose last day is past; nothing when there is none."""
    decisions: list[Decision] = []
    if not subject.voided:
        for one in settle(subject.facts, today)[1]:
            before = decisions[-1].subject if decisions else subject
            decisions.append(_end_suspension(before, one, before.facts))
    return tuple(decisions)


def _write(
    subject: Subject,
    name: str,
    facts: Sequence[Fact],
    judged: int,
    late: Sequence[Fact],
    *,
    cause: str | None,
    corrects: int | None = None,
    withdrawn: tuple[Fact, ...] | None = None,
) -> tuple[Decision, ...]:
    version = subject.version + 1
    if late:
        # The events are parts of one act: what stands at its end is judged, not what lies between.
        numbered = [
            msgspec.structs.replace(one, number=version + n) for n, one in enumerate(late, 1)
        ]
        replay(subject.code, [*facts, *numbered], judged)
    after = rewrite(
        subject, facts, version=version, withdrawn=withdrawn, judged=None if late else judged
    )
    retracts, asserts = difference(subject.entries, after.entries)
    decisions = [Decision(name, after, asserts, retracts, cause, corrects)]
    for one in late:
        before = decisions[-1].subject
        decisions.append(_end_suspension(before, one, before.facts))
    return tuple(decisions)


def _end_suspension(subject: Subject, resumption: Fact, others: Sequence[Fact]) -> Decision:
    version = subject.version + 1
    fact = msgspec.structs.replace(resumption, number=version)
    after = rewrite(subject, (*others, fact), version=version, judged=None)
    retracts, asserts = difference(subject.entries, after.entries)
    return Decision("EntityResumed", after, asserts, retracts, None, derived=True)


def _newest(subject: Subject) -> Fact:
    return next(f for f in subject.facts if f.number == subject.version)
