"""From records to commits, one batch ahead: the next batch is decoded while one is being written.

A batch starts from where the one before it will end. If that one turns out to be fenced, both are
thrown away: nothing of them was written, and the offsets in Postgres say where to begin again.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence

from services.analytics.domain.batch import Batch, Hole, Partition, Progress, Raw
from services.analytics.domain.cells import Deltas
from services.analytics.domain.dead import NO_RESOLUTIONS, Resolutions, RubbishWatch
from services.analytics.handlers.apply import Applier, Fenced, deltas_of
from shared.plumbing.clock import monotonic
from shared.plumbing.failpoints import reach
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import UNAVAILABLE

log = get_logger(__name__)
Observe = Callable[[float], None]


class Pipeline:
    """Applies records in order. Not safe for several tasks at once: the caller has a lock."""

    def __init__(
        self,
        applier: Applier,
        *,
        slice_records: int = 2_000,
        backoff: tuple[float, float] = (0.2, 5.0),
        rubbish: RubbishWatch | None = None,
        resolutions: Resolutions = NO_RESOLUTIONS,
        observe: Observe = lambda _seconds: None,
        fold: Callable[[Batch], Deltas] = deltas_of,
    ) -> None:
        self.applier = applier
        self.progress: dict[Partition, Progress] = {}
        self.retries = 0
        self.last_commit = monotonic()
        self._slice = slice_records
        self._backoff = backoff
        self._rubbish = rubbish or RubbishWatch()
        self._resolutions = resolutions
        self._observe = observe
        self._fold = fold
        self._pending: asyncio.Task[None] | None = None

    async def stand(self, partitions: Collection[Partition]) -> dict[Partition, Progress]:
        """Take the offsets from Postgres; a database that is away is waited for."""
        while True:
            try:
                found = await self.applier.progress(partitions)
                break
            except UNAVAILABLE as error:
                log.warning("offsets_unreadable", error=repr(error))
                await asyncio.sleep(self._backoff[0])
        self.progress.update(found)
        return found

    async def take(self, got: Mapping[Partition, Sequence[Raw]]) -> list[Hole]:
        """Decode records and begin to commit them; return the holes that were met.

        The batch before is waited for. Raises Fenced, and TooMuchRubbish with nothing begun.
        """
        batch = await self._build(got)
        self._rubbish.judge(batch.size, len(batch.dead))
        deltas = self._fold(batch)
        reach("built")
        await self.settle()
        if batch.spans:
            for partition, span in batch.spans.items():
                self.progress[partition] = Progress(span.hi, span.chain)
            self._pending = asyncio.create_task(self._commit(batch, deltas))
        return list(batch.holes.values())

    async def settle(self) -> None:
        """Wait for the commit at hand. Raises Fenced."""
        pending, self._pending = self._pending, None
        if pending is not None:
            await pending

    async def drop(self) -> None:
        """Throw away what is at hand."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)

    async def _build(self, got: Mapping[Partition, Sequence[Raw]]) -> Batch:
        batch = Batch(self._resolutions)
        for partition, records in got.items():
            at = self.progress[partition]
            for start in range(0, len(records), self._slice):
                batch.take_run(partition, at, records[start : start + self._slice])
                if partition in batch.holes:
                    break
                # Lets the commit of the batch before go on meanwhile.
                await asyncio.sleep(0)
        return batch

    async def _commit(self, batch: Batch, deltas: Deltas) -> None:
        started, (pause, limit) = monotonic(), self._backoff
        while True:
            try:
                await self.applier.apply(batch, deltas)
                break
            except UNAVAILABLE as error:
                self.retries += 1
                log.warning("commit_retries", error=repr(error), pause=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, limit)
                if await self._went_in(batch):
                    break
        self.last_commit = monotonic()
        self._observe(self.last_commit - started)

    async def _went_in(self, batch: Batch) -> bool:
        """Ask the offsets whether a commit of unknown outcome happened."""
        try:
            return await self.applier.is_applied(batch)
        except UNAVAILABLE:
            return False


__all__ = ["Fenced", "Pipeline"]
