"""One request of the HTTP door is one transaction, and the same again gets the same answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from services.registry.domain import Refusal
from services.registry.handlers.queries import first_answer
from services.registry.handlers.record import Registrar
from services.registry.handlers.work import Outcome, Request
from shared.plumbing import idempotency
from shared.plumbing.clock import Clock
from shared.plumbing.idempotency import Answer
from shared.plumbing.postgres import Connection


@dataclass(frozen=True)
class Key:
    """An Idempotency-Key of a principal, and the digest of its request."""

    principal: str
    key: str
    digest: bytes


@dataclass(frozen=True)
class Done:
    """What a request did, now or the first time (`outcome.repeated`).

    `data` is the event's, given for a repeated request; `version` is the subject's present one.
    """

    outcome: Outcome
    version: int
    data: bytes | None


@dataclass(frozen=True)
class Once:
    """Records one request; with a key the answer is stored in the same transaction."""

    registrar: Registrar
    clock: Clock

    async def run(
        self, request: Request, key: Key | None, render: Callable[[Done], Answer]
    ) -> Answer:
        """Record a request and return its answer.

        Raises Refusal (nothing is kept then), Problem `idempotency_key_reused`, or one of
        `postgres.UNAVAILABLE`.
        """

        async def work(conn: Connection) -> Answer:
            if key is None:
                return render(await self._record(conn, request))
            given = await idempotency.claim(
                conn,
                principal=key.principal,
                key=key.key,
                digest=key.digest,
                now=self.clock.now(),
            )
            if given is not None:
                return given
            answer = render(await self._record(conn, request))
            await idempotency.remember(conn, principal=key.principal, key=key.key, answer=answer)
            return answer

        return await self.registrar.transaction(work)

    async def forget(self, older: timedelta) -> int:
        """Forget the keys that are older; how many. Their facts stay known by reference."""
        before = self.clock.now() - older

        async def work(conn: Connection) -> int:
            return await idempotency.forget_before(conn, before)

        return await self.registrar.transaction(work)

    async def _record(self, conn: Connection, request: Request) -> Done:
        (outcome,) = await self.registrar.record(conn, [request])
        if outcome.refusal is not None:
            refusal: Refusal = outcome.refusal
            raise refusal
        if outcome.repeated:
            data, version = await first_answer(conn, outcome)
            return Done(outcome, version, data)
        return Done(outcome, outcome.version, None)
