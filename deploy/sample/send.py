"""Sends the sample as an upstream system would: through the intake topic, each key in order."""

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]

from deploy.sample.answers import Answers
from deploy.sample.records import TOPIC, Record

_TOGETHER: Final = 500


async def send(kafka: str, records: Sequence[Record], answers: Answers) -> None:
    """Send records in their order, wave by wave; returns when all are acknowledged by Kafka.

    Order is kept per key only, so a wave that later ones lean on (a branch on its parent) is sent
    and answered before the next begins. Raises FactsRefusedError, KafkaError.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, enable_idempotence=True, acks="all", linger_ms=5
    )
    await producer.start()
    try:
        waves = [list(group) for _, group in groupby(records, key=lambda r: r.wave)]
        for number, wave in enumerate(waves, start=1):
            await _send_wave(producer, wave)
            if number < len(waves):
                await answers.wait_for([record.reference for record in wave])
    finally:
        await producer.stop()


async def _send_wave(producer: AIOKafkaProducer, wave: Sequence[Record]) -> None:
    for start in range(0, len(wave), _TOGETHER):
        sent = [
            await producer.send(
                TOPIC, key=record.key, value=record.value(), headers=record.headers()
            )
            for record in wave[start : start + _TOGETHER]
        ]
        await asyncio.gather(*sent)
