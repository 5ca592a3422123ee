"""Use cases that change nothing."""

from dataclasses import dataclass
from typing import Any

from services.petitions import store
from services.petitions.domain.decide import Petition, may_read_private
from services.petitions.domain.private import Private
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.routing import Directory
from services.petitions.domain.workflow import Action, actions_from
from shared.plumbing import outbox
from shared.plumbing.auth import Principal
from shared.plumbing.postgres import Connection, Database


@dataclass(frozen=True)
class Standing:
    """A petition as it stands, and the actions that it can take."""

    petition: Petition
    possible_actions: tuple[Action, ...]


@dataclass(frozen=True)
class Case:
    """A petition for those who work on it; `private` is None for others.

    `documents` are {sequence, fact, on, document} in order.
    """

    standing: Standing
    documents: list[dict[str, Any]]
    private: Private | None


@dataclass(frozen=True)
class Reading:
    """What can be asked."""

    database: Database
    directory: Directory

    async def get(self, petition_id: str, principal: Principal) -> Case:
        """Return a petition; its text and person only to those who work on it.

        Raises Refusal `unknown_petition`.
        """
        async with self.database.transaction("repeatable_read", readonly=True) as conn:
            petition = await present(conn, petition_id)
            documents = await store.load_documents(conn, petition_id)
            private = None
            if may_read_private(petition.state, principal.agency, self.directory):
                private = await store.load_private(conn, petition_id)
        return Case(standing_of(petition), documents, private)

    async def page(
        self, filters: store.Filters, after: store.Place | None, limit: int
    ) -> list[Petition]:
        """List petitions by due date and id, at most `limit` of those that follow `after`."""
        async with self.database.connection() as conn:
            return await store.page(conn, filters, after, limit)

    async def events_of(self, petition_id: str) -> list[store.Written]:
        """Return the events of a petition in order, stamped or not.

        Raises Refusal `unknown_petition`.
        """
        async with self.database.connection() as conn:
            found = await store.events_of(conn, petition_id)
        if not found:
            raise unknown(petition_id)
        return found

    async def feed(self, after: int, limit: int) -> list[store.Written]:
        """Return the stamped events that follow a position, at most `limit`."""
        async with self.database.connection() as conn:
            found = await outbox.feed(conn, after, limit)
        return [
            store.Written(e.position, e.ce_id, e.subject, e.type, e.recorded_at, e.data)
            for e in found
        ]


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
