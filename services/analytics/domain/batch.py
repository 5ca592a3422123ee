"""What one batch of records comes to: lines of the ledgers, parked records, ends of the chains.

A batch is built record by record and is total: whatever the bytes are, a record is applied,
dropped as a repeat, parked with its reason, or stops its partition because something before it is
missing. Nothing here raises for what is in a record.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from services.analytics.domain.bulk import Run, Scanned, look
from services.analytics.domain.chain import Chain, Verdict
from services.analytics.domain.columns import (
    MICROS,
    Column,
    Entries,
    Line,
    Placed,
    entries_of,
    micros_of,
    names_of,
)
from services.analytics.domain.dead import NO_RESOLUTIONS, Resolutions
from services.analytics.domain.decoder import EntityEvent, decode
from services.analytics.domain.fetched import Fetched, Raw
from services.analytics.domain.petition_fold import DecodedPetition, PetitionLine, decode_petition
from shared.contracts.catalogue import Refused
from shared.contracts.headers import Place, place_of, time_of, type_of
from shared.contracts.topics import PETITION_EVENTS_TOPIC, REGISTRY_EVENTS_TOPIC

TOPICS: Final[tuple[str, ...]] = (REGISTRY_EVENTS_TOPIC.name, PETITION_EVENTS_TOPIC.name)
_SRC_STEP: Final = 100
MAX_DETAIL: Final = 500


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


NOWHERE: Final[Mapping[Partition, Column]] = {}


class Batch:
    """Collects records; `spans` tells what to commit. One batch is one transaction."""

    def __init__(
        self,
        resolutions: Resolutions = NO_RESOLUTIONS,
        parked: Mapping[Partition, Column] = NOWHERE,
    ) -> None:
        """`parked` are the offsets of `resolutions` (`parked_offsets`), read one by one."""
        self._resolutions = resolutions
        self._parked = parked
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

    def take_fetched(
        self,
        partition: Partition,
        progress: Progress,
        fetched: Fetched,
        scanned: Scanned | None,
    ) -> None:
        """Take what was fetched like `take`, all at once where it is ordinary.

        `scanned` is what `look_at` found in it.
        """
        if scanned is None:
            self.take(partition, progress, fetched.records)
            return
        parked = self._parked.get(partition)
        for start, stop, ordinary in scanned.stretches(parked):
            self._take_stretch(partition, progress, fetched, scanned, (start, stop, ordinary))
            if partition in self.holes:
                break

    def _take_stretch(
        self,
        partition: Partition,
        progress: Progress,
        fetched: Fetched,
        scanned: Scanned,
        stretch: tuple[int, int, bool],
    ) -> None:
        at, stop, ordinary = stretch
        while ordinary and at < stop:
            span = self.spans.get(partition)
            chain = progress.chain if span is None else span.chain
            if chain.parked:
                # The record after a parked one says whether that was of the chain.
                self.take(partition, progress, fetched.records[at : at + 1])
                at += 1
                if partition in self.holes:
                    return
                continue
            run = scanned.run(at, stop, chain.mark, chain.before)
            if run is None:
                break
            self._add(partition, progress, run, scanned.end_of(stop))
            return
        self.take(partition, progress, fetched.records[at:stop])

    def _add(self, partition: Partition, progress: Progress, run: Run, end: int) -> None:
        span = self.spans.get(partition)
        if span is None:
            span = self.spans[partition] = Span(progress.next, progress.next, progress.chain.copy())
        span.chain.applied(run.mark, run.before)
        span.hi = end
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


def look_at(partition: Partition, fetched: Fetched) -> Scanned | None:
    """Look at a partition's bytes; None when they can only be read one by one."""
    return look(partition.src, fetched) if partition.src < _SRC_STEP else None


def parked_offsets(resolutions: Resolutions) -> dict[Partition, Column]:
    """Return the offsets of parked records by partition."""
    found: dict[Partition, list[int]] = {}
    for topic, number, offset in resolutions:
        found.setdefault(Partition(topic, number), []).append(offset)
    return {place: np.array(offsets, dtype=np.int64) for place, offsets in found.items()}


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
    subjects: list[bytes] = []
    for number, record, position, moment, event in facts:
        if not isinstance(event, EntityEvent):
            raise TypeError("not an entity's event")
        row = (number, record, position, micros_of(moment), event.sequence)
        lines += event.lines
        rows += [(*row, int(event.origin == "backfill"))] * len(event.lines)
        subjects += [event.subject.encode()] * len(event.lines)
    src, offset, at, micros, sequence, backfill = np.array(rows, dtype=np.int64).T
    return entries_of(lines), Placed(
        src, offset, at, micros, sequence, backfill, names_of(subjects)
    )


def petition_lines(facts: Sequence[Fact]) -> list[PetitionLine]:
    """Return the ledger lines of petition facts."""
    return [
        line
        for fact in facts
        if isinstance(fact.event, DecodedPetition)
        for line in fact.event.lines
    ]
