"""Use cases that change a petition. Those that come at the same time are one transaction."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from services.petitions import store
from services.petitions.domain import decide
from services.petitions.domain.commands import Command, FileCommand
from services.petitions.domain.private import Private
from services.petitions.domain.workflow import Action, scopes_of
from services.petitions.handlers.asked import Acted, Acting, Filed, Filing, Job, key_of, touched_by
from services.petitions.handlers.desk import Desk, Settled, needs_more
from services.petitions.handlers.once import Caller
from services.petitions.handlers.rulebook import Rulebook
from services.petitions.handlers.sessions import check_session
from shared.contracts.envelope import Source
from shared.plumbing import ids, outbox
from shared.plumbing.auth import Principal, require
from shared.plumbing.clock import Clock
from shared.plumbing.failpoints import reach
from shared.plumbing.idempotency import Answer, KeyTaken
from shared.plumbing.postgres import Database, retry_serialization
from shared.plumbing.together import Together

_ATTEMPTS: Final = 5
# Somebody else used it first: a second look finds what was recorded then.
_MET: Final = (store.ReferenceTaken, outbox.SequenceTaken, KeyTaken)


class Commands:
    """What can be done, with what it needs: the database, the clock, the rules."""

    def __init__(self, database: Database, clock: Clock, rulebook: Rulebook) -> None:
        self.database, self.clock, self.rulebook = database, clock, rulebook
        self._together: Together[Job, Answer] = Together(
            self._do_some, self._do_one, touches=touched_by, key_of=key_of
        )

    async def file(
        self,
        command: FileCommand,
        private: Private,
        *,
        reference: str,
        caller: Caller,
        render: Callable[[Filed], Answer],
    ) -> Answer:
        """File a petition; the same reference or key again gets the same petition.

        Raises Refusal as `decide.file` and `check_public` do, `reference_conflict`; Problem
        `forbidden`, `idempotency_key_reused`; one of `postgres.UNAVAILABLE`.
        """
        _require_one(caller.principal, "file")
        await check_session(self.database, command)
        source = Source(system=_system(caller.principal), reference=reference)
        return await self._together.run(Filing(command, private, source, caller, render))

    async def act(
        self,
        petition_id: str,
        command: Command,
        *,
        expected: int | None,
        reference: str | None,
        caller: Caller,
        render: Callable[[Acted], Answer],
        tracking_code: str | None = None,
    ) -> Answer:
        """Take an action on a petition; `expected` None takes it as it stands.

        Whoever shows the tracking code acts as the petitioner. Raises VersionConflict; Refusal as
        `decide.act` does, `unknown_petition`, `reference_conflict`; Problem `forbidden`,
        `idempotency_key_reused`; one of `postgres.UNAVAILABLE`.
        """
        _require_one(caller.principal, decide.action_of(command))
        await check_session(self.database, command)
        source = Source(system=_system(caller.principal), reference=reference or ids.new_event_id())
        named = reference is not None
        job = Acting(petition_id, command, expected, source, named, tracking_code, caller, render)
        return await self._together.run(job)

    async def _do_some(self, jobs: Sequence[Job]) -> list[Settled]:
        """Do jobs in one transaction, without waiting for anybody; those that cannot are None."""
        plain = [job for job in jobs if not needs_more(job)]
        if not plain:
            return [None for _ in jobs]
        settled = iter(await self._transact(plain, wait=False))
        return [None if needs_more(job) else next(settled) for job in jobs]

    async def _do_one(self, job: Job) -> Answer:
        """Do a job in a transaction of its own, which waits for its petition."""

        async def once() -> Answer:
            (settled,) = await self._transact([job], wait=True)
            assert settled is not None
            if isinstance(settled, Exception):
                raise settled
            return settled

        for attempt in range(1, _ATTEMPTS):
            try:
                return await retry_serialization(once)
            except _MET:
                await asyncio.sleep(0.002 * attempt)
        return await retry_serialization(once)

    async def _transact(self, jobs: Sequence[Job], *, wait: bool) -> list[Settled]:
        async with self.database.transaction() as conn:
            desk = await Desk.open(conn, self.clock, self.rulebook, jobs, wait=wait)
            settled = [desk.take(job) for job in jobs]
            await desk.save()
            reach("acts_written")
        return settled


def _require_one(principal: Principal, action: Action) -> None:
    scopes = scopes_of(action)
    if not any(scope in principal.scopes for scope in scopes):
        require(principal, scopes[0])


def _system(principal: Principal) -> str:
    # An officer's name is a person's name and has no place in an event; the agency's has.
    return f"/vn/lang-son/http/{principal.agency or principal.name}"
