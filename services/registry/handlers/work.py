"""What one transaction works on: the subjects in memory, and what will be written at its end."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.registry.domain import (
    Circumstances,
    Decision,
    Fact,
    Refusal,
    Subject,
    act,
    event_bytes,
    reference_conflict,
)
from services.registry.store.register import Recorded, ReferenceKey
from shared.contracts.envelope import Source
from shared.contracts.intake import IntakeFact
from shared.contracts.states import EntityState
from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.outbox import NewEvent
from shared.plumbing.outbox.log import LARGEST_VALUE

# The published limit of an event's entries.
_MOST_ENTRIES = 1_000
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True)
class Request:
    """A reported fact at a door.

    `system` and the fact's reference make it unique; `fact` is what the domain reads in it.
    `record` is the Kafka record that brought it, None at the HTTP door. `expected` is the version
    that the caller has seen (If-Match).
    """

    reported: IntakeFact
    system: str
    fact: Fact
    traceparent: str | None = None
    record: RawRecord | None = None
    expected: int | None = None

    @property
    def code(self) -> str:
        """The subject's code."""
        return self.reported.code

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
    subject's after the request, 0 and None when it was repeated, refused or waits.
    """

    code: str
    sequence: int = 0
    event_id: str = ""
    version: int = 0
    state: EntityState | None = None
    repeated: bool = False
    waits: bool = False
    refusal: Refusal | None = None

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
    events: list[NewEvent] = field(default_factory=list)
    _subjects: dict[str, Subject] = field(default_factory=dict)
    _branches: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def put(self, subjects: Iterable[Subject]) -> None:
        """Take subjects in, or take in what became of them."""
        for subject in subjects:
            self._subjects[subject.code] = subject
            parent = subject.state.parent
            if parent is not None:
                self._branches[parent].add(subject.code)

    def get(self, code: str) -> Subject | None:
        """The subject of a code, None when it is not registered."""
        return self._subjects.get(code)

    def branches(self, code: str) -> Sequence[Subject]:
        """The dependent units of a parent, in order of their codes."""
        return [self._subjects[branch] for branch in sorted(self._branches[code])]

    def attempt(self, request: Request) -> Outcome:
        """Record a request in memory, or say why not: then nothing has changed."""
        digest = _digest(request.reported)
        known = self.references.get(request.key)
        if known is not None:
            return _repeat(request, known, digest)
        try:
            self._check_version(request)
            decisions = act(self, request.code, request.fact, self.world, self.new_id())
            events = [self._event(decision, request) for decision in decisions]
        except Refusal as refusal:
            return Outcome(request.code, refusal=refusal)
        self.put(decision.subject for decision in decisions)
        self.touched.update((d.subject.code, d.subject) for d in decisions)
        self.events += events
        first = events[0]
        recorded = Recorded(digest, request.code, first.sequence, first.ce_id)
        self.references[request.key] = self.added[request.key] = recorded
        subject = self._subjects[request.code]
        return Outcome(request.code, first.sequence, first.ce_id, subject.version, subject.state)

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
        if len(data) > LARGEST_VALUE or len(decision.asserts) > _MOST_ENTRIES:
            raise Refusal(
                "too_much_follows",
                f"{subject.code}: quá nhiều sự việc đã ghi sau ngày {reported.on:%d/%m/%Y}.",
                f"{subject.code}: too many facts are recorded after {reported.on}",
                {"code": subject.code, "on": reported.on.isoformat()},
            )
        return NewEvent(
            self.new_id(),
            subject.code,
            subject.version,
            decision.type,
            self.now,
            data,
            request.traceparent,
        )


def trace_of(text: str | None) -> str | None:
    """Return a W3C traceparent, None for anything else: a trace is never worth a refusal."""
    return text if text is not None and _TRACEPARENT.fullmatch(text) else None


def _digest(reported: IntakeFact) -> bytes:
    # Of what was understood, not of the bytes: spaces and the order of fields say nothing.
    return hashlib.blake2b(reported.model_dump_json().encode(), digest_size=16).digest()


def _repeat(request: Request, known: Recorded, digest: bytes) -> Outcome:
    if known.digest == digest:
        return Outcome(known.code, known.sequence, known.event_id, repeated=True)
    system, reference = request.key
    refusal = reference_conflict(system, reference, known.code, known.sequence)
    return Outcome(request.code, refusal=refusal)
