"""Many facts of an import in one transaction: what is plain at once, the rest as ever.

Plain is the first registration of a subject that is new, stands alone, and comes with nothing else
of its family. It is decided by the same checks and leaves the same rows and events as `Registrar`
does, only without building a model, a subject and an event for each.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.registry.domain import Refusal, fact_of
from services.registry.domain.checks import check_fact
from services.registry.domain.first import First
from services.registry.handlers.record import Registrar, roots_of
from services.registry.handlers.work import Outcome, Request
from services.registry.store import imports_bulk, register
from services.registry.store.imports_bulk import NewFirst
from shared.contracts.catalogue import event_type
from shared.contracts.intake import IntakeFact
from shared.plumbing.clock import Clock
from shared.plumbing.outbox import NewEvent, append_many
from shared.plumbing.postgres import Connection

Reported = First | IntakeFact
"""What a row says: a plain first registration, or any fact."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a row: `sequence` of its first event, None and the refusal when refused."""

    sequence: int | None
    repeated: bool = False
    refusal: Refusal | None = None


_FIRST = Done(1)


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

    async def record(self, conn: Connection, system: str, facts: Sequence[Reported]) -> list[Done]:
        """Record facts of one source, those of a family in the given order: what became of each.

        As `Registrar.record`, whose limits and errors hold here.
        """
        if not facts:
            return []
        slow = {
            place: request_of(fact, system)
            for place, fact in enumerate(facts)
            if not isinstance(fact, First)
        }
        families = Counter(root for request in slow.values() for root in roots_of(request))
        families.update(fact.code for fact in facts if isinstance(fact, First))
        await register.lock_families(conn, families.keys())
        done: dict[int, Done] = {}
        await self._record_plain(
            conn, system, await self._plain(conn, system, facts, families), done
        )
        rest = [place for place in range(len(facts)) if place not in done]
        if rest:
            requests = [slow.get(place) or request_of(facts[place], system) for place in rest]
            outcomes = await self.registrar.record(conn, requests, held=True)
            done.update(zip(rest, map(_done, outcomes), strict=True))
        return [done[place] for place in range(len(facts))]

    async def _plain(
        self,
        conn: Connection,
        system: str,
        facts: Sequence[Reported],
        families: Counter[str],
    ) -> list[tuple[int, First]]:
        """Return the plain ones with their places."""
        references = Counter(fact.reference for fact in facts)
        found = [
            (place, fact)
            for place, fact in enumerate(facts)
            if isinstance(fact, First)
            and families[fact.code] == 1
            and references[fact.reference] == 1
        ]
        taken = await imports_bulk.load_taken(
            conn,
            system,
            [fact.code for _, fact in found],
            [fact.reference for _, fact in found],
        )
        return [
            (place, fact)
            for place, fact in found
            if fact.code not in taken.codes and fact.reference not in taken.references
        ]

    async def _record_plain(
        self,
        conn: Connection,
        system: str,
        plain: Sequence[tuple[int, First]],
        done: dict[int, Done],
    ) -> None:
        now = self._clock.now()
        world = self.registrar.circumstances(now)
        firsts: list[NewFirst] = []
        events: list[NewEvent] = []
        for place, first in plain:
            try:
                check_fact(first.code, first.fact, world)
            except Refusal as refusal:
                done[place] = Done(None, refusal=refusal)
                continue
            event_id = self._new_id()
            kind = event_type(first.fact.name)
            firsts.append(NewFirst(first, event_id))
            events.append(NewEvent(event_id, first.code, 1, kind, now, first.event(system)))
            done[place] = _FIRST
        await imports_bulk.save_first(conn, firsts, now)
        await imports_bulk.save_new_references(conn, system, firsts)
        await append_many(conn, events)


def request_of(fact: Reported, system: str) -> Request:
    """Return what the registrar is asked for."""
    reported = fact.reported() if isinstance(fact, First) else fact
    return Request(reported, system, fact_of(reported))


def _done(outcome: Outcome) -> Done:
    if outcome.refusal is not None:
        return Done(None, refusal=outcome.refusal)
    return Done(outcome.sequence, outcome.repeated)
