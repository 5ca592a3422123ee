"""Requests that come at the same time are done in one transaction, each with its own answer.

A transaction costs the same round trips and the same wait for the disk whether one request is in
it or fifty. While one is under way the next requests gather; nobody waits for a clock, so a request
that comes alone is served at once.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence, Set
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from shared.plumbing.postgres import ROLLED_BACK, UNAVAILABLE

Job = TypeVar("Job")
Result = TypeVar("Result")
Settled: TypeAlias = "Result | Exception | None"
"""What became of a job: its result, its own refusal, or None: it has to be done alone."""


class Together(Generic[Job, Result]):
    """Gathers jobs and does up to `most` of them at once, in `lanes` transactions side by side.

    `work` does some in one transaction, without waiting for anybody's lock, and says what became
    of each; when it raises, nothing of it is in, or nobody knows. `alone` does one, and waits.
    Jobs that touch the same thing (`touches`) are not in two transactions at the same time; those
    with the same `key_of` (None for none) not even in the same one.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Job]], Awaitable[Sequence["Settled[Result]"]]],
        alone: Callable[[Job], Awaitable[Result]],
        *,
        touches: Callable[[Job], Set[Hashable]],
        key_of: Callable[[Job], Hashable | None],
        most: int = 64,
        lanes: int = 2,
        alone_at_once: int = 6,
    ) -> None:
        self._work, self._alone, self._most, self._lanes = work, alone, most, lanes
        self._touches, self._key_of = touches, key_of
        self._queue: deque[_Asked[Job, Result]] = deque()
        self._touched: set[Hashable] = set()
        self._turns = asyncio.Semaphore(alone_at_once)
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, job: Job) -> Result:
        """Do a job. Raises what it came to: its refusal, or an error of `work` or `alone`."""
        settled: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append(_Asked(job, settled, self._touches(job), self._key_of(job)))
        if self._running < self._lanes:
            self._running += 1
            self._spawn(self._drain())
        return await settled

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="together")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self) -> None:
        """One lane, until nothing is left that it could do."""
        # Whoever is ready to ask in this turn of the loop comes along.
        await asyncio.sleep(0)
        try:
            while batch := self._next():
                touched = frozenset[Hashable]().union(*(asked.touches for asked in batch))
                self._touched |= touched
                try:
                    await self._do(batch)
                finally:
                    self._touched -= touched
        finally:
            self._running -= 1

    async def _do(self, batch: Sequence["_Asked[Job, Result]"]) -> None:
        try:
            settled = await self._work([asked.job for asked in batch])
        except Exception as error:
            self._fail(batch, error)
            return
        for asked, result in zip(batch, settled, strict=True):
            if result is None:
                self._spawn(self._do_alone(asked))
            else:
                asked.settle(result)

    def _next(self) -> list["_Asked[Job, Result]"]:
        """The oldest jobs that can be done together now; the others keep their places."""
        batch: list[_Asked[Job, Result]] = []
        later: list[_Asked[Job, Result]] = []
        keys: set[Hashable] = set()
        while self._queue and len(batch) < self._most:
            asked = self._queue.popleft()
            if asked.key in keys or not self._touched.isdisjoint(asked.touches):
                later.append(asked)
                continue
            if asked.key is not None:
                keys.add(asked.key)
            batch.append(asked)
        self._queue.extendleft(reversed(later))
        return batch

    def _fail(self, batch: Sequence["_Asked[Job, Result]"], error: Exception) -> None:
        """One bad job must not be the others' error; a server that is away is everybody's."""
        away = isinstance(error, UNAVAILABLE) and not isinstance(error, ROLLED_BACK)
        for asked in batch:
            if away:
                asked.settle(error)
            else:
                self._spawn(self._do_alone(asked))

    async def _do_alone(self, asked: "_Asked[Job, Result]") -> None:
        try:
            async with self._turns:
                asked.settle(await self._alone(asked.job))
        except Exception as error:
            asked.settle(error)


@dataclass(frozen=True, slots=True)
class _Asked(Generic[Job, Result]):
    """A job that somebody waits for."""

    job: Job
    answer: "asyncio.Future[Result]"
    touches: Set[Hashable]
    key: Hashable | None

    def settle(self, result: "Result | Exception") -> None:
        """Give the answer, unless whoever asked has gone."""
        if self.answer.done():
            return
        if isinstance(result, Exception):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)
