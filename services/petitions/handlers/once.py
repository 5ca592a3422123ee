"""One request is one transaction, and the same request again gets the same answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from services.petitions import store
from shared.plumbing import idempotency, outbox
from shared.plumbing.auth import Principal
from shared.plumbing.clock import Clock
from shared.plumbing.idempotency import Answer
from shared.plumbing.postgres import Connection, Database

ATTEMPTS: Final = 3
T = TypeVar("T")


@dataclass(frozen=True)
class Key:
    """An Idempotency-Key and the digest of its request."""

    key: str
    digest: bytes


@dataclass(frozen=True)
class Caller:
    """Who asks, under which Idempotency-Key, within which trace (W3C)."""

    principal: Principal
    key: Key | None = None
    traceparent: str | None = None


@dataclass(frozen=True)
class Once:
    """Runs the work of a request in a transaction of its own.

    With a key the answer is stored in that transaction, under the principal's name, and given
    again. Work that met another one is done again: the second look finds what the other recorded.
    """

    database: Database
    clock: Clock

    async def run(
        self,
        work: Callable[[Connection], Awaitable[T]],
        render: Callable[[T], Answer],
        caller: Caller,
    ) -> Answer:
        """Do the work, return its answer.

        Raises what `work` raises (nothing is kept then), Problem `idempotency_key_reused`.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._try(work, render, caller)
            except (store.ReferenceTaken, outbox.SequenceTaken):
                continue
        return await self._try(work, render, caller)

    async def _try(
        self,
        work: Callable[[Connection], Awaitable[T]],
        render: Callable[[T], Answer],
        caller: Caller,
    ) -> Answer:
        key, name = caller.key, caller.principal.name
        async with self.database.transaction() as conn:
            if key is None:
                return render(await work(conn))
            given = await idempotency.claim(
                conn,
                principal=name,
                key=key.key,
                digest=key.digest,
                now=self.clock.now(),
            )
            if given is not None:
                return given
            answer = render(await work(conn))
            await idempotency.remember(conn, principal=name, key=key.key, answer=answer)
            return answer
