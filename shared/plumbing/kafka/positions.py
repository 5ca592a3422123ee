"""Where a consumer stands in each partition, by what Postgres says and not by what Kafka says."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]

from shared.plumbing.kafka.offsets import Span
from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.log import get_logger

_log = get_logger(__name__)


class Positions:
    """The tracked positions of one topic's assigned partitions.

    `broken` holds, by partition, why it must not be read: it stays paused until the next
    assignment. Nothing is ever skipped silently.
    """

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.broken: dict[int, str] = {}
        self._next: dict[int, int] = {}
        self._gaps: dict[int, tuple[int, int]] = {}

    def tracked_places(self) -> list[TopicPartition]:
        """The partitions that are assigned now."""
        return [TopicPartition(self.topic, number) for number in self._next]

    def to_commit(self) -> dict[TopicPartition, int]:
        """The tracked positions, as aiokafka's commit takes them."""
        return {TopicPartition(self.topic, p): n for p, n in self._next.items() if n > 0}

    def lag(self, consumer: AIOKafkaConsumer) -> int:
        """Records behind the ends that the last fetches told of."""
        total = 0
        for place in self.tracked_places():
            end = consumer.highwater(place)
            if end is not None:
                total += max(end - self._next[place.partition], 0)
        return total

    def forget(self, places: Iterable[TopicPartition]) -> None:
        """The partitions are no longer ours."""
        for place in places:
            self._next.pop(place.partition, None)
            self._gaps.pop(place.partition, None)
            self.broken.pop(place.partition, None)

    async def assign(
        self, consumer: AIOKafkaConsumer, places: set[TopicPartition], stored: Mapping[int, int]
    ) -> None:
        """Seek each partition to its stored offset and let it flow; keep the broken ones still."""
        consumer.pause(*places)
        begins = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
        self.forget(places)
        for place in places:
            number = place.partition
            tracked = stored.get(number, 0)
            self._next[number] = tracked
            # A partition never read begins where it begins, whatever was there before our time.
            begin = begins[place] if number in stored else 0
            reason = _why_broken(place, tracked, begin, ends[place])
            if reason is not None:
                self.broken[number] = reason
                _log.error("door_stopped", topic=self.topic, partition=number, reason=reason)
                continue
            consumer.seek(place, max(tracked, begins[place]))
            consumer.resume(place)

    async def fit(
        self, consumer: AIOKafkaConsumer, records: Sequence[RawRecord]
    ) -> tuple[list[RawRecord], list[Span]]:
        """The records that come next, and the spans they cover; drops the rest.

        Dropped are repeats, and records of partitions that are not ours. Where the first offset
        lies above the tracked one, the partition is read again from there, and taken only when
        the gap is still there and no history was lost (control records leave gaps).
        """
        shares: defaultdict[int, list[RawRecord]] = defaultdict(list)
        for record in records:
            if self._next.get(record.partition, record.offset + 1) <= record.offset:
                shares[record.partition].append(record)
        fresh: list[RawRecord] = []
        spans: list[Span] = []
        for number, share in shares.items():
            low = self._next[number]
            if number in self.broken or not await self._may_follow(consumer, share[0], low):
                continue
            fresh += share
            spans.append(Span(self.topic, number, low, share[-1].offset + 1))
        return fresh, spans

    def moved(self, spans: Iterable[Span]) -> None:
        """The spans were applied."""
        for span in spans:
            self._next[span.partition] = span.high
            self._gaps.pop(span.partition, None)

    async def _may_follow(self, consumer: AIOKafkaConsumer, first: RawRecord, low: int) -> bool:
        if first.offset == low:
            return True
        place = TopicPartition(self.topic, first.partition)
        begin = (await consumer.beginning_offsets([place]))[place]
        if low > 0 and begin > low:
            self.broken[first.partition] = _lost(place, low, begin)
            _log.error("door_stopped", topic=self.topic, reason=self.broken[first.partition])
            consumer.pause(place)
            return False
        if self._gaps.get(first.partition) == (low, first.offset):
            return True
        self._gaps[first.partition] = (low, first.offset)
        consumer.seek(place, max(low, begin))
        return False


def _why_broken(place: TopicPartition, tracked: int, begin: int, end: int) -> str | None:
    if tracked < begin:
        return _lost(place, tracked, begin)
    if tracked > end:
        return (
            f"{place.topic}[{place.partition}] ends at {end} but was read up to {tracked}: "
            "the topic was made anew"
        )
    return None


def _lost(place: TopicPartition, tracked: int, begin: int) -> str:
    return (
        f"{place.topic}[{place.partition}] begins at {begin} but was read only up to {tracked}: "
        "records were deleted before they were taken"
    )
