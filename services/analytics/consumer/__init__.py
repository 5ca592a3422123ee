"""The Kafka door: reads the event topics and hands records to the pipeline, exactly once.

aiokafka is driven directly here, without FastStream: `docs/decisions/0006-the-hot-loop.md`.
The offsets that count are in Postgres.
"""

from services.analytics.consumer.client import ConsumerSettings
from services.analytics.consumer.loop import FigureConsumer

__all__ = ["ConsumerSettings", "FigureConsumer"]
