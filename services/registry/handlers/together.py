"""Requests that come at the same time are done in one transaction, each with its own answer.

A transaction costs the same round trips and the same wait for the disk whether one request is in
it or fifty. While one is under way the next requests gather; nobody waits for a clock, so a request
that comes alone is served at once.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeAlias, TypeVar

from shared.plumbing.postgres import ROLLED_BACK, UNAVAILABLE

Job = TypeVar("Job")
Result = TypeVar("Result")
Settled: TypeAlias = "Result | Exception | None"
"""What became of a job: its result, its own refusal, or None: it has to be done alone."""


class Together(Generic[Job, Result]):
    """Gathers jobs and does up to `most` of them at once.

    `work` does some in one transaction, without waiting for anybody's lock, and says what became
    of each; when it raises, nothing of it is in, or nobody knows. `alone` does one, and waits.
    Jobs with the same mark (`mark_of`, None for none) are never in the same transaction.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Job]], Awaitable[Sequence["Settled[Result]"]]],
        alone: Callable[[Job], Awaitable[Result]],
        mark_of: Callable[[Job], Hashable | None],
        *,
        most: int = 64,
        alone_at_once: int = 6,
    ) -> None:
        self._work, self._alone, self._mark_of, self._most = work, alone, mark_of, most
        self._queue: deque[tuple[Job, asyncio.Future[Result]]] = deque()
        self._turns = asyncio.Semaphore(alone_at_once)
        self._lane: asyncio.Task[None] | None = None
        self._loners: set[asyncio.Task[None]] = set()

    async def run(self, job: Job) -> Result:
        """Do a job. Raises what it came to: its refusal, or an error of `work` or `alone`."""
        settled: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((job, settled))
        if self._lane is None or self._lane.done():
            self._lane = asyncio.create_task(self._drain(), name="together")
        return await settled

    async def _drain(self) -> None:
        # Whoever is ready to ask in this turn of the loop comes along.
        await asyncio.sleep(0)
        while self._queue:
            batch = self._next()
            try:
                settled = await self._work([job for job, _ in batch])
            except Exception as error:
                self._fail(batch, error)
                continue
            for (job, future), result in zip(batch, settled, strict=True):
                if result is None:
                    self._send_alone(job, future)
                else:
                    _settle(future, result)

    def _next(self) -> list[tuple[Job, "asyncio.Future[Result]"]]:
        batch: list[tuple[Job, asyncio.Future[Result]]] = []
        later: list[tuple[Job, asyncio.Future[Result]]] = []
        marks: set[Hashable] = set()
        while self._queue and len(batch) < self._most:
            job, future = self._queue.popleft()
            mark = self._mark_of(job)
            if mark is not None and mark in marks:
                later.append((job, future))
                continue
            marks.add(mark)
            batch.append((job, future))
        self._queue.extendleft(reversed(later))
        return batch

    def _fail(
        self, batch: Sequence[tuple[Job, "asyncio.Future[Result]"]], error: Exception
    ) -> None:
        """One bad job must not be the others' error; a server that is away is everybody's."""
        away = isinstance(error, UNAVAILABLE) and not isinstance(error, ROLLED_BACK)
        for job, future in batch:
            if away:
                _settle(future, error)
            else:
                self._send_alone(job, future)

    def _send_alone(self, job: Job, future: "asyncio.Future[Result]") -> None:
        task = asyncio.create_task(self._do_alone(job, future), name="alone")
        self._loners.add(task)
        task.add_done_callback(self._loners.discard)

    async def _do_alone(self, job: Job, future: "asyncio.Future[Result]") -> None:
        try:
            async with self._turns:
                _settle(future, await self._alone(job))
        except Exception as error:
            _settle(future, error)


def _settle(future: "asyncio.Future[Result]", result: "Result | Exception") -> None:
    if future.done():  # whoever asked has gone
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
