"""Which of our facts the registry has answered: by its event, or by the rejected topic.

Both carry the reference. The events are read from the first one, so that a load that was broken
off goes on where it stood and a finished one is not sent again.
"""

import re
from collections.abc import Collection
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]

from deploy.sample.records import REFERENCE_PREFIX
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC, REGISTRY_REJECTED_TOPIC, Topic

_REFERENCE: Final = re.compile(
    rb'"reference"\s*:\s*"(%s[0-9A-Z]+-[0-9]{6})"' % REFERENCE_PREFIX.encode()
)
_ANYWHERE: Final = re.compile(rb"%s[0-9A-Z]+-[0-9]{6}" % REFERENCE_PREFIX.encode())


class FactsRefusedError(Exception):
    """The registry refused facts of the sample; the text quotes the first ones."""


class Answers:
    """Follows the registry's answers: start, ask, stop."""

    def __init__(self, kafka: str) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=kafka, enable_auto_commit=False, fetch_max_wait_ms=100
        )
        self.accepted: set[str] = set()
        self.refused: dict[str, str] = {}

    async def start(self) -> "Answers":
        """Connect and read the events that are there. Raises KafkaError, nothing left open."""
        try:
            await self._consumer.start()
            await self._begin()
        except BaseException:
            await self.stop()
            raise
        return self

    async def stop(self) -> None:
        """Close the connection."""
        await self._consumer.stop()

    async def wait_for(self, references: Collection[str]) -> None:
        """Return when all are accepted; raises FactsRefusedError at the first refusal."""
        missing = set(references) - self.accepted
        while missing:
            await self.read()
            self.check(missing)
            missing -= self.accepted

    def check(self, references: Collection[str]) -> None:
        """Raise FactsRefusedError when one of them was refused and not accepted."""
        refused = [r for r in references if r in self.refused and r not in self.accepted]
        if refused:
            quoted = "\n".join(f"  {r}: {self.refused[r]}" for r in sorted(refused)[:5])
            raise FactsRefusedError(f"{len(refused)} bị từ chối / refused:\n{quoted}")

    async def read(self, timeout_ms: int = 200) -> None:
        """Take in what has arrived, waiting at most `timeout_ms` for something."""
        batches = await self._consumer.getmany(timeout_ms=timeout_ms)
        for place, batch in batches.items():
            for record in batch:
                self.take(place.topic, record.value or b"", record.headers)

    def take(self, topic: str, value: bytes, headers: Any) -> None:
        """Take in one record of either topic."""
        if topic == REGISTRY_EVENTS_TOPIC.name:
            self.accepted.update(found.decode() for found in _REFERENCE.findall(value))
            return
        # A refused record comes back whole, in whatever shape it was: look everywhere.
        text = value + b" " + b" ".join(v for _, v in headers if v)
        for found in set(_ANYWHERE.findall(text)):
            self.refused[found.decode()] = text.decode(errors="replace")[:1000]

    async def _begin(self) -> None:
        # The contract fixes the partitions; a changed number would be a new topic.
        events, rejected = _partitions(REGISTRY_EVENTS_TOPIC), _partitions(REGISTRY_REJECTED_TOPIC)
        self._consumer.assign([*events, *rejected])
        await self._consumer.seek_to_beginning(*events)
        # What was refused in an earlier attempt may have been put right since.
        await self._consumer.seek_to_end(*rejected)
        await self._catch_up(events)

    async def _catch_up(self, places: list[TopicPartition]) -> None:
        ends = await self._consumer.end_offsets(places)
        for place, end in ends.items():
            while await self._consumer.position(place) < end:
                await self.read()


def _partitions(topic: Topic) -> list[TopicPartition]:
    return [TopicPartition(topic.name, number) for number in range(topic.partitions)]
