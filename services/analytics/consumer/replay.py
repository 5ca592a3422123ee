"""Reading the topics again from the first event, outside of the group, up to given offsets."""

from collections.abc import Callable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]

from services.analytics.consumer.client import (
    ConsumerSettings,
    misfits,
    new_client,
    partition_of,
    place,
    places,
    say,
)
from services.analytics.domain.batch import Partition, Raw
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

    async def __aenter__(self) -> "Replay":
        self._client = new_client(self._settings)
        await self._client.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._pipeline.drop()
            await self._client.stop()

    async def up_to(self, targets: Mapping[Partition, int], report: Report) -> None:
        """Apply everything below the targets. Raises ReplayBroken; `report` gets records done."""
        client, pipeline = self._client, self._pipeline
        assert client is not None
        at = await pipeline.stand(list(targets))
        wrong = await misfits(client, at)
        if wrong:
            raise ReplayBroken("; ".join(f"{p.topic}/{p.number}: {w}" for p, w in wrong.items()))
        open_ = {p for p, target in targets.items() if at[p].next < target}
        client.assign(places(open_))
        for partition in open_:
            client.seek(place(partition), at[partition].next)
        while open_:
            got = await client.getmany(timeout_ms=200, max_records=self._settings.max_records)
            fresh: dict[Partition, Sequence[Raw]] = {}
            for tp, records in got.items():
                partition = partition_of(tp)
                mine = [r for r in records if r.offset < targets[partition]]
                if mine and partition in open_:
                    fresh[partition] = mine
            if fresh:
                await self._feed(fresh, report)
            done = {p for p in open_ if pipeline.progress[p].next >= targets[p]}
            if done:
                client.pause(*places(done))
                open_ -= done
        await pipeline.settle()

    async def _feed(self, fresh: Mapping[Partition, Sequence[Raw]], report: Report) -> None:
        holes = await self._pipeline.take(fresh)
        if holes:
            raise ReplayBroken("; ".join(say(hole) for hole in holes))
        report(sum(len(records) for records in fresh.values()))
