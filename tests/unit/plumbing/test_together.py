"""Jobs that come together are done together, and none is another's misfortune."""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import pytest

from shared.plumbing.errors import Problem
from shared.plumbing.together import Together


def refusal() -> Problem:
    return Problem("no", 409, title_vi="không", title_en="no")


@dataclass
class Work:
    """Notes what is done together and alone; waits for `go` before it ends."""

    together: list[list[str]] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    failing: Exception | None = None

    async def some(self, jobs: Sequence[str]) -> list[str | Exception | None]:
        self.together.append(list(jobs))
        await self.go.wait()
        if self.failing is not None:
            raise self.failing
        return [self._settle(job) for job in jobs]

    def _settle(self, job: str) -> str | Exception | None:
        if job.startswith("held"):
            return None
        return refusal() if job.startswith("bad") else job.upper()

    async def one(self, job: str) -> str:
        self.alone.append(job)
        if job.startswith("bad"):
            raise refusal()
        return job.upper()


def touches(job: str) -> frozenset[Hashable]:
    """The letter after the dash."""
    return frozenset({job.partition("-")[2]} - {""})


def key_of(job: str) -> str | None:
    """The part after the plus."""
    return job.partition("+")[2] or None


def gather(work: Work, *, lanes: int = 1, most: int = 64) -> Together[str, str]:
    return Together(work.some, work.one, touches=touches, key_of=key_of, lanes=lanes, most=most)


async def ask(together: Together[str, str], *jobs: str) -> list["asyncio.Task[str]"]:
    tasks = [asyncio.create_task(together.run(job)) for job in jobs]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_what_comes_while_one_is_under_way_is_done_together_afterwards() -> None:
    work = Work()
    together = gather(work)
    first = await ask(together, "a")
    others = await ask(together, "b", "c", "d")
    work.go.set()
    assert await asyncio.gather(*first, *others) == ["A", "B", "C", "D"]
    assert work.together == [["a"], ["b", "c", "d"]]


async def test_a_refusal_is_of_its_own_job_alone() -> None:
    work = Work()
    work.go.set()
    tasks = await ask(gather(work), "a", "bad", "c")
    assert [await tasks[0], await tasks[2]] == ["A", "C"]
    with pytest.raises(Problem):
        await tasks[1]


async def test_a_job_that_somebody_holds_up_goes_alone() -> None:
    work = Work()
    work.go.set()
    tasks = await ask(gather(work), "a", "held", "c")
    assert await asyncio.gather(*tasks) == ["A", "HELD", "C"]
    assert work.alone == ["held"]


async def test_when_a_batch_fails_each_is_done_alone() -> None:
    work = Work(failing=ValueError("a mistake"))
    work.go.set()
    tasks = await ask(gather(work), "a", "bad", "c")
    assert [await tasks[0], await tasks[2]] == ["A", "C"]
    with pytest.raises(Problem):
        await tasks[1]
    assert sorted(work.alone) == ["a", "bad", "c"]


async def test_a_server_that_is_away_is_everybodys_error() -> None:
    work = Work(failing=ConnectionRefusedError())
    work.go.set()
    for task in await ask(gather(work), "a", "b"):
        with pytest.raises(ConnectionRefusedError):
            await task
    assert work.alone == []


async def test_two_jobs_with_one_key_are_not_in_the_same_batch() -> None:
    work = Work()
    work.go.set()
    tasks = await ask(gather(work), "a+1", "b+1", "c+2")
    await asyncio.gather(*tasks)
    assert work.together == [["a+1", "c+2"], ["b+1"]]


async def test_what_is_touched_in_one_lane_waits_in_the_other_and_keeps_its_order() -> None:
    work = Work()
    together = gather(work, lanes=2)
    first = await ask(together, "a-x")
    second = await ask(together, "b-x", "c-y", "d-x")
    assert work.together == [["a-x"], ["c-y"]]
    work.go.set()
    await asyncio.gather(*first, *second)
    assert work.together == [["a-x"], ["c-y"], ["b-x", "d-x"]]


async def test_a_batch_has_a_largest_size() -> None:
    work = Work()
    work.go.set()
    tasks = await ask(gather(work, most=2), "a", "b", "c")
    await asyncio.gather(*tasks)
    assert work.together == [["a", "b"], ["c"]]


async def test_whoever_has_gone_disturbs_nobody() -> None:
    work = Work()
    gone, stays = await ask(gather(work), "a", "b")
    gone.cancel()
    work.go.set()
    assert await stays == "B"
