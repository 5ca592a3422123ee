"""From records to commits, one batch ahead: the next batch is decoded while one is being written.

A batch starts from where the one before it will end. If that one turns out to be fenced, both are
thrown away: nothing of them was written, and the offsets in Postgres say where to begin again.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from services.analytics.domain.batch import (
    Batch,
    Hole,
    Partition,
    Progress,
    look_at,
    parked_offsets,
)
from services.analytics.domain.bulk import Scanned, load
from services.analytics.domain.cells import Deltas
from services.analytics.domain.dead import NO_RESOLUTIONS, Resolutions, RubbishWatch
from services.analytics.domain.fetched import Fetched
from services.analytics.handlers.apply import Applier, Fenced, deltas_of
from shared.plumbing.clock import monotonic
from shared.plumbing.failpoints import reach
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import UNAVAILABLE

log = get_logger(__name__)
Observe = Callable[[float], None]
MANY = 30_000
_BESIDE = 1_000
_LOADED_WITHIN = 3.0
# One thread: each further one would keep memory of its own, and there is one batch at a time.
_beside = ThreadPoolExecutor(1, "look")


class Pipeline:
    """Applies records in order. Not safe for several tasks at once: the caller has a lock."""

    def __init__(
        self,
        applier: Applier,
        *,
        backoff: tuple[float, float] = (0.2, 5.0),
        rubbish: RubbishWatch | None = None,
        resolutions: Resolutions = NO_RESOLUTIONS,
        observe: Observe = lambda _seconds: None,
        fold: Callable[[Batch], Deltas] = deltas_of,
        machine_from: int = MANY,
    ) -> None:
        self.applier = applier
        self.progress: dict[Partition, Progress] = {}
        self.retries = 0
        self.last_commit = monotonic()
        self._backoff = backoff
        self._rubbish = rubbish or RubbishWatch()
        self._resolutions, self._parked = resolutions, parked_offsets(resolutions)
        self._observe = observe
        self._fold = fold
        self._pending: asyncio.Task[None] | None = None
        self._machine: asyncio.Future[None] | None = None
        self._machine_from, self._waiting = machine_from, True

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

    async def take(self, got: Mapping[Partition, Fetched]) -> list[Hole]:
        """Read what was fetched and begin to commit it; return the holes that were met.

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

    async def _build(self, got: Mapping[Partition, Fetched]) -> Batch:
        batch = Batch(self._resolutions, self._parked)
        for partition, fetched in got.items():
            scanned = await self._look(partition, fetched)
            batch.take_fetched(partition, self.progress[partition], fetched, scanned)
            await asyncio.sleep(0)
        return batch

    async def _look(self, partition: Partition, fetched: Fetched) -> Scanned | None:
        if self._machine is None:
            return None
        if self._waiting:
            # It is there at once unless it has to be compiled: then reading one by one goes on.
            self._waiting = False
            await asyncio.wait({self._machine}, timeout=_LOADED_WITHIN)
        if not self._machine.done() or self._machine.exception():
            return None
        if fetched.records_at_most < _BESIDE:
            return look_at(partition, fetched)
        # In a thread, so that the commit of the batch before goes on.
        return await asyncio.get_running_loop().run_in_executor(
            _beside, look_at, partition, fetched
        )

    def expect(self, records: int) -> None:
        """Be told how many records wait: for many, the machine code is loaded in the background.

        It takes memory, and on a machine's first time seconds, that a trickle is not worth.
        """
        if self._machine is None and records >= self._machine_from:
            self._machine = asyncio.get_running_loop().run_in_executor(_beside, load)
            self._machine.add_done_callback(_say_loaded)

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


def _say_loaded(loading: "asyncio.Future[None]") -> None:
    if not loading.cancelled() and (error := loading.exception()):
        log.warning("reads_one_by_one", reason=repr(error))


__all__ = ["Fenced", "Pipeline"]
