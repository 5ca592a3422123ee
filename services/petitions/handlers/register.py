"""What the registry says, kept as far as petitions need it: code, name, kind, status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from services.petitions.domain.decide import Petition
from services.petitions.store import entities
from services.petitions.store.entities import KnownEntity, Unread
from shared.contracts.values import EntityStatus, PetitionStatus
from shared.plumbing.clock import Clock
from shared.plumbing.kafka.offsets import Span, advance, load_offsets
from shared.plumbing.postgres import Connection, Database

Arrival: TypeAlias = KnownEntity | Unread
__all__ = [
    "Arrival",
    "EntityMark",
    "KnownEntity",
    "RegisterCopy",
    "Unread",
    "entity_marks",
    "mark_of",
]
_CLOSED: Final[frozenset[PetitionStatus]] = frozenset(
    {"resolved", "rejected", "withdrawn", "duplicate"}
)


@dataclass(frozen=True)
class RegisterCopy:
    """The local copy of the register. It needs no chain: each event carries the whole state."""

    database: Database
    clock: Clock

    async def offsets(self, topic: str) -> dict[int, int]:
        """Return where the door stands in each partition."""
        async with self.database.connection() as conn:
            return await load_offsets(conn, topic)

    async def take_in(self, spans: Sequence[Span], arrivals: Sequence[Arrival]) -> None:
        """Keep what arrived and move the offsets, in one transaction. Raises Fenced."""
        known = [one for one in arrivals if isinstance(one, KnownEntity)]
        unread = [one for one in arrivals if isinstance(one, Unread)]
        async with self.database.transaction() as conn:
            await advance(conn, spans)
            if known:
                await entities.keep_entities(conn, known)
            if unread:
                await entities.park(conn, unread, self.clock.now())

    async def count_parked(self) -> int:
        """Count the records that could not be read."""
        async with self.database.connection() as conn:
            return await entities.count_parked(conn)


@dataclass(frozen=True)
class EntityMark:
    """What the registry says of the entity that a petition names; `known` None: it names none."""

    known: bool | None
    ended: bool


async def entity_marks(conn: Connection, petitions: Sequence[Petition]) -> list[EntityMark]:
    """Return the mark of each petition, in their order.

    Looked up and not stored: a code that arrives late is confirmed, and an entity that ends flags
    its open petitions, by the event itself. An entity that is reinstated takes its flag away.
    """
    codes = {p.state.entity for p in petitions if p.state.entity is not None}
    found = await entities.statuses(conn, codes) if codes else {}
    return [mark_of(petition, found) for petition in petitions]


def mark_of(petition: Petition, statuses: Mapping[str, EntityStatus]) -> EntityMark:
    """Return the mark of a petition, by the status of each known code."""
    code = petition.state.entity
    if code is None:
        return EntityMark(None, ended=False)
    ended = statuses.get(code) == "ended" and petition.state.status not in _CLOSED
    return EntityMark(code in statuses, ended=ended)
