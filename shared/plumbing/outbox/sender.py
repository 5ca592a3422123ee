"""Stamped events to Kafka: in their order within each partition, acknowledged, or not at all."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.producer.message_accumulator import (  # type: ignore[import-untyped]
    BatchBuilder,
)

from shared.plumbing.outbox.log import LoggedEvent

_PATIENCE = 15.0

Headers = list[tuple[str, bytes]]


class Sender:
    """Sends with one producer. After any error the producer is spent: make another one."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, source: str) -> None:
        self._producer = producer
        self._topic = topic
        self._constant: Headers = [
            ("content-type", b"application/json"),
            ("ce_specversion", b"1.0"),
            ("ce_source", source.encode()),
        ]

    async def send(self, events: Sequence[LoggedEvent]) -> None:
        """Send events and wait for all acknowledgements.

        Raises KafkaError, or TimeoutError after 15 seconds. A partition is never given a batch
        before the one ahead of it is acknowledged, so an error leaves no hole in it.
        """
        shares: defaultdict[int, list[LoggedEvent]] = defaultdict(list)
        for event in events:
            shares[event.partition].append(event)
        async with asyncio.timeout(_PATIENCE):
            results = await asyncio.gather(
                *(self._send_share(number, share) for number, share in shares.items()),
                return_exceptions=True,
            )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _send_share(self, partition: int, share: Sequence[LoggedEvent]) -> None:
        builder = self._producer.create_batch()
        for event in share:
            if not self._append(builder, event):
                await self._deliver(builder, partition)
                builder = self._producer.create_batch()
                if not self._append(builder, event):
                    raise ValueError(f"the event at position {event.position} fits no batch")
        await self._deliver(builder, partition)

    async def _deliver(self, builder: BatchBuilder, partition: int) -> None:
        builder.close()
        await (await self._producer.send_batch(builder, self._topic, partition=partition))

    def _append(self, builder: BatchBuilder, event: LoggedEvent) -> bool:
        appended = builder.append(
            timestamp=int(event.recorded_at.timestamp() * 1000),
            key=event.subject.encode(),
            value=event.data,
            headers=self.headers(event),
        )
        return appended is not None

    def headers(self, event: LoggedEvent) -> Headers:
        """The CloudEvents headers of an event, binary mode; times in UTC to the microsecond."""
        time = event.recorded_at.astimezone(UTC).replace(tzinfo=None)
        headers: Headers = [
            *self._constant,
            ("ce_id", event.ce_id.encode()),
            ("ce_type", event.type.encode()),
            ("ce_time", f"{time.isoformat(timespec='microseconds')}Z".encode()),
            ("ce_subject", event.subject.encode()),
            ("ce_position", b"%d" % event.position),
            ("ce_previous", b"%d" % event.previous),
        ]
        if event.traceparent is not None:
            headers.append(("traceparent", event.traceparent.encode()))
        return headers
