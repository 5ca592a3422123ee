"""Reading the topics again from the first event, outside of the group, up to given offsets."""

from collections.abc import Callable, Mapping

from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]

from services.analytics.consumer.client import (
    ConsumerSettings,
    misfits,
    new_client,
    new_reader,
    say,
)
from services.analytics.consumer.reader import Reader
from services.analytics.domain.batch import Partition
from services.analytics.domain.fetched import Fetched
from services.analytics.handlers.pipeline import Pipeline

Report = Callable[[int], None]


class ReplayBroken(Exception):
    """The topics do not hold what the live figures were made of; the message says where."""


class Replay:
    """Feeds a pipeline up to targets. Use as `async with`."""

    def __init__(self, settings: ConsumerSettings, pipeline: Pipeline) -> None:
        self._settings = settings
        self._pipeline = pipeline
        self._client: AIOKafkaConsumer | None = None
        self._reader: Reader = new_reader(settings)

    async def __aenter__(self) -> "Replay":
        self._client = new_client(self._settings)
        await self._client.start()
        await self._reader.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._pipeline.drop()
            await self._reader.__aexit__()
            await self._client.stop()

    async def up_to(self, targets: Mapping[Partition, int], report: Report) -> None:
        """Apply everything below the targets; `report` gets records done.

        Raises ReplayBroken, OffsetsGone.
        """
        client, pipeline = self._client, self._pipeline
        assert client is not None
        at = await pipeline.stand(list(targets))
        wrong = await misfits(client, at)
        if wrong:
            raise ReplayBroken("; ".join(f"{p.topic}/{p.number}: {w}" for p, w in wrong.items()))
        open_ = {p for p, target in targets.items() if at[p].next < target}
        pipeline.expect(sum(targets[p] - at[p].next for p in open_))
        for partition in open_:
            self._reader.stand(partition, at[partition].next)
        while open_:
            got = await self._reader.get(0.2, self._settings.max_records)
            fresh = {
                partition: fetched.part(0, targets[partition])
                for partition, fetched in got.items()
                if partition in open_
            }
            if fresh:
                await self._feed(fresh, report)
            done = {p for p in open_ if pipeline.progress[p].next >= targets[p]}
            self._reader.leave(done)
            open_ -= done
        await pipeline.settle()

    async def _feed(self, fresh: Mapping[Partition, Fetched], report: Report) -> None:
        before = {p: self._pipeline.progress[p].next for p in fresh}
        holes = await self._pipeline.take(fresh)
        if holes:
            raise ReplayBroken("; ".join(say(hole) for hole in holes))
        report(sum(self._pipeline.progress[p].next - lo for p, lo in before.items()))
