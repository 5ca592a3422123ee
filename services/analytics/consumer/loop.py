"""The live loop: one replica of the group that keeps the live generation."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka import (  # type: ignore[import-untyped]
    AIOKafkaConsumer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]

from services.analytics.consumer.client import (
    ConsumerSettings,
    misfits,
    new_client,
    new_reader,
    partition_of,
    place,
    say,
)
from services.analytics.consumer.reader import OffsetsGone, Reader
from services.analytics.domain.batch import Partition
from services.analytics.domain.dead import TooMuchRubbish
from services.analytics.domain.fetched import Fetched
from services.analytics.handlers.pipeline import Fenced, Pipeline
from shared.plumbing.clock import monotonic
from shared.plumbing.failpoints import reach
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import UNAVAILABLE

log = get_logger(__name__)
_LIFE_SECONDS = 1.0
MakePipeline = Callable[[], Awaitable[Pipeline]]


@dataclass
class Shown:
    """What the loop shows of itself: read by health checks and metrics."""

    assigned: bool = False
    halted: dict[Partition, str] = field(default_factory=dict)
    refused: str | None = None
    restarts: int = 0
    fenced: int = 0
    rebalances: int = 0
    lag: dict[Partition, int] = field(default_factory=dict)


class FigureConsumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """One replica. `run` returns only when it is stopped; whatever fails, it begins again."""

    def __init__(self, settings: ConsumerSettings, make_pipeline: MakePipeline) -> None:
        self._settings = settings
        self._make_pipeline = make_pipeline
        self._client: AIOKafkaConsumer | None = None
        self._reader: Reader | None = None
        self._pipeline: Pipeline | None = None
        # A batch and a change of assignment exclude each other.
        self._lock = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._gaps: dict[Partition, tuple[int, int]] = {}
        self._kafka_commit_due = 0.0
        self._halt_retry_due = self._life_due = 0.0
        self.shown = Shown()

    @property
    def last_commit(self) -> float:
        """When a batch was last committed (monotonic seconds)."""
        return self._pipeline.last_commit if self._pipeline else 0.0

    @property
    def retries(self) -> int:
        """How often a commit was tried again, in this session."""
        return self._pipeline.retries if self._pipeline else 0

    # -- life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Consume until `stop`; what is away is waited for, with growing pauses."""
        pause = self._settings.backoff_seconds
        while not self._stopping.is_set():
            started = monotonic()
            try:
                await self._session()
            except Exception as error:
                # Whatever it is, the answer is the same: begin again from the offsets in Postgres.
                self.shown.restarts += 1
                if monotonic() - started > self._settings.session_seconds:
                    pause = self._settings.backoff_seconds
                log.warning("consumer_restarts", error=repr(error), pause=pause, exc_info=True)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause)
                pause = min(pause * 2, self._settings.backoff_limit_seconds)

    async def stop(self) -> None:
        """Finish the batch at hand and leave."""
        self._stopping.set()

    async def _session(self) -> None:
        pipeline = await self._make_pipeline()
        session_ms = int(self._settings.session_seconds * 1000)
        client = new_client(
            self._settings,
            group_id=self._settings.group,
            group_instance_id=f"{self._settings.group}-{self._settings.instance}",
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 4,
        )
        reader = new_reader(self._settings)
        self._client, self._reader, self._pipeline = client, reader, pipeline
        try:
            async with reader:
                await client.start()
                client.subscribe(list(self._settings.topics), listener=self)
                while not self._stopping.is_set():
                    await self._turn(client, reader, pipeline)
                await pipeline.settle()
        finally:
            self.shown.assigned = False
            self.shown.halted.clear()
            await pipeline.drop()
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await asyncio.wait_for(client.stop(), 5)
            self._client = self._reader = self._pipeline = None

    # -- assignment ------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Finish the batch at hand before the partitions are somebody else's."""
        reader, pipeline = self._reader, self._pipeline
        if reader is None or pipeline is None:
            return
        async with self._lock:
            reader.leave([partition_of(tp) for tp in revoked])
            with contextlib.suppress(Fenced, *UNAVAILABLE):
                await pipeline.settle()
            for tp in revoked:
                pipeline.progress.pop(partition_of(tp), None)
                self.shown.lag.pop(partition_of(tp), None)
            self.shown.assigned = False

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Stand where Postgres says; nothing is read before that."""
        client, pipeline = self._client, self._pipeline
        if client is None or pipeline is None:
            return
        # The client is there for the membership alone: what it would fetch nobody reads.
        client.pause(*assigned)
        async with self._lock:
            self.shown.rebalances += 1
            await self._stand(client, pipeline, [partition_of(tp) for tp in assigned])
            self.shown.assigned = True

    async def _stand(
        self, client: AIOKafkaConsumer, pipeline: Pipeline, partitions: Collection[Partition]
    ) -> None:
        if not partitions:
            return
        reader = self._reader
        assert reader is not None
        at = await pipeline.stand(partitions)
        wrong = await misfits(client, at)
        for partition, progress in at.items():
            self._gaps.pop(partition, None)
            # A place of its own is all that the client wants of us; it reads nothing there.
            client.seek(place(partition), progress.next)
            if partition in wrong:
                self._halt(partition, wrong[partition])
            else:
                self.shown.halted.pop(partition, None)
                reader.stand(partition, progress.next)

    def _halt(self, partition: Partition, reason: str) -> None:
        if self.shown.halted.get(partition) != reason:
            log.error(
                "partition_halted",
                topic=partition.topic,
                partition=partition.number,
                reason=reason,
            )
        self.shown.halted[partition] = reason
        if self._reader is not None:
            self._reader.leave([partition])

    # -- the loop --------------------------------------------------------------------------

    async def _turn(self, client: AIOKafkaConsumer, reader: Reader, pipeline: Pipeline) -> None:
        try:
            got = await reader.get(self._settings.poll_seconds, self._settings.max_records)
            self._note_lag(reader, pipeline)
            await self._show_life(client)
            if got:
                reach("polled")
                await self._take(reader, pipeline, got)
            else:
                await pipeline.settle()
                await self._tell_kafka(client, pipeline)
        except OffsetsGone:
            await self._begin_again(client, pipeline)
        except Fenced as fenced:
            self.shown.fenced += 1
            log.warning("batch_fenced", reason=str(fenced))
            await self._begin_again(client, pipeline)
        except TooMuchRubbish as much:
            await self._refuse(pipeline, much)
        if self.shown.halted and monotonic() >= self._halt_retry_due:
            # What was missing may have been put right meanwhile.
            self._halt_retry_due = monotonic() + self._settings.halt_retry_seconds
            await self._begin_again(client, pipeline)

    async def _show_life(self, client: AIOKafkaConsumer) -> None:
        # The client leaves the group when nobody asks it for records; it also raises here what went
        # wrong with the membership. All its partitions are paused: there are never any.
        if monotonic() >= self._life_due:
            self._life_due = monotonic() + _LIFE_SECONDS
            await client.getmany(timeout_ms=0)

    async def _take(
        self, reader: Reader, pipeline: Pipeline, got: Mapping[Partition, Fetched]
    ) -> None:
        async with self._lock:
            fresh: dict[Partition, Fetched] = {}
            for partition, fetched in got.items():
                if self._is_fresh(reader, pipeline, partition, fetched):
                    fresh[partition] = fetched.part(pipeline.progress[partition].next)
            if not fresh:
                return
            for hole in await pipeline.take(fresh):
                self._halt(hole.partition, say(hole))
            self.shown.refused = None

    def _is_fresh(
        self, reader: Reader, pipeline: Pipeline, partition: Partition, fetched: Fetched
    ) -> bool:
        """Say whether what was fetched goes on where we stand, in a partition that is ours."""
        at = pipeline.progress.get(partition)
        if at is None or partition in self.shown.halted:
            return False
        first = fetched.first_offset
        if first <= at.next:
            return True
        # The log has a gap of its own, or something was skipped. Reading it once more tells which;
        # what is really missing shows in the chain.
        gap = (at.next, first)
        if self._gaps.get(partition) == gap:
            return True
        self._gaps[partition] = gap
        reader.stand(partition, at.next)
        return False

    async def _begin_again(self, client: AIOKafkaConsumer, pipeline: Pipeline) -> None:
        async with self._lock:
            with contextlib.suppress(Fenced):
                await pipeline.settle()
            await self._stand(client, pipeline, list(pipeline.progress))

    async def _refuse(self, pipeline: Pipeline, much: TooMuchRubbish) -> None:
        """Stop with everything in place: nothing is parked until somebody has looked."""
        async with self._lock:
            if self.shown.refused is None:
                log.error("consumer_refuses", reason=str(much))
            self.shown.refused = str(much)
            with contextlib.suppress(Fenced):
                await pipeline.settle()
            for partition in pipeline.progress:
                self._halt(partition, str(much))
            self._halt_retry_due = monotonic() + self._settings.halt_retry_seconds

    # -- what others see -------------------------------------------------------------------

    def _note_lag(self, reader: Reader, pipeline: Pipeline) -> None:
        for partition, progress in pipeline.progress.items():
            end = reader.ends.get(partition)
            if end is not None:
                self.shown.lag[partition] = max(0, end - progress.next)
        pipeline.expect(sum(self.shown.lag.values()))

    async def _tell_kafka(self, client: AIOKafkaConsumer, pipeline: Pipeline) -> None:
        # Only so that lag tools can read them: nothing here ever reads these offsets.
        if monotonic() < self._kafka_commit_due or not pipeline.progress:
            return
        self._kafka_commit_due = monotonic() + self._settings.kafka_commit_seconds
        offsets = {place(p): at.next for p, at in pipeline.progress.items()}
        reach("before_kafka_commit")
        with contextlib.suppress(KafkaError):
            await client.commit(offsets)
