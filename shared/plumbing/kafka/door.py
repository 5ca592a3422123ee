"""A Kafka door of ordinary rate: FastStream brings batches, Postgres keeps the offsets."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from aiokafka import (  # type: ignore[import-untyped]
    AIOKafkaConsumer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from prometheus_client import CollectorRegistry, Counter, Gauge

from shared.plumbing.clock import monotonic
from shared.plumbing.kafka.clients import KAFKA_UNAVAILABLE
from shared.plumbing.kafka.offsets import Fenced, Span
from shared.plumbing.kafka.positions import Positions
from shared.plumbing.kafka.records import RawRecord, raw_record
from shared.plumbing.log import get_logger

_log = get_logger(__name__)
_STUCK_SECONDS = 60.0
_COMMIT_SECONDS = 5.0


@dataclass(frozen=True)
class Batch:
    """Records in order within each partition, and the offsets that they move."""

    records: Sequence[RawRecord]
    spans: Sequence[Span]


LoadOffsets: TypeAlias = Callable[[], Awaitable[Mapping[int, int]]]
HandleBatch: TypeAlias = Callable[[Batch], Awaitable[None]]


class DoorStuck(Exception):
    """The door takes nothing any more; the message says why."""


class DoorMetrics:
    """Series of one door, labelled with its topic."""

    def __init__(self, registry: CollectorRegistry, topic: str) -> None:
        def counter(name: str, what: str) -> Counter:
            return Counter(name, what, ["topic"], registry=registry).labels(topic)

        self.records = counter("caunoi_door_records_total", "Records taken, for good.")
        self.repeats = counter("caunoi_door_repeats_total", "Records dropped: taken before.")
        self.retries = counter("caunoi_door_retries_total", "Batches tried again after an error.")
        self.lag = Gauge(
            "caunoi_door_lag", "Records not yet taken.", ["topic"], registry=registry
        ).labels(topic)


async def raw_parser(message: Any) -> KafkaMessage:
    """A FastStream parser that cannot fail.

    FastStream's own decodes every header, and one null or non-UTF-8 header would raise before the
    handler: the next commit would then pass the whole batch. It would also answer to whatever
    address a record's `reply_to` names; here there is none.
    """
    first = message[0] if isinstance(message, tuple) else message
    return KafkaMessage(
        body=b"",
        headers={},
        raw_message=message,
        correlation_id=f"{first.topic}-{first.partition}-{first.offset}",
        consumer=_NoConsumer(),
    )


async def raw_decoder(message: Any) -> Any:
    """A FastStream decoder that does not decode: the handler gets RawRecords."""
    raw = message.raw_message
    return [raw_record(one) for one in raw] if isinstance(raw, tuple) else raw_record(raw)


class _NoConsumer:
    async def commit(self) -> None:
        return

    def seek(self, partition: TopicPartition, offset: int) -> None:  # noqa: ARG002 - a port
        return


class BatchDoor(ConsumerRebalanceListener):  # type: ignore[misc]
    """Feeds `handle` with the records of a topic, each exactly once by its offset.

    `handle` opens one transaction, calls `offsets.advance(conn, batch.spans)` first, does the work
    and commits; it parks what it cannot apply. Whatever it raises, except Fenced, is retried in
    place with a growing pause: a record is never skipped. `load` reads the offsets of the topic.
    `instance` is the static membership id of this replica.
    """

    def __init__(
        self,
        broker: KafkaBroker,
        *,
        topic: str,
        group: str,
        instance: str,
        load: LoadOffsets,
        handle: HandleBatch,
        metrics: DoorMetrics,
        max_records: int = 500,
        poll_ms: int = 50,
    ) -> None:
        self.topic, self._load, self._handle, self._metrics = topic, load, handle, metrics
        self._positions = Positions(topic)
        # A batch and a change of assignment exclude each other.
        self._lock = asyncio.Lock()
        self._term = 0
        self._failing_since: float | None = None
        # Since when records wait, as far as a check saw it, and none was taken.
        self._behind_since: float | None = None
        self._reason = ""
        self._committed_at = 0.0
        self._subscriber = broker.subscriber(
            topic,
            group_id=group,
            group_instance_id=f"{group}-{instance}",
            batch=True,
            max_records=max_records,
            batch_timeout_ms=poll_ms,
            fetch_max_wait_ms=50,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            listener=self,
            parser=raw_parser,
            decoder=raw_decoder,
        )
        self._subscriber(self._take)

    async def check(self) -> None:
        """Pass while records are taken or there are none: a liveness check (DoorStuck)."""
        for reason in self._positions.broken.values():
            raise DoorStuck(reason)
        since = self._failing_since
        if since is not None and monotonic() - since > _STUCK_SECONDS:
            raise DoorStuck(f"{self.topic}: the same batch has failed for a minute: {self._reason}")
        consumer = self._subscriber.consumer
        if consumer is None or not self._positions.lag(consumer):
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = monotonic()
        elif monotonic() - self._behind_since > _STUCK_SECONDS:
            # Clients of Kafka can live on without consuming: only progress proves that they do.
            raise DoorStuck(f"{self.topic}: records wait, and none was taken for a minute")

    async def refresh(self) -> None:
        """Set the lag gauge: call before a scrape."""
        consumer = self._subscriber.consumer
        if consumer is not None:
            self._metrics.lag.set(self._positions.lag(consumer))

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Give up a batch that is being retried, wait for one that is being applied."""
        self._term += 1
        async with self._lock:
            self._positions.forget(revoked)

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Stand where Postgres says, before anything is taken."""
        consumer = self._consumer()
        # First of all: aiokafka fetches from its own idea of the position while this runs.
        consumer.pause(*assigned)
        self._term += 1
        term = self._term
        async with self._lock:
            while term == self._term:
                try:
                    await self._positions.assign(consumer, assigned, await self._load())
                    break
                except Exception as error:
                    await self._pause(error, attempt=3)
            self._recovered()

    async def _take(self, records: Any) -> None:
        """Apply a batch; return only when it is applied or no longer ours."""
        async with self._lock:
            term, consumer = self._term, self._consumer()
            fresh, spans = await self._positions.fit(consumer, records)
            self._metrics.repeats.inc(len(records) - len(fresh))
            if fresh and await self._apply(Batch(fresh, spans), term, consumer):
                self._positions.moved(spans)
                self._behind_since = None
                self._metrics.records.inc(len(fresh))
                await self._tell_kafka(consumer)

    async def _apply(self, batch: Batch, term: int, consumer: AIOKafkaConsumer) -> bool:
        attempt = 0
        while term == self._term:
            try:
                await self._handle(batch)
            except Fenced as fence:
                _log.warning("door_fenced", topic=self.topic, reason=str(fence))
                if await self._reload(consumer):
                    return False
            except Exception as error:
                attempt += 1
                await self._pause(error, attempt)
            else:
                self._recovered()
                return True
        return False

    async def _reload(self, consumer: AIOKafkaConsumer) -> bool:
        """Stand where Postgres says: after a commit of unknown outcome, or a fence."""
        try:
            await self._positions.assign(
                consumer, set(self._positions.tracked_places()), await self._load()
            )
        except Exception as error:
            await self._pause(error, attempt=3)
            return False
        self._recovered()
        return True

    async def _pause(self, error: Exception, attempt: int) -> None:
        self._metrics.retries.inc()
        self._reason = f"{type(error).__name__}: {error}"
        if self._failing_since is None:
            self._failing_since = monotonic()
        _log.warning(
            "door_retries", topic=self.topic, attempt=attempt, reason=self._reason, exc_info=error
        )
        await asyncio.sleep(min(0.05 * 2 ** min(attempt, 7), 5.0))

    def _recovered(self) -> None:
        self._failing_since, self._reason = None, ""

    def _consumer(self) -> AIOKafkaConsumer:
        consumer = self._subscriber.consumer
        assert consumer is not None, "the subscriber makes its consumer before it subscribes"
        return consumer

    async def _tell_kafka(self, consumer: AIOKafkaConsumer) -> None:
        """Commit to Kafka now and then, only for those who look at lag from outside."""
        if monotonic() - self._committed_at < _COMMIT_SECONDS:
            return
        self._committed_at = monotonic()
        try:
            await asyncio.wait_for(consumer.commit(self._positions.to_commit()), 2)
        except KAFKA_UNAVAILABLE as error:
            _log.info("door_commit_refused", topic=self.topic, reason=str(error))
