"""Use cases that change nothing."""

from dataclasses import dataclass
from itertools import starmap
from typing import Any

from services.petitions import store
from services.petitions.domain.decide import Petition, may_read_private
from services.petitions.domain.private import Private
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.workflow import Action, actions_from
from services.petitions.handlers.register import EntityMark, entity_marks
from services.petitions.handlers.rulebook import Rulebook
from services.petitions.store import Written
from shared.plumbing.auth import Principal
from shared.plumbing.clock import Clock, legal_date
from shared.plumbing.postgres import Connection, Database


@dataclass(frozen=True)
class Standing:
    """A petition as it stands, and the actions that it can take."""

    petition: Petition
    possible_actions: tuple[Action, ...]


@dataclass(frozen=True)
class Listed:
    """A petition in a list, and what the registry says of the entity that it names."""

    petition: Petition
    entity: EntityMark


@dataclass(frozen=True)
class Case:
    """A petition for those who work on it; `private` is None for others, or was erased.

    `documents` are {sequence, fact, on, document} in order.
    """

    standing: Standing
    documents: list[dict[str, Any]]
    private: Private | None
    entity: EntityMark


@dataclass(frozen=True)
class Queries:
    """What can be asked."""

    database: Database
    clock: Clock
    rulebook: Rulebook

    async def get(self, petition_id: str, principal: Principal) -> Case:
        """Return a petition; its text and person only to those who work on it.

        Raises Refusal `unknown_petition`.
        """
        async with self.database.transaction("repeatable_read", readonly=True) as conn:
            petition = await present(conn, petition_id)
            documents = await store.load_documents(conn, petition_id)
            private = None
            directory = (await self.rulebook.rules(conn)).directory
            today = legal_date(self.clock.now())
            if may_read_private(petition.state, principal.agency, directory, today):
                private = await store.load_private(conn, petition_id)
            (entity,) = await entity_marks(conn, [petition])
        return Case(standing_of(petition), documents, private, entity)

    async def page(
        self, filters: store.Filters, after: store.Place | None, limit: int
    ) -> list[Listed]:
        """List petitions by due date and id, at most `limit` of those that follow `after`."""
        async with self.database.connection() as conn:
            found = await store.page(conn, filters, after, limit)
            marks = await entity_marks(conn, found)
        return list(starmap(Listed, zip(found, marks, strict=True)))

    async def history(self, petition_id: str, after: int, limit: int) -> list[Written]:
        """Return the events of a petition after a sequence. Raises Refusal `unknown_petition`."""
        async with self.database.connection() as conn:
            found = await store.load_events(conn, petition_id, after, limit)
            if not found:
                await present(conn, petition_id)
        return found

    async def count_by_status(self) -> dict[str, int]:
        """Count the petitions of each status that any has."""
        async with self.database.connection() as conn:
            return await store.count_by_status(conn)


def standing_of(petition: Petition) -> Standing:
    """Return a petition with the actions that it can take."""
    return Standing(petition, tuple(actions_from(petition.state.status)))


async def present(conn: Connection, petition_id: str) -> Petition:
    """Load a petition. Raises Refusal `unknown_petition`."""
    petition = await store.load(conn, petition_id)
    if petition is None:
        raise unknown(petition_id)
    return petition


def unknown(petition_id: str) -> Refusal:
    """Refuse what is asked of a petition that is not here."""
    return Refusal(
        "unknown_petition",
        f"Không có kiến nghị {petition_id}.",
        f"There is no petition {petition_id}",
        {"id": petition_id},
        way="absent",
    )
