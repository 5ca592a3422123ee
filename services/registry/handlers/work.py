"""What one transaction works on: the subjects in memory, and what will be written at its end."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.registry.domain import (
    Circumstances,
    Command,
    Decision,
    Refusal,
    Reorganization,
    Subject,
    act,
    codes_in,
    event_bytes,
    expire,
    parents_in,
    reference_conflict,
    roots_begun,
)
from services.registry.store.lives import Caused, Reorganized
from services.registry.store.register import Recorded, ReferenceKey
from shared.contracts.envelope import Source
from shared.contracts.intake import IntakeFact
from shared.contracts.reorganizations import ReorganizationIn
from shared.contracts.states import EntityState
from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.outbox import NewEvent
from shared.plumbing.outbox.log import LARGEST_VALUE

# The published limit of an event's entries.
_MOST_ENTRIES = 1_000
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True)
class Request:
    """What is reported at a door.

    `system` and its reference make it unique; `fact` is what the domain reads in it.
    `record` is the Kafka record that brought it, None at the HTTP door. `expected` is the version
    that the caller has seen (If-Match).
    """

    reported: IntakeFact | ReorganizationIn
    system: str
    fact: Command
    traceparent: str | None = None
    record: RawRecord | None = None
    expected: int | None = None

    @property
    def code(self) -> str:
        """The subject's code."""
        return self.reported.code

    @property
    def codes(self) -> tuple[str, ...]:
        """All subjects that it names."""
        return codes_in(self.code, self.fact)

    @property
    def parents(self) -> tuple[str, ...]:
        """The subjects whose units it may reach."""
        return parents_in(self.code, self.fact)

    @property
    def begins(self) -> tuple[str, ...]:
        """The families that it would begin."""
        return roots_begun(self.code, self.fact)

    @property
    def key(self) -> ReferenceKey:
        """What makes it happen once."""
        return (self.system, self.reported.reference)


@dataclass(frozen=True)
class Unreadable:
    """A record in which no fact could be read, and why; `reference` where one could be."""

    record: RawRecord
    refusal: Refusal
    reference: str | None


@dataclass(frozen=True)
class Outcome:
    """What became of a request: recorded (or found recorded: `repeated`), refused, or waiting.

    `sequence` and `event_id` are those of the first event; `version` and `state` are the
    subject's after the request, 0 and None when it was repeated, refused or waits; a voided one
    has no state. `events` are all that it caused, `cause` their common id where they have one.
    """

    code: str
    sequence: int = 0
    event_id: str = ""
    version: int = 0
    state: EntityState | None = None
    repeated: bool = False
    waits: bool = False
    refusal: Refusal | None = None
    events: tuple[NewEvent, ...] = ()
    cause: str | None = None

    @property
    def recorded(self) -> bool:
        """Whether it is in the log now."""
        return self.sequence > 0


@dataclass
class Work:
    """The register as one transaction sees it. Implements the domain's `Register`."""

    world: Circumstances
    now: datetime
    new_id: Callable[[], str]
    references: dict[ReferenceKey, Recorded] = field(default_factory=dict)
    added: dict[ReferenceKey, Recorded] = field(default_factory=dict)
    touched: dict[str, Subject] = field(default_factory=dict)
    revived: set[str] = field(default_factory=set)
    events: list[NewEvent] = field(default_factory=list)
    _subjects: dict[str, Subject] = field(default_factory=dict)
    _branches: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def put(self, subjects: Iterable[Subject]) -> None:
        """Take subjects in, or take in what became of them."""
        for subject in subjects:
            self._subjects[subject.code] = subject
            parent = subject.facts[0].sets.parent if subject.facts else None
            if parent is not None:
                self._branches[parent].add(subject.code)

    def get(self, code: str) -> Subject | None:
        """The subject of a code, None when it is not registered."""
        return self._subjects.get(code)

    def branches(self, code: str) -> Sequence[Subject]:
        """The dependent units of a parent, in order of their codes."""
        units = [self._subjects[branch] for branch in sorted(self._branches[code])]
        return [unit for unit in units if not unit.voided]

    def attempt(self, request: Request) -> Outcome:
        """Record a request in memory, or say why not: then nothing has changed."""
        digest = digest_of(request.reported)
        known = self.references.get(request.key)
        if known is not None:
            return _repeat(request, known, digest)
        try:
            self._check_version(request)
            decisions = act(self, request.code, request.fact, self.world, self.new_id())
            events = [self._event(decision, request) for decision in decisions]
        except Refusal as refusal:
            return Outcome(request.code, refusal=refusal)
        self._take(decisions, events)
        # What nobody reported may come first: a suspension that had ended by its date.
        at = next((n for n, one in enumerate(decisions) if not one.derived), 0)
        first, subject = events[at], self._subjects[decisions[at].subject.code]
        recorded = Recorded(digest, subject.code, first.sequence, first.ce_id)
        self.references[request.key] = self.added[request.key] = recorded
        return Outcome(
            subject.code,
            first.sequence,
            first.ce_id,
            subject.version,
            None if subject.voided else subject.state,
            events=tuple(events),
            cause=decisions[at].cause,
        )

    def expire(self, code: str) -> int:
        """End the suspension of a subject when its last day is past; how many events."""
        subject = self.get(code)
        decisions = () if subject is None else expire(subject, self.world.today)
        # Its source is the timer; the other one is not read.
        nobody = Source(system="-", reference="-")
        events = [
            self._written(one, event_bytes(one.event(nobody, "live", None)), None)
            for one in decisions
        ]
        self._take(decisions, events)
        return len(events)

    def _take(self, decisions: Sequence[Decision], events: Sequence[NewEvent]) -> None:
        for decision in decisions:
            known = self._subjects.get(decision.subject.code)
            if known is not None and known.voided:
                self.revived.add(known.code)
            if decision.subject.voided:
                self.revived.discard(decision.subject.code)
            self.put([decision.subject])
        self.touched.update((d.subject.code, d.subject) for d in decisions)
        self.events += events

    def _check_version(self, request: Request) -> None:
        subject = self.get(request.code)
        if request.expected is None or subject is None or subject.version == request.expected:
            return
        raise Refusal(
            "version_conflict",
            f"{request.code} đã thay đổi: phiên bản hiện tại là {subject.version}, "
            f"không phải {request.expected}.",
            f"{request.code} has changed: its version is {subject.version}, not {request.expected}",
            {"code": request.code, "version": subject.version, "expected": request.expected},
        )

    def _event(self, decision: Decision, request: Request) -> NewEvent:
        reported, subject = request.reported, decision.subject
        source = Source(system=request.system, reference=reported.reference)
        data = event_bytes(decision.event(source, reported.origin, reported.reason))
        most = max(len(decision.asserts), len(decision.retracts))
        if len(data) > LARGEST_VALUE or most > _MOST_ENTRIES:
            first = (*decision.retracts, *decision.asserts)[0].on
            raise Refusal(
                "too_much_follows",
                f"{subject.code}: quá nhiều sự việc đã ghi sau ngày {first:%d/%m/%Y}.",
                f"{subject.code}: too many facts are recorded after {first}",
                {"code": subject.code, "on": first.isoformat()},
            )
        return self._written(decision, data, request.traceparent)

    def _written(self, decision: Decision, data: bytes, traceparent: str | None) -> NewEvent:
        subject = decision.subject
        return NewEvent(
            self.new_id(),
            subject.code,
            subject.version,
            decision.type,
            self.now,
            data,
            traceparent,
        )


def reorganized(request: Request, act: Reorganization, outcome: Outcome) -> Reorganized:
    """Return a recorded reorganization as the store keeps it."""
    assert outcome.cause is not None
    events = (Caused(e.subject, e.sequence, e.ce_id, e.type) for e in outcome.events)
    system, reference = request.key
    return Reorganized(outcome.cause, act.kind, act.on, system, reference, tuple(events))


def trace_of(text: str | None) -> str | None:
    """Return a W3C traceparent, None for anything else: a trace is never worth a refusal."""
    return text if text is not None and _TRACEPARENT.fullmatch(text) else None


def digest_of(reported: IntakeFact | ReorganizationIn) -> bytes:
    """Return what makes two reports under one reference the same."""
    # Of what was understood, not of the bytes: spaces and the order of fields say nothing.
    # Without what is as ever, so that a field that is added later leaves old digests as they are.
    said = f"{type(reported).__name__} {reported.model_dump_json(exclude_defaults=True)}"
    return hashlib.blake2b(said.encode(), digest_size=16).digest()


def _repeat(request: Request, known: Recorded, digest: bytes) -> Outcome:
    if known.digest == digest:
        return Outcome(known.code, known.sequence, known.event_id, repeated=True)
    system, reference = request.key
    refusal = reference_conflict(system, reference, known.code, known.sequence)
    return Outcome(request.code, refusal=refusal)
