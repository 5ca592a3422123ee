"""The use case of every door: facts are recorded, with what follows from them, or refused."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

from services.registry.domain import Circumstances, Refusal, Reorganization, root_of
from services.registry.handlers.queue import Queue, request_of
from services.registry.handlers.work import Outcome, Request, Unreadable, Work, reorganized
from services.registry.store import history, lives, parked, register
from services.registry.store.lives import Reorganized
from services.registry.store.parked import RejectedRecord, WaitingRecord
from shared.plumbing.clock import Clock, legal_date
from shared.plumbing.idempotency import KeyTaken
from shared.plumbing.log import get_logger
from shared.plumbing.outbox import SequenceTaken, append
from shared.plumbing.postgres import Connection, Database, retry_serialization

_log = get_logger(__name__)
_T = TypeVar("_T")
_ATTEMPTS = 5

MAX_BATCH = 1_000
"""Requests of one transaction at most: each family holds a lock in the server's shared memory."""


class Registrar:
    """Records facts. `on_result` is told what became of each record of the topic, by code."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        new_id: Callable[[], str],
        communes: frozenset[str],
        on_result: Callable[[Counter[str]], None] = lambda _: None,
    ) -> None:
        self._database, self._clock, self._new_id = database, clock, new_id
        self._communes, self._on_result = communes, on_result
        self._ended: Mapping[str, date] = {}

    def know(self, communes: frozenset[str], ended: Mapping[str, date]) -> None:
        """Judge by these communes from now on (see `Circumstances`)."""
        self._communes, self._ended = communes, ended

    def circumstances(self, now: datetime) -> Circumstances:
        """What the rules need of the world at a moment."""
        return Circumstances(legal_date(now), self._communes, self._ended)

    async def transaction(self, work: Callable[[Connection], Awaitable[_T]]) -> _T:
        """Run `work` in a transaction, from its beginning again when it met another one.

        Raises what `work` raises, or one of `postgres.UNAVAILABLE`.
        """

        async def once() -> _T:
            async with self._database.transaction() as conn:
                return await work(conn)

        for attempt in range(1, _ATTEMPTS):
            try:
                return await retry_serialization(once)
            except (register.ReferenceTaken, SequenceTaken, KeyTaken):
                await asyncio.sleep(0.002 * attempt)
        return await retry_serialization(once)

    async def hold(self, conn: Connection, requests: Sequence[Request]) -> None:
        """Lock what requests can touch, until the end of the caller's transaction."""
        await register.lock_families(conn, _union(requests))

    async def hold_free(self, conn: Connection, requests: Sequence[Request]) -> list[bool]:
        """Lock what nobody else holds, without waiting; for each request whether it is free."""
        held = await register.lock_free_families(conn, _union(requests))
        return [roots_of(request) <= held for request in requests]

    async def record(
        self, conn: Connection, requests: Sequence[Request], *, held: bool = False
    ) -> list[Outcome]:
        """Record facts in the given order, in the caller's transaction: an outcome for each.

        A later request sees what the earlier ones did; a refused one leaves nothing and does not
        disturb the others. At most MAX_BATCH. What waited for a parent that is registered here is
        recorded with it. `held`: the families are locked (`hold`). Raises ReferenceTaken,
        SequenceTaken: begin the transaction anew (use `transaction`).
        """
        session = await self._open(conn, requests, held=held)
        outcomes = [session.take(request) for request in requests]
        await self._save(conn, session)
        return outcomes

    async def take_in(
        self, conn: Connection, arrivals: Sequence[Request | Unreadable]
    ) -> list[Outcome]:
        """Record what came by the topic, in the caller's transaction; park what is refused.

        An outcome for each arrival, and then one for each record that had waited and was taken.
        They are to be counted after the commit (`tell`).
        """
        requests = [arrival for arrival in arrivals if isinstance(arrival, Request)]
        session = await self._open(conn, requests)
        outcomes = [
            session.take(arrival) if isinstance(arrival, Request) else session.park(arrival)
            for arrival in arrivals
        ]
        await self._save(conn, session)
        return outcomes + session.released

    async def give_up_waiting(self, patience: timedelta, limit: int = 100) -> int:
        """Refuse what has waited longer than `patience` for its parent; how many records.

        What stands behind it in the same family is taken in turn, and refused for its own reason.
        """

        async def work(conn: Connection) -> list[Outcome]:
            before = self._clock.now() - patience
            roots = await parked.overdue_roots(conn, before, limit)
            if not roots:
                return []
            await register.lock_families(conn, roots)
            rows = await parked.load_waiting(conn, roots)
            session = await self._open(conn, [request_of(row) for row in rows])
            outcomes = [o for root in roots for o in session.give_up(root)]
            await self._save(conn, session)
            return outcomes

        outcomes = await self.transaction(work)
        self.tell(outcomes)
        return len(outcomes)

    async def end_suspensions(self, limit: int = 100) -> int:
        """End suspensions whose last day is past; how many. At most `limit`, the longest past.

        Once each, by any number of replicas: it is decided anew under the family's lock.
        """

        async def work(conn: Connection) -> int:
            now = self._clock.now()
            codes = await lives.find_expired(conn, legal_date(now), limit)
            roots = {root_of(code) for code in codes}
            if not roots:
                return 0
            await register.lock_families(conn, roots)
            ended = Work(self.circumstances(now), now, self._new_id)
            ended.put(await register.load_subjects(conn, codes, ()))
            done = sum(ended.expire(code) for code in codes)
            await self._save(conn, _Session(ended, Queue(())))
            return done

        return await self.transaction(work)

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        """Count what became of records of the topic, after their transaction was committed."""
        results = Counter(_result(outcome) for outcome in outcomes)
        self._on_result(results)
        refused = {code: n for code, n in results.items() if code not in _GOOD}
        if refused:
            _log.warning("intake_refused", results=refused)

    async def _open(
        self, conn: Connection, requests: Sequence[Request], *, held: bool = False
    ) -> "_Session":
        """Lock the families and load whatever the requests can touch."""
        if len(requests) > MAX_BATCH:
            raise ValueError(f"{len(requests)} requests are more than one transaction takes")
        now = self._clock.now()
        world = self.circumstances(now)
        work = Work(world, now, self._new_id)
        if not requests:
            return _Session(work, Queue(()))
        roots = _union(requests)
        if not held:
            await register.lock_families(conn, roots)
        waiting = await self._load_waiting(conn, requests, roots)
        everything = [*requests, *(request_of(row) for row in waiting)]
        codes = {code for request in everything for code in request.codes}
        parents = {code for request in everything for code in request.parents}
        work.put(await register.load_subjects(conn, codes | roots, parents))
        work.references = await register.load_references(conn, {r.key for r in everything})
        return _Session(work, Queue(waiting))

    async def _load_waiting(
        self, conn: Connection, requests: Sequence[Request], roots: set[str]
    ) -> list[WaitingRecord]:
        # Only a record of the topic can have to wait behind another, and only the registration of
        # a parent can end the waiting.
        if all(r.record is None and not r.begins for r in requests):
            return []
        return await parked.load_waiting(conn, roots)

    async def _save(self, conn: Connection, session: "_Session") -> None:
        work, queue = session.work, session.queue
        await self._save_subjects(conn, work)
        await register.save_references(conn, work.added)
        await append(conn, work.events)
        await parked.delete_waiting(conn, queue.done)
        await parked.save_waiting(conn, queue.added, work.now)
        await parked.save_rejected(conn, session.rejected, work.now)
        await lives.save_reorganizations(conn, session.reorganizations, work.now)

    async def _save_subjects(self, conn: Connection, work: Work) -> None:
        standing = [subject for subject in work.touched.values() if not subject.voided]
        voided = [(s.code, s.version) for s in work.touched.values() if s.voided]
        await register.save_subjects(conn, standing, work.now)
        await history.save_formers(conn, work.touched.values())
        await lives.save_voided(conn, voided, work.now)
        await lives.forget_voided(conn, work.revived)


def roots_of(request: Request) -> set[str]:
    """The families that a request can touch: what is locked for it."""
    return {root_of(code) for code in request.codes}


def _union(requests: Sequence[Request]) -> set[str]:
    return {root for request in requests for root in roots_of(request)}


class _Session:
    """The requests of one transaction, one after another, in memory."""

    def __init__(self, work: Work, queue: Queue) -> None:
        self.work, self.queue = work, queue
        self.rejected: list[RejectedRecord] = []
        self.released: list[Outcome] = []
        self.reorganizations: list[Reorganized] = []

    def take(self, request: Request) -> Outcome:
        # Only dependent units wait, and they have no part in a reorganization.
        alone = not isinstance(request.fact, Reorganization)
        if alone and request.record is not None and self.queue.holds(request.code):
            self.queue.add(request)
            return Outcome(request.code, waits=True)
        outcome = self._attempt(request)
        if outcome.refusal is not None and request.record is not None:
            if outcome.refusal.code == "unknown_parent":
                self.queue.add(request)
                return Outcome(request.code, waits=True)
            self._reject(request, outcome.refusal)
        elif outcome.recorded and not outcome.repeated:
            for root in request.begins:
                for waiting in self.queue.release(root):
                    self.released.append(self._take_waiting(waiting))
            if isinstance(request.fact, Reorganization):
                self.reorganizations.append(reorganized(request, request.fact, outcome))
        return outcome

    def park(self, arrival: Unreadable) -> Outcome:
        refusal = arrival.refusal
        self.rejected.append(
            RejectedRecord(arrival.record, refusal.code, refusal.vi, refusal.en, arrival.reference)
        )
        return Outcome("", refusal=refusal)

    def give_up(self, root: str) -> list[Outcome]:
        return [self._take_waiting(waiting) for waiting in self.queue.release(root)]

    def _attempt(self, request: Request) -> Outcome:
        if request.record is None:
            return self.work.attempt(request)
        try:
            return self.work.attempt(request)
        except Exception:
            # A mistake of ours about one record must not stop the topic: it is parked for us.
            _log.exception("intake_failed", code=request.code, fact=request.fact.name)
            return Outcome(request.code, refusal=_internal(request.code))

    def _take_waiting(self, request: Request) -> Outcome:
        outcome = self._attempt(request)
        if outcome.refusal is not None:
            self._reject(request, outcome.refusal)
        return outcome

    def _reject(self, request: Request, refusal: Refusal) -> None:
        assert request.record is not None
        self.rejected.append(
            RejectedRecord(
                request.record, refusal.code, refusal.vi, refusal.en, request.reported.reference
            )
        )


def _internal(code: str) -> Refusal:
    return Refusal(
        "internal",
        f"{code}: hệ thống gặp lỗi khi xử lý; bản ghi được giữ lại để xử lý sau.",
        f"{code}: something went wrong here; the record is kept",
        {"code": code},
    )


_GOOD = frozenset({"recorded", "repeated", "waiting"})


def _result(outcome: Outcome) -> str:
    if outcome.refusal is not None:
        return outcome.refusal.code
    if outcome.waits:
        return "waiting"
    return "repeated" if outcome.repeated else "recorded"
