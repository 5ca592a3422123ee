"""Reads partitions from given offsets, in whole record batches.

aiokafka's consumer makes an object of each record before it hands one over, which costs more than
everything that is done with it afterwards. So it keeps the membership in the group, with all its
partitions paused, and the reading is done here with aiokafka's client, by Fetch requests of ours.

A leader is asked again as soon as what it sent was taken, so one answer is always on its way while
another is being worked on, and never more.
"""

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import TopicPartition  # type: ignore[import-untyped]
from aiokafka.client import AIOKafkaClient  # type: ignore[import-untyped]
from aiokafka.errors import (  # type: ignore[import-untyped]
    CorruptRecordException,
    KafkaError,
    NoError,
    OffsetOutOfRangeError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest  # type: ignore[import-untyped]

from services.analytics.consumer.cutting import Cut, cut
from services.analytics.domain.batch import Partition
from services.analytics.domain.fetched import Fetched
from shared.plumbing.log import get_logger

log = get_logger(__name__)
_READ_UNCOMMITTED: Final = 0


@dataclass(frozen=True)
class ReaderSettings:
    """How much is asked for at once, in bytes as they are sent, and how long a leader may wait."""

    answer_bytes: int = 512 * 1024
    partition_bytes: int = 128 * 1024
    wait_ms: int = 100
    request_ms: int = 8_000
    backoff_seconds: float = 0.1


class OffsetsGone(Exception):
    """The log does not have the offsets that were asked for."""


class Reader:
    """Reads what it was stood on. Use as `async with`; one task may `get`."""

    def __init__(
        self, bootstrap: str, topics: Collection[str], settings: ReaderSettings, name: str
    ) -> None:
        self._client = AIOKafkaClient(
            bootstrap_servers=bootstrap,
            client_id=name,
            request_timeout_ms=settings.request_ms,
            metadata_max_age_ms=30_000,
        )
        self._topics, self._settings = list(topics), settings
        self._next: dict[Partition, int] = {}
        self._ready: dict[Partition, Cut] = {}
        self._gone: set[Partition] = set()
        self._changed, self._arrived = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.ends: dict[Partition, int] = {}

    async def __aenter__(self) -> "Reader":
        try:
            await self._client.bootstrap()
            await self._client.set_topics(self._topics)
        except BaseException:
            await self._client.close()
            raise
        self._task = asyncio.create_task(self._run(), name="reader")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            await asyncio.wait_for(self._client.close(), 5)

    # -- where ---------------------------------------------------------------------------------

    def stand(self, partition: Partition, offset: int) -> None:
        """Read a partition from an offset on; what was read of it before is forgotten."""
        self._next[partition] = offset
        self._ready.pop(partition, None)
        self._gone.discard(partition)
        self._changed.set()

    def leave(self, partitions: Collection[Partition]) -> None:
        """Read no more of partitions."""
        for partition in partitions:
            self._next.pop(partition, None)
            self._ready.pop(partition, None)
            self._gone.discard(partition)

    # -- what ----------------------------------------------------------------------------------

    async def get(self, timeout: float, most: int) -> Mapping[Partition, Fetched]:
        """Return what has arrived, about `most` records of it; waits `timeout` seconds for some.

        Raises OffsetsGone; whoever reads what fails has to stand anew.
        """
        if not self._ready and not self._gone:
            self._arrived.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), timeout)
        if self._gone:
            gone, self._gone = self._gone, set()
            raise OffsetsGone(", ".join(f"{p.topic}/{p.number}" for p in sorted(gone)))
        taken: dict[Partition, Fetched] = {}
        while self._ready and most > 0:
            partition = next(iter(self._ready))
            found = self._ready.pop(partition)
            most -= found.records
            taken[partition] = found.fetched
        if taken:
            self._changed.set()
        return taken

    # -- fetching ------------------------------------------------------------------------------

    async def _run(self) -> None:
        flying: dict[int, asyncio.Task[None]] = {}
        try:
            while True:
                self._changed.clear()
                for node, wanted in (await self._wanted(flying)).items():
                    flying[node] = asyncio.create_task(self._fetch(node, wanted))
                changed = asyncio.create_task(self._changed.wait())
                await asyncio.wait({changed, *flying.values()}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                flying = {node: task for node, task in flying.items() if not task.done()}
        finally:
            for task in flying.values():
                task.cancel()
            await asyncio.gather(*flying.values(), return_exceptions=True)

    async def _wanted(self, flying: Collection[int]) -> dict[int, dict[Partition, int]]:
        """Return offsets by leader, of leaders that are not being asked and whose answer was taken.

        A leader is asked for all its partitions at once: were it asked for some while others lie
        here, those would have to wait until something arrives for the first.
        """
        found: dict[int, dict[Partition, int]] = {}
        busy, homeless = set(flying), False
        for partition, offset in self._next.items():
            node = self._client.cluster.leader_for_partition(TopicPartition(*partition))
            if node is None or node < 0:
                homeless = True
            elif partition in self._ready:
                busy.add(node)
            elif partition not in self._gone:
                found.setdefault(node, {})[partition] = offset
        found = {node: wanted for node, wanted in found.items() if node not in busy}
        if homeless:
            await self._learn()
            self._changed.set()
        return found

    async def _learn(self) -> None:
        """Ask anew who leads what, after a pause."""
        await asyncio.sleep(self._settings.backoff_seconds)
        with contextlib.suppress(KafkaError, OSError):
            await self._client.force_metadata_update()

    async def _fetch(self, node: int, wanted: Mapping[Partition, int]) -> None:
        try:
            answer = await self._client.send(node, self._request(wanted))
            learn = False
            for topic, parts in answer.topics:
                for number, error, end, *rest in parts:
                    partition = Partition(topic, number)
                    learn |= self._take(partition, wanted[partition], error, end, rest[-1])
        except (TimeoutError, KafkaError, OSError) as error:
            log.warning("fetch_failed", node=node, error=repr(error))
            learn = True
        if learn:
            await self._learn()

    def _request(self, wanted: Mapping[Partition, int]) -> FetchRequest:
        by_topic: dict[str, list[tuple[int, int, int]]] = {}
        for partition, offset in wanted.items():
            by_topic.setdefault(partition.topic, []).append(
                (partition.number, offset, self._settings.partition_bytes)
            )
        return FetchRequest(
            self._settings.wait_ms,
            1,
            self._settings.answer_bytes,
            _READ_UNCOMMITTED,
            list(by_topic.items()),
        )

    def _take(
        self, partition: Partition, asked: int, code: int, end: int, octets: bytes | None
    ) -> bool:
        """Keep a partition's part of an answer; say whether leaders have to be learned anew."""
        if self._next.get(partition) != asked:
            return False  # stood elsewhere meanwhile
        error: Any = for_code(code)
        if error is OffsetOutOfRangeError:
            self._gone.add(partition)
            self._arrived.set()
            return False
        if error is not NoError:
            log.warning("fetch_refused", partition=str(partition), error=error.__name__)
            return True
        self.ends[partition] = end
        if not octets:
            return False
        try:
            found = cut(partition.topic, partition.number, octets, asked)
        except CorruptRecordException as corrupt:
            log.error("record_batch_corrupt", partition=str(partition), reason=str(corrupt))
            return True
        self._next[partition] = found.next
        if found.records:
            self._ready[partition] = found
            self._arrived.set()
        return False
