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
from aiokafka.errors import KafkaError, OffsetOutOfRangeError  # type: ignore[import-untyped]

from services.analytics.consumer.client import (
    ConsumerSettings,
    misfits,
    new_client,
    partition_of,
    place,
    say,
)
from services.analytics.domain.batch import Partition, Raw
from services.analytics.domain.dead import TooMuchRubbish
from services.analytics.handlers.pipeline import Fenced, Pipeline
from shared.plumbing.clock import monotonic
from shared.plumbing.failpoints import reach
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import UNAVAILABLE

log = get_logger(__name__)
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
        self._pipeline: Pipeline | None = None
        # A batch and a change of assignment exclude each other.
        self._lock = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._gaps: dict[Partition, tuple[int, int]] = {}
        self._kafka_commit_due = 0.0
        self._halt_retry_due = 0.0
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
        self._client, self._pipeline = client, pipeline
        try:
            await client.start()
            client.subscribe(list(self._settings.topics), listener=self)
            while not self._stopping.is_set():
                await self._turn(client, pipeline)
            await pipeline.settle()
        finally:
            self.shown.assigned = False
            self.shown.halted.clear()
            await pipeline.drop()
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await asyncio.wait_for(client.stop(), 5)
            self._client = self._pipeline = None

    # -- assignment ------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Finish the batch at hand before the partitions are somebody else's."""
        pipeline = self._pipeline
        if pipeline is None:
            return
        async with self._lock:
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
        # First of all: until the seek the client fetches from a position of its own.
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
        at = await pipeline.stand(partitions)
        wrong = await misfits(client, at)
        for partition, progress in at.items():
            self._gaps.pop(partition, None)
            client.seek(place(partition), progress.next)
            if partition in wrong:
                self._halt(client, partition, wrong[partition])
            else:
                self.shown.halted.pop(partition, None)
                client.resume(place(partition))

    def _halt(self, client: AIOKafkaConsumer, partition: Partition, reason: str) -> None:
        if self.shown.halted.get(partition) != reason:
            log.error(
                "partition_halted",
                topic=partition.topic,
                partition=partition.number,
                reason=reason,
            )
        self.shown.halted[partition] = reason
        client.pause(place(partition))

    # -- the loop --------------------------------------------------------------------------

    async def _turn(self, client: AIOKafkaConsumer, pipeline: Pipeline) -> None:
        try:
            got = await client.getmany(
                timeout_ms=int(self._settings.poll_seconds * 1000),
                max_records=self._settings.max_records,
            )
            self._note_lag(client, pipeline)
            if got:
                reach("polled")
                await self._take(client, pipeline, got)
            else:
                await pipeline.settle()
                await self._tell_kafka(client, pipeline)
        except OffsetOutOfRangeError:
            await self._begin_again(client, pipeline)
        except Fenced as fenced:
            self.shown.fenced += 1
            log.warning("batch_fenced", reason=str(fenced))
            await self._begin_again(client, pipeline)
        except TooMuchRubbish as much:
            await self._refuse(client, pipeline, much)
        if self.shown.halted and monotonic() >= self._halt_retry_due:
            # What was missing may have been put right meanwhile.
            self._halt_retry_due = monotonic() + self._settings.halt_retry_seconds
            await self._begin_again(client, pipeline)

    async def _take(
        self,
        client: AIOKafkaConsumer,
        pipeline: Pipeline,
        got: Mapping[TopicPartition, Sequence[Raw]],
    ) -> None:
        async with self._lock:
            fresh: dict[Partition, Sequence[Raw]] = {}
            for tp, records in got.items():
                mine = self._fresh(client, pipeline, partition_of(tp), records)
                if mine:
                    fresh[partition_of(tp)] = mine
            if not fresh:
                return
            for hole in await pipeline.take(fresh):
                self._halt(client, hole.partition, say(hole))
                client.seek(place(hole.partition), hole.offset)
            self.shown.refused = None

    def _fresh(
        self,
        client: AIOKafkaConsumer,
        pipeline: Pipeline,
        partition: Partition,
        records: Sequence[Raw],
    ) -> Sequence[Raw]:
        """Return the records from the expected offset on; none of a partition that is not ours."""
        at = pipeline.progress.get(partition)
        if at is None or partition in self.shown.halted:
            return ()
        if records[0].offset < at.next:
            records = [record for record in records if record.offset >= at.next]
        if not records or records[0].offset == at.next:
            return records
        # A record beyond the expected one was fetched before the seek, or the log has a gap of its
        # own. Reading it once more tells which; what is really missing shows in the chain.
        gap = (at.next, records[0].offset)
        if self._gaps.get(partition) == gap:
            return records
        self._gaps[partition] = gap
        client.seek(place(partition), at.next)
        return ()

    async def _begin_again(self, client: AIOKafkaConsumer, pipeline: Pipeline) -> None:
        async with self._lock:
            with contextlib.suppress(Fenced):
                await pipeline.settle()
            await self._stand(client, pipeline, list(pipeline.progress))

    async def _refuse(
        self, client: AIOKafkaConsumer, pipeline: Pipeline, much: TooMuchRubbish
    ) -> None:
        """Stop with everything in place: nothing is parked until somebody has looked."""
        async with self._lock:
            if self.shown.refused is None:
                log.error("consumer_refuses", reason=str(much))
            self.shown.refused = str(much)
            with contextlib.suppress(Fenced):
                await pipeline.settle()
            for partition in pipeline.progress:
                self._halt(client, partition, str(much))
            self._halt_retry_due = monotonic() + self._settings.halt_retry_seconds

    # -- what others see -------------------------------------------------------------------

    def _note_lag(self, client: AIOKafkaConsumer, pipeline: Pipeline) -> None:
        for partition, progress in pipeline.progress.items():
            end = client.highwater(place(partition))
            if end is not None:
                self.shown.lag[partition] = max(0, end - progress.next)

    async def _tell_kafka(self, client: AIOKafkaConsumer, pipeline: Pipeline) -> None:
        # Only so that lag tools can read them: nothing here ever reads these offsets.
        if monotonic() < self._kafka_commit_due or not pipeline.progress:
            return
        self._kafka_commit_due = monotonic() + self._settings.kafka_commit_seconds
        offsets = {place(p): at.next for p, at in pipeline.progress.items()}
        reach("before_kafka_commit")
        with contextlib.suppress(KafkaError):
            await client.commit(offsets)
