"""What one batch of records comes to: lines of the ledgers, parked records, ends of the chains.

A batch is built record by record and is total: whatever the bytes are, a record is applied,
dropped as a repeat, parked with its reason, or stops its partition because something before it is
missing. Nothing here raises for what is in a record.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple, Protocol

import numpy as np

from services.analytics.domain.bulk import read_run
from services.analytics.domain.chain import Chain, Verdict
from services.analytics.domain.columns import MICROS, Entries, Line, Placed, entries_of, micros_of
from services.analytics.domain.dead import NO_RESOLUTIONS, Resolutions
from services.analytics.domain.decoder import EntityEvent, decode
from services.analytics.domain.petition_fold import DecodedPetition, PetitionLine, decode_petition
from shared.contracts.catalogue import Refused
from shared.contracts.headers import Place, place_of, time_of, type_of
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
        self.entities: list[tuple[Entries, Placed]] = []
        self.petitions: list[Fact] = []
        self._singles: list[Fact] = []
        self.dead: list[DeadLetter] = []
        self.holes: dict[Partition, Hole] = {}

    @property
    def size(self) -> int:
        """The number of records taken."""
        return sum(span.hi - span.lo for span in self.spans.values())

    def take(self, partition: Partition, progress: Progress, records: Sequence[Raw]) -> None:
        """Take a partition's next records, in order, up to the first hole; may be called again."""
        span = self.spans.get(partition)
        if span is None:
            span = Span(progress.next, progress.next, progress.chain.copy())
        src = partition.src
        for record in records:
            if not self._take_one(partition, src, span, record):
                break
            span.hi = record.offset + 1
        if self._singles:
            self.entities.append(columns_of(self._singles))
            self._singles = []
        if span.hi > span.lo:
            self.spans[partition] = span

    def take_run(self, partition: Partition, progress: Progress, records: Sequence[Raw]) -> None:
        """Take records like `take`, all at once where they are ordinary."""
        span = self.spans.get(partition)
        chain = progress.chain if span is None else span.chain
        run = None
        if partition.src < _SRC_STEP and not chain.parked and not self._resolutions:
            run = read_run(partition.src, records, chain.mark, chain.before)
        if run is None:
            self.take(partition, progress, records)
            return
        if span is None:
            span = self.spans[partition] = Span(progress.next, progress.next, chain.copy())
        span.chain.applied(run.mark, run.before)
        span.hi = records[-1].offset + 1
        span.applied += len(run.entries)
        span.repeated += run.repeated
        span.newest = datetime.fromtimestamp(run.newest_micros / MICROS, UTC)
        self.entities.append((run.entries, run.placed))

    def _take_one(self, partition: Partition, src: int, span: Span, record: Raw) -> bool:
        place: Place | None = None
        try:
            headers = dict(record.headers)
            place = place_of(headers)
            verdict = span.chain.judge(place.position, place.previous)
            if verdict is Verdict.REPEAT:
                span.repeated += 1
                return True
            if self._resolutions:
                self._obey(record)
            fact = read(src, record, headers, place)
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
        span.chain.applied(place.position, place.previous)
        span.applied += 1
        span.newest = fact.recorded_at
        if src < _SRC_STEP:
            self._singles.append(fact)
        else:
            self.petitions.append(fact)
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
            span.chain.park(place.position)


def read(src: int, record: Raw, headers: Mapping[str, bytes | None], place: Place) -> Fact:
    """Read one record as an event. Raises Refused."""
    if not record.value:
        raise Refused("no_value", "the value is empty")
    ce_type = type_of(headers)
    event: EntityEvent | DecodedPetition = (
        decode(ce_type, record.value) if src < _SRC_STEP else decode_petition(ce_type, record.value)
    )
    if record.key != event.subject.encode():
        raise Refused("key_mismatch", "the key is not the subject")
    return _new_fact((src, record.offset, place.position, time_of(headers), event))


_new_fact: Final[Callable[[tuple[object, ...]], Fact]] = partial(tuple.__new__, Fact)


def columns_of(facts: Sequence[Fact]) -> tuple[Entries, Placed]:
    """Lay the ledger lines of entity facts out as columns."""
    lines: list[Line] = []
    rows: list[tuple[int, int, int, int, int, int]] = []
    subjects: list[str] = []
    for number, record, position, moment, event in facts:
        if not isinstance(event, EntityEvent):
            raise TypeError("not an entity's event")
        row = (number, record, position, micros_of(moment), event.sequence)
        lines += event.lines
        rows += [(*row, int(event.origin == "backfill"))] * len(event.lines)
        subjects += [event.subject] * len(event.lines)
    src, offset, at, micros, sequence, backfill = np.array(rows, dtype=np.int64).T
    return entries_of(lines), Placed(src, offset, at, micros, sequence, backfill, subjects)


def petition_lines(facts: Sequence[Fact]) -> list[PetitionLine]:
    """Return the ledger lines of petition facts."""
    return [
        line
        for fact in facts
        if isinstance(fact.event, DecodedPetition)
        for line in fact.event.lines
    ]
