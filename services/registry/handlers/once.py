"""A request of the HTTP door happens once, and the same again gets the same answer."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from services.registry.handlers.queries import first_answer
from services.registry.handlers.record import Registrar, roots_of
from services.registry.handlers.work import Outcome, Request
from shared.plumbing import idempotency
from shared.plumbing.clock import Clock
from shared.plumbing.errors import Problem
from shared.plumbing.idempotency import Answer, Given
from shared.plumbing.postgres import Connection
from shared.plumbing.together import Together


@dataclass(frozen=True)
class Key:
    """An Idempotency-Key of a principal, and the digest of its request."""

    principal: str
    key: str
    digest: bytes

    @property
    def place(self) -> tuple[str, str]:
        """Under what its answer is kept."""
        return (self.principal, self.key)


@dataclass(frozen=True)
class Done:
    """What a request did, now or the first time (`outcome.repeated`).

    `data` is the event's, given for a repeated request; `version` is the subject's present one.
    """

    outcome: Outcome
    version: int
    data: bytes | None


@dataclass(frozen=True)
class _Job:
    request: Request
    key: Key | None
    render: Callable[[Done], Answer]

    @property
    def touches(self) -> set[Hashable]:
        """The families and the key that it takes."""
        return {*roots_of(self.request), *([self.key.place] if self.key else [])}


_Settled: TypeAlias = Answer | Exception | None


class Once:
    """Records requests, those that come together in one transaction.

    The answer to a request with a key is stored in the transaction of its fact.
    """

    def __init__(self, registrar: Registrar, clock: Clock) -> None:
        self.registrar, self.clock = registrar, clock
        self._together: Together[_Job, Answer] = Together(
            self._run_together,
            self._run_alone,
            touches=lambda job: job.touches,
            key_of=lambda job: job.key and job.key.place,
        )

    async def run(
        self, request: Request, key: Key | None, render: Callable[[Done], Answer]
    ) -> Answer:
        """Record a request and return its answer.

        Raises Refusal (nothing is kept then), Problem `idempotency_key_reused`, or one of
        `postgres.UNAVAILABLE`.
        """
        return await self._together.run(_Job(request, key, render))

    async def forget(self, older: timedelta) -> int:
        """Forget the keys that are older; how many. Their facts stay known by reference."""
        before = self.clock.now() - older

        async def work(conn: Connection) -> int:
            return await idempotency.forget_before(conn, before)

        return await self.registrar.transaction(work)

    async def _run_together(self, jobs: Sequence[_Job]) -> list[_Settled]:
        async def work(conn: Connection) -> list[_Settled]:
            held = await self.registrar.hold_free(conn, [job.request for job in jobs])
            free = [job for job, is_free in zip(jobs, held, strict=True) if is_free]
            settled = iter(await self._settle(conn, free, held=True))
            return [next(settled) if is_free else None for is_free in held]

        return await self.registrar.transaction(work)

    async def _run_alone(self, job: _Job) -> Answer:
        async def work(conn: Connection) -> Answer:
            (settled,) = await self._settle(conn, [job], held=False)
            if isinstance(settled, Exception):
                raise settled
            return settled

        return await self.registrar.transaction(work)

    async def _settle(
        self, conn: Connection, jobs: Sequence[_Job], *, held: bool
    ) -> list[Answer | Exception]:
        """What becomes of each job, in this transaction."""
        if not held:
            await self.registrar.hold(conn, [job.request for job in jobs])
        # After the locks: whoever had the same key for the same fact has committed its answer.
        given = await idempotency.find_answers(conn, [j.key.place for j in jobs if j.key])
        fresh = [job for job in jobs if job.key is None or job.key.place not in given]
        outcomes = await self.registrar.record(conn, [job.request for job in fresh], held=True)
        settled: dict[int, Answer | Exception] = {}
        made: dict[tuple[str, str], Given] = {}
        for job, outcome in zip(fresh, outcomes, strict=True):
            answer = settled[id(job)] = await _answer(conn, job, outcome)
            if job.key is not None and isinstance(answer, Answer):
                made[job.key.place] = Given(job.key.digest, answer)
        await idempotency.save_answers(conn, made, self.clock.now())
        return [settled.get(id(job)) or _again(job, given) for job in jobs]


async def _answer(conn: Connection, job: _Job, outcome: Outcome) -> Answer | Exception:
    if outcome.refusal is not None:
        return outcome.refusal
    if not outcome.repeated:
        return job.render(Done(outcome, outcome.version, None))
    data, version = await first_answer(conn, outcome)
    return job.render(Done(outcome, version, data))


def _again(job: _Job, given: dict[tuple[str, str], Given]) -> Answer | Problem:
    assert job.key is not None
    try:
        return given[job.key.place].for_request(job.key.key, job.key.digest)
    except Problem as problem:
        return problem
