"""The clock door: copies refused records to their topic, and gives up what waited too long."""

import asyncio
from datetime import timedelta

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]

from services.registry.handlers import Registrar
from services.registry.handlers.rejects import Rejects, Which
from services.registry.store.parked import RejectedRecord
from shared.contracts.topics import REGISTRY_INTAKE_TOPIC, REGISTRY_REJECTED_TOPIC
from shared.plumbing.kafka.clients import start_producer, stop_producer

_SLICE = 500
_SEND_SECONDS = 10.0
RESENT = "caunoi-resent"
"""The header that says which refused record it was."""


async def give_up_waiting(registrar: Registrar, patience: timedelta) -> None:
    """Refuse what has waited too long for its parent."""
    while await registrar.give_up_waiting(patience):
        pass


async def end_suspensions(registrar: Registrar) -> None:
    """End the suspensions whose last day is past."""
    while await registrar.end_suspensions():
        pass


class RejectedSender:
    """Copies refused records into the rejected topic, at least once, oldest first.

    The producer is made when there is something to send and kept; after an error, anew.
    """

    def __init__(self, rejects: Rejects, bootstrap: str) -> None:
        self._rejects, self._bootstrap = rejects, bootstrap
        self._producer: AIOKafkaProducer | None = None

    async def send_all(self) -> None:
        """Send whatever is not there yet. Raises UNAVAILABLE or KAFKA_UNAVAILABLE."""
        try:
            while await self._rejects.send(self._send, _SLICE) == _SLICE:
                pass
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let the producer go."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop_producer(producer)

    async def _send(self, rejected: list[RejectedRecord]) -> None:
        if self._producer is None:
            self._producer = await start_producer(
                self._bootstrap, client_id="caunoi-registry-rejected"
            )
        async with asyncio.timeout(_SEND_SECONDS):
            sent = [await self._send_one(self._producer, one) for one in rejected]
            await asyncio.gather(*sent)

    async def _send_one(
        self, producer: AIOKafkaProducer, one: RejectedRecord
    ) -> "asyncio.Future[object]":
        record = one.record
        ours = {
            "caunoi-code": one.code,
            "caunoi-reason-vi": one.vi,
            "caunoi-reason-en": one.en,
            "caunoi-reference": one.reference,
            "caunoi-origin": f"{record.topic}/{record.partition}/{record.offset}",
        }
        headers = [
            *(h for h in record.headers if h[0] not in ours),
            *((name, text.encode()) for name, text in ours.items() if text is not None),
        ]
        future: asyncio.Future[object] = await producer.send(
            REGISTRY_REJECTED_TOPIC.name, record.value, record.key, headers=headers
        )
        return future


async def resend_rejected(rejects: Rejects, which: Which, bootstrap: str) -> int:
    """Send refused records to the intake topic again, as they came; how many.

    Raises one of UNAVAILABLE or KAFKA_UNAVAILABLE: what was sent until then is marked.
    """
    last, sent = await rejects.last(), 0
    producer = await start_producer(bootstrap, client_id="caunoi-registry-resend")

    async def deliver(rejected: list[RejectedRecord]) -> None:
        async with asyncio.timeout(_SEND_SECONDS):
            futures = [await _send_again(producer, one) for one in rejected]
            await asyncio.gather(*futures)

    try:
        while done := await rejects.resend(deliver, which, last, _SLICE):
            sent += done
    finally:
        await stop_producer(producer)
    return sent


async def _send_again(producer: AIOKafkaProducer, one: RejectedRecord) -> "asyncio.Future[object]":
    record = one.record
    origin = f"{record.topic}/{record.partition}/{record.offset}".encode()
    headers = [*(h for h in record.headers if h[0] != RESENT), (RESENT, origin)]
    future: asyncio.Future[object] = await producer.send(
        REGISTRY_INTAKE_TOPIC.name, record.value, record.key, headers=headers
    )
    return future
