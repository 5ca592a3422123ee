"""Following the topic with FastStream: each event once, whatever Kafka does."""

import logging
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from examples.petition_subscriber.mine import Event, Hole, MyList
from examples.petition_subscriber.service import Petitions

TOPIC = "caunoi.petitions.events.v1"
_log = logging.getLogger("petition_subscriber")


class Follower:
    """Keeps a list up to date: from a snapshot, then event by event."""

    def __init__(self, mine: MyList, petitions: Petitions) -> None:
        self.mine, self.petitions = mine, petitions

    async def begin(self) -> None:
        """Begin with a snapshot where there is no list yet."""
        if not self.mine.begun:
            partitions, lines = await self.petitions.snapshot()
            self.mine.begin(partitions, lines)
            _log.info("begun with %d petitions", len(lines))

    async def take(self, event: Event) -> None:
        """Apply an event; what is missing before it is fetched from the feed first."""
        try:
            verdict = self.mine.apply(event)
        except Hole as hole:
            _log.warning("hole: %s", hole)
            missing = self.petitions.between(event.partition, hole.mark, event.position)
            async for one in missing:
                self.mine.apply(one)
            # Still a hole: this raises again, the event is not acknowledged and comes again.
            verdict = self.mine.apply(event)
        _log.info("%s %s %d", verdict, event.subject, event.sequence)


def application(bootstrap: str, group: str, follower: Follower) -> FastStream:
    """Make the FastStream application; run it with `await app.run()`."""
    broker = KafkaBroker(bootstrap, logger=_log, log_level=logging.DEBUG)

    # NACK_ON_ERROR: an event that could not be applied is read again. Where Kafka thinks that we
    # stand does not matter: the marks in our own list decide what is new.
    @broker.subscriber(
        TOPIC, group_id=group, auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
    )
    async def on_event(data: dict[str, Any], message: KafkaMessage) -> None:
        raw = message.raw_message
        place = message.headers
        await follower.take(
            Event(
                raw.partition,  # type: ignore[union-attr]
                int(place["ce_position"]),
                int(place["ce_previous"]),
                data["subject"],
                data["sequence"],
                data["state"],
            )
        )

    return FastStream(broker, logger=None, on_startup=[follower.begin])
