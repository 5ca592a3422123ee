"""Many requests of an import in one transaction: what is plain at once, the rest as ever.

Plain is the registration of a subject that is new, stands alone, and comes with nothing else of
its family. It is decided by the same checks and leaves the same rows and events as `Registrar`
does, only without building a subject and an event for each.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from services.registry.domain import Fact, Refusal
from services.registry.domain.checks import check_fact
from services.registry.domain.first import first_event, is_plain_registration
from services.registry.handlers.record import Registrar, roots_of
from services.registry.handlers.work import Outcome, Request, digest_of
from services.registry.store import imports_bulk, register
from services.registry.store.register import Recorded, ReferenceKey
from shared.contracts.catalogue import event_type
from shared.contracts.intake import IntakeFact
from shared.plumbing.clock import Clock
from shared.plumbing.outbox import NewEvent, append
from shared.plumbing.postgres import Connection


class BulkRecorder:
    """Records slices of an import through `registrar`'s rules."""

    def __init__(
        self,
        registrar: Registrar,
        clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        self.registrar = registrar
        self._clock, self._new_id = clock, new_id

    async def record(self, conn: Connection, requests: Sequence[Request]) -> list[Outcome]:
        """Record facts, those of a family in the given order: an outcome for each.

        As `Registrar.record`, whose limits and errors hold here.
        """
        if not requests:
            return []
        roots = [roots_of(request) for request in requests]
        await register.lock_families(conn, set().union(*roots))
        plain = await self._plain(conn, requests, roots)
        outcomes: list[Outcome | None] = [None] * len(requests)
        await self._record_plain(conn, requests, plain, outcomes)
        rest = [place for place, outcome in enumerate(outcomes) if outcome is None]
        if rest:
            done = await self.registrar.record(conn, [requests[place] for place in rest], held=True)
            for place, outcome in zip(rest, done, strict=True):
                outcomes[place] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    async def _plain(
        self, conn: Connection, requests: Sequence[Request], roots: Sequence[set[str]]
    ) -> list[int]:
        """Return the places of the plain ones."""
        families = Counter(root for family in roots for root in family)
        keys = Counter(request.key for request in requests)
        found = [
            place
            for place, request in enumerate(requests)
            if roots[place] == {request.code}
            and families[request.code] == 1
            and keys[request.key] == 1
            and request.record is None
            and request.expected is None
            and _plain_fact(request) is not None
        ]
        taken = await imports_bulk.load_taken(
            conn,
            [requests[place].code for place in found],
            [requests[place].key for place in found],
        )
        return [
            place
            for place in found
            if requests[place].code not in taken.codes
            and requests[place].key not in taken.references
            and requests[place].code not in taken.waiting
        ]

    async def _record_plain(
        self,
        conn: Connection,
        requests: Sequence[Request],
        plain: Sequence[int],
        outcomes: list[Outcome | None],
    ) -> None:
        now = self._clock.now()
        world = self.registrar.circumstances(now)
        firsts: list[tuple[str, Fact]] = []
        added: list[tuple[ReferenceKey, Recorded]] = []
        events: list[NewEvent] = []
        for place in plain:
            request, fact = requests[place], _plain_fact(requests[place])
            code, reported = request.code, request.reported
            assert fact is not None
            assert isinstance(reported, IntakeFact)
            try:
                check_fact(code, fact, world)
            except Refusal as refusal:
                outcomes[place] = Outcome(code, refusal=refusal)
                continue
            event_id = self._new_id()
            fact = msgspec.structs.replace(fact, number=1)
            firsts.append((code, fact))
            digest = digest_of(reported)
            added.append((request.key, Recorded(digest, code, 1, event_id)))
            data = first_event(reported, fact, request.system)
            kind = event_type(fact.name)
            events.append(NewEvent(event_id, code, 1, kind, now, data, request.traceparent))
            outcomes[place] = Outcome(code, 1, event_id, 1)
        await imports_bulk.save_first(conn, firsts, now)
        await imports_bulk.save_new_references(conn, added)
        await append(conn, events)


def _plain_fact(request: Request) -> Fact | None:
    """Return the registration that a request is, None where it is another thing or not alone."""
    fact, reported = request.fact, request.reported
    if not isinstance(fact, Fact) or not isinstance(reported, IntakeFact):
        return None
    return fact if is_plain_registration(reported, fact) else None
