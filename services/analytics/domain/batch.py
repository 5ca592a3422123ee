"""What one batch of records comes to: lines of the ledgers, parked records, ends of the chains.

A batch is built record by record and is total: whatever the bytes are, a record is applied,
dropped as a repeat, parked with its reason, or stops its partition because something before it is
missing. Nothing here raises for what is in a record.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from services.analytics.domain.chain import Chain, Verdict
from services.analytics.domain.dead import NO_RESOLUTIONS, Resolutions
from services.analytics.domain.decoder import EntityEvent, Line, decode
from services.analytics.domain.petition_fold import DecodedPetition, PetitionLine, decode_petition
from shared.contracts.catalogue import Refused
from shared.contracts.headers import Place, place_of, type_of
from shared.contracts.topics import PETITION_EVENTS_TOPIC, REGISTRY_EVENTS_TOPIC

TOPICS: Final[tuple[str, ...]] = (REGISTRY_EVENTS_TOPIC.name, PETITION_EVENTS_TOPIC.name)
_SRC_STEP: Final = 100
MAX_DETAIL: Final = 500


class Raw(Protocol):
    """A record as the consumer hands it over; any part may be rubbish."""

    @property
    def topic(self) -> str: ...  # noqa: D102
    @property
    def partition(self) -> int: ...  # noqa: D102
    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...  # noqa: D102


class Partition(NamedTuple):
    """A partition of one of the topics that are consumed."""

    topic: str
    number: int

    @property
    def src(self) -> int:
        """The partition's number among all that are consumed: small, for the ledgers."""
        return TOPICS.index(self.topic) * _SRC_STEP + self.number


@dataclass
class Progress:
    """How far a partition is applied. `next` is the offset where the next batch begins."""

    next: int = 0
    chain: Chain = field(default_factory=Chain)


@dataclass
class Span:
    """What a batch does to one partition: from `lo` (the fence) to `hi`, and the counts."""

    lo: int
    hi: int
    chain: Chain
    applied: int = 0
    repeated: int = 0
    parked: int = 0
    newest: datetime | None = None


class Fact(NamedTuple):
    """An event that was applied, with the place where it was found."""

    src: int
    offset: int
    position: int
    recorded_at: datetime
    event: EntityEvent | DecodedPetition


@dataclass(frozen=True)
class DeadLetter:
    """A record that cannot be applied, whole, and why."""

    record: Raw
    code: str
    detail: str


@dataclass(frozen=True)
class Hole:
    """A readable event whose predecessor in the partition is missing."""

    partition: Partition
    offset: int
    mark: int
    previous: int
    position: int


class Batch:
    """Collects records; `spans` tells what to commit. One batch is one transaction."""

    def __init__(self, resolutions: Resolutions = NO_RESOLUTIONS) -> None:
        self._resolutions = resolutions
        self.spans: dict[Partition, Span] = {}
        self.facts: list[Fact] = []
        self.dead: list[DeadLetter] = []
        self.holes: dict[Partition, Hole] = {}

    @property
    def size(self) -> int:
        """The number of records taken."""
        return sum(span.hi - span.lo for span in self.spans.values())

    @property
    def entity_facts(self) -> list[Fact]:
        """The facts about entities."""
        return [fact for fact in self.facts if fact.src < _SRC_STEP]

    @property
    def petition_facts(self) -> list[Fact]:
        """The facts about petitions."""
        return [fact for fact in self.facts if fact.src >= _SRC_STEP]

    def take(self, partition: Partition, progress: Progress, records: Sequence[Raw]) -> None:
        """Take a partition's next records, in order, up to the first hole; may be called again."""
        span = self.spans.get(partition)
        if span is None:
            span = Span(progress.next, progress.next, progress.chain)
        src = partition.src
        for record in records:
            if not self._take_one(partition, src, span, record):
                break
            span.hi = record.offset + 1
        if span.hi > span.lo:
            self.spans[partition] = span

    def _take_one(self, partition: Partition, src: int, span: Span, record: Raw) -> bool:
        place: Place | None = None
        try:
            place = place_of(record.headers)
            verdict = span.chain.judge(place.position, place.previous)
            if verdict is Verdict.REPEAT:
                span.repeated += 1
                return True
            if self._resolutions:
                self._obey(record)
            fact = read(src, record, place)
        except Refused as refused:
            self._park(span, place, record, refused)
            return True
        except Exception as error:  # a bug in reading must not stop the others
            self._park(span, place, record, Refused("unreadable", type(error).__name__))
            return True
        if verdict is Verdict.HOLE:
            self.holes[partition] = Hole(
                partition, record.offset, span.chain.mark, place.previous, place.position
            )
            return False
        span.chain = span.chain.applied(place.position)
        span.applied += 1
        span.newest = fact.recorded_at
        self.facts.append(fact)
        return True

    def _obey(self, record: Raw) -> None:
        # A rebuild comes to the figures of the live generation only if it parks what is parked.
        known = self._resolutions.get((record.topic, record.partition, record.offset))
        if known in {"open", "dismissed"}:
            raise Refused("parked_before", f"the record is parked ({known})")

    def _park(self, span: Span, place: Place | None, record: Raw, refused: Refused) -> None:
        self.dead.append(DeadLetter(record, refused.code, refused.detail[:MAX_DETAIL]))
        span.parked += 1
        if place and span.chain.judge(place.position, place.previous) is Verdict.NEXT:
            span.chain = span.chain.park(place.position)


def read(src: int, record: Raw, place: Place) -> Fact:
    """Read one record as an event. Raises Refused."""
    if not record.value:
        raise Refused("no_value", "the value is empty")
    found = dict(record.headers)
    ce_type = type_of(record.headers)
    event: EntityEvent | DecodedPetition = (
        decode(ce_type, record.value) if src < _SRC_STEP else decode_petition(ce_type, record.value)
    )
    if record.key != event.subject.encode():
        raise Refused("key_mismatch", "the key is not the subject")
    return Fact(src, record.offset, place.position, _time(found.get("ce_time")), event)


def _time(raw: bytes | None) -> datetime:
    try:
        moment = datetime.fromisoformat((raw or b"").decode("ascii"))
    except ValueError as error:
        raise Refused("bad_headers", "ce_time is not a time") from error
    if moment.tzinfo is None:
        raise Refused("bad_headers", "ce_time has no zone")
    return moment


def entity_lines(facts: Sequence[Fact]) -> list[Line]:
    """Return the ledger lines of entity facts."""
    return [
        line for fact in facts if isinstance(fact.event, EntityEvent) for line in fact.event.lines
    ]


def petition_lines(facts: Sequence[Fact]) -> list[PetitionLine]:
    """Return the ledger lines of petition facts."""
    return [
        line
        for fact in facts
        if isinstance(fact.event, DecodedPetition)
        for line in fact.event.lines
    ]
