"""The Kafka door: reads the event topics and hands batches to the applier, exactly once.

aiokafka is driven directly here, without FastStream: `docs/decisions/0006-the-hot-loop.md`.
The offsets that count are in Postgres. While one batch is being committed the next one is decoded;
it starts from where the first will end, and is thrown away if that one is fenced.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import (  # type: ignore[import-untyped]
    AIOKafkaConsumer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.errors import KafkaError, OffsetOutOfRangeError  # type: ignore[import-untyped]

from services.analytics.domain.batch import TOPICS, Batch, Hole, Partition, Progress, Raw
from services.analytics.handlers.apply import Applier, Fenced, deltas_of
from shared.plumbing.clock import monotonic
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import UNAVAILABLE

log = get_logger(__name__)


@dataclass(frozen=True)
class ConsumerSettings:
    """How the loop reads. Sizes in records and bytes, times in seconds."""

    bootstrap: str
    group: str
    instance: str
    topics: tuple[str, ...] = TOPICS
    max_records: int = 20_000
    slice_records: int = 500
    poll_seconds: float = 0.2
    partition_bytes: int = 2 * 1024 * 1024
    session_seconds: float = 10.0
    halt_retry_seconds: float = 5.0
    backoff_seconds: float = 0.2
    backoff_limit_seconds: float = 5.0
    kafka_commit_seconds: float = 5.0


@dataclass
class Progressing:
    """What the loop shows of itself: read by health checks and metrics."""

    assigned: bool = False
    last_commit: float = field(default_factory=monotonic)
    halted: dict[Partition, str] = field(default_factory=dict)
    restarts: int = 0
    fenced: int = 0
    retries: int = 0
    rebalances: int = 0
    lag: dict[Partition, int] = field(default_factory=dict)


class FigureConsumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """One replica of the consumer. `run` returns only when it is cancelled or stopped."""

    def __init__(
        self,
        settings: ConsumerSettings,
        applier: Applier,
        observe: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._observe = observe
        self._settings = settings
        self._applier = applier
        self._consumer: AIOKafkaConsumer | None = None
        self._progress: dict[Partition, Progress] = {}
        self._pending: asyncio.Task[None] | None = None
        self._assigning = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._gaps: dict[Partition, tuple[int, int]] = {}
        self._kafka_commit_due = 0.0
        self._retry_halted_at = 0.0
        self.shown = Progressing()

    # -- life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Consume until `stop`; a broker that is away is waited for, with growing pauses."""
        pause = self._settings.backoff_seconds
        while not self._stopping.is_set():
            try:
                await self._session()
                pause = self._settings.backoff_seconds
            except Exception as error:
                # Whatever it is, the answer is the same: begin again from the offsets in Postgres.
                log.warning("consumer_restarts", error=repr(error), pause=pause, exc_info=True)
                self.shown.restarts += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause)
                pause = min(pause * 2, self._settings.backoff_limit_seconds)

    async def stop(self) -> None:
        """Finish the batch at hand and leave."""
        self._stopping.set()

    async def _session(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.bootstrap,
            group_id=self._settings.group,
            group_instance_id=f"{self._settings.group}-{self._settings.instance}",
            client_id=f"caunoi-analytics-{self._settings.instance}",
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=20,
            max_partition_fetch_bytes=self._settings.partition_bytes,
            session_timeout_ms=int(self._settings.session_seconds * 1000),
            heartbeat_interval_ms=int(self._settings.session_seconds * 300),
            metadata_max_age_ms=30_000,
        )
        self._consumer = consumer
        try:
            await consumer.start()
            consumer.subscribe(list(self._settings.topics), listener=self)
            while not self._stopping.is_set():
                await self._turn(consumer)
            await self._settle()
        finally:
            self.shown.assigned = False
            await self._drop_pending()
            self._progress.clear()
            with contextlib.suppress(KafkaError, OSError):
                await consumer.stop()
            self._consumer = None

    # -- assignment ------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Finish the batch at hand before the partitions are somebody else's."""
        async with self._assigning:
            with contextlib.suppress(Fenced, *UNAVAILABLE):
                await self._settle()
            for tp in revoked:
                self._progress.pop(Partition(tp.topic, tp.partition), None)
            self.shown.assigned = False

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Stand where Postgres says; nothing is read before that."""
        consumer = self._consumer
        if consumer is None:
            return
        # Records of the old position may be fetched until the seek: they are refused by offset.
        consumer.pause(*assigned)
        async with self._assigning:
            self.shown.rebalances += 1
            await self._stand(consumer, [Partition(tp.topic, tp.partition) for tp in assigned])
            self.shown.assigned = True

    async def _stand(self, consumer: AIOKafkaConsumer, partitions: Sequence[Partition]) -> None:
        if not partitions:
            return
        found = await self._patiently_progress(partitions)
        places = [TopicPartition(p.topic, p.number) for p in partitions]
        first = await consumer.beginning_offsets(places)
        last = await consumer.end_offsets(places)
        for partition, place in zip(partitions, places, strict=True):
            at = found[partition]
            self._progress[partition] = at
            self.shown.halted.pop(partition, None)
            consumer.seek(place, at.next)
            if at.next < first[place]:
                self._halt(partition, f"history is lost: {at.next} to {first[place]} are gone")
            elif at.next > last[place]:
                self._halt(partition, f"the topic ends at {last[place]}, before {at.next}")
            else:
                consumer.resume(place)

    async def _patiently_progress(
        self, partitions: Sequence[Partition]
    ) -> dict[Partition, Progress]:
        # A rebalance must not fail because Postgres is restarting just now.
        while True:
            try:
                return await self._applier.progress(partitions)
            except UNAVAILABLE as error:
                log.warning("offsets_unreadable", error=repr(error))
                await asyncio.sleep(self._settings.backoff_seconds)

    def _halt(self, partition: Partition, reason: str) -> None:
        if self.shown.halted.get(partition) != reason:
            log.error("partition_halted", topic=partition.topic, partition=partition.number,
                      reason=reason)  # fmt: skip
        self.shown.halted[partition] = reason
        if self._consumer is not None:
            self._consumer.pause(TopicPartition(partition.topic, partition.number))

    # -- the loop --------------------------------------------------------------------------

    async def _turn(self, consumer: AIOKafkaConsumer) -> None:
        try:
            got = await consumer.getmany(
                timeout_ms=int(self._settings.poll_seconds * 1000),
                max_records=self._settings.max_records,
            )
        except OffsetOutOfRangeError:
            await self._restand(consumer)
            return
        self._note_lag(consumer)
        if self.shown.halted and monotonic() >= self._retry_halted_at:
            # What was missing may have been put right meanwhile.
            self._retry_halted_at = monotonic() + self._settings.halt_retry_seconds
            await self._restand(consumer)
            return
        if not got:
            await self._idle(consumer)
            return
        async with self._assigning:
            try:
                batch = await self._build(got)
                deltas = deltas_of(batch)
                await self._settle()
                self._handle_holes(consumer, batch)
                if batch.spans:
                    for partition, span in batch.spans.items():
                        self._progress[partition] = Progress(span.hi, span.chain)
                    self._pending = asyncio.create_task(self._commit(batch, deltas))
            except Fenced as fenced:
                self.shown.fenced += 1
                log.warning("batch_fenced", reason=str(fenced))
                await self._drop_pending()
                await self._stand(consumer, list(self._progress))

    async def _build(self, got: Mapping[TopicPartition, Sequence[Raw]]) -> Batch:
        batch = Batch()
        for tp, records in got.items():
            partition = Partition(tp.topic, tp.partition)
            progress = self._progress.get(partition)
            if progress is None or partition in self.shown.halted:
                continue
            fresh = [record for record in records if record.offset >= progress.next]
            if not fresh or not self._follows(partition, progress.next, fresh[0].offset):
                continue
            for start in range(0, len(fresh), self._settings.slice_records):
                part = fresh[start : start + self._settings.slice_records]
                batch.take(partition, progress, part)
                if partition in batch.holes:
                    break
                # Lets the commit of the batch before go on meanwhile.
                await asyncio.sleep(0)
        return batch

    def _follows(self, partition: Partition, expected: int, first: int) -> bool:
        # A record beyond the expected one was fetched before the seek, or the log has a gap of its
        # own. Reading it once more tells which; what is really missing shows in the chain.
        if first == expected or self._gaps.get(partition) == (expected, first):
            return True
        self._gaps[partition] = (expected, first)
        if self._consumer is not None:
            self._consumer.seek(TopicPartition(partition.topic, partition.number), expected)
        return False

    def _handle_holes(self, consumer: AIOKafkaConsumer, batch: Batch) -> None:
        for hole in batch.holes.values():
            self._halt(hole.partition, _say(hole))
            consumer.seek(TopicPartition(hole.partition.topic, hole.partition.number), hole.offset)

    async def _idle(self, consumer: AIOKafkaConsumer) -> None:
        try:
            await self._settle()
        except Fenced:
            await self._restand(consumer)
        await self._tell_kafka(consumer)

    async def _restand(self, consumer: AIOKafkaConsumer) -> None:
        async with self._assigning:
            with contextlib.suppress(Fenced):
                await self._settle()
            await self._stand(consumer, list(self._progress))

    async def _settle(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            await pending

    async def _drop_pending(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)

    async def _commit(self, batch: Batch, deltas: Any) -> None:
        started, pause = monotonic(), self._settings.backoff_seconds
        while True:
            try:
                await self._applier.apply(batch, deltas)
                break
            except UNAVAILABLE as error:
                self.shown.retries += 1
                log.warning("commit_retries", error=repr(error), pause=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, self._settings.backoff_limit_seconds)
                with contextlib.suppress(*UNAVAILABLE):
                    # The connection may have gone after the commit: the offsets know.
                    if await self._applier.is_applied(batch):
                        break
        now = monotonic()
        self.shown.last_commit = now
        self._observe(now - started)

    # -- what others see -------------------------------------------------------------------

    def _note_lag(self, consumer: AIOKafkaConsumer) -> None:
        for partition, progress in self._progress.items():
            end = consumer.highwater(TopicPartition(partition.topic, partition.number))
            if end is not None:
                self.shown.lag[partition] = max(0, end - progress.next)

    async def _tell_kafka(self, consumer: AIOKafkaConsumer) -> None:
        # Only so that lag tools can read them: nothing here ever reads these offsets.
        if monotonic() < self._kafka_commit_due or not self._progress:
            return
        self._kafka_commit_due = monotonic() + self._settings.kafka_commit_seconds
        offsets = {TopicPartition(p.topic, p.number): at.next for p, at in self._progress.items()}
        with contextlib.suppress(KafkaError):
            await consumer.commit(offsets)


def _say(hole: Hole) -> str:
    return (
        f"positions after {hole.mark} up to {hole.previous} are missing before offset "
        f"{hole.offset} (position {hole.position})"
    )
