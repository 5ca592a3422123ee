"""The conferences: recording one, its own list of petitions and how they stand."""

from dataclasses import dataclass
from datetime import date

from services.petitions import store
from services.petitions.domain.commands import Command, CorrectCommand, FileCommand
from services.petitions.domain.petition import Petition
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.workflow import AWAITING
from services.petitions.handlers.rulebook import Rulebook
from services.petitions.store import routing
from services.petitions.store.routing import Session, Settlement
from shared.plumbing.clock import Clock, legal_date
from shared.plumbing.postgres import Database

__all__ = ["Raised", "Session", "SessionStanding", "Sessions", "Settlement", "check_session"]


@dataclass(frozen=True)
class SessionStanding:
    """A conference and how its petitions stand.

    `unverified_years`: due dates of its petitions rest on calendars that nobody has checked.
    """

    session: Session
    settlement: Settlement
    unverified_years: tuple[int, ...]


@dataclass(frozen=True)
class Raised:
    """A petition of a conference: whether its answer is late today, and when it was reviewed."""

    petition: Petition
    overdue: bool
    reviewed_on: date | None


@dataclass(frozen=True)
class Sessions:
    """What the conference's office and the reviewer ask."""

    database: Database
    clock: Clock
    rulebook: Rulebook

    async def add(self, session: Session) -> bool:
        """Record a conference; False when it is recorded already, as it is.

        Raises Refusal `session_exists` when another one has its id.
        """
        now = self.clock.now()
        async with self.database.transaction() as conn:
            if await routing.add_session(conn, session, now):
                return True
            today = legal_date(now).isoformat()
            ((known, *_),) = await routing.load_sessions(conn, today, session.id)
        if known != session:
            raise Refusal(
                "session_exists",
                f"Đã có hội nghị {session.id} với nội dung khác.",
                f"There is another session {session.id}",
                {"id": session.id},
                way="conflict",
            )
        return False

    async def all(self) -> list[SessionStanding]:
        """List the conferences, the youngest first, with how their petitions stand."""
        return await self._load(None)

    async def get(self, session_id: str) -> SessionStanding:
        """Return a conference with how its petitions stand. Raises Refusal `unknown_session`."""
        found = await self._load(session_id)
        if not found:
            raise _unknown(session_id)
        return found[0]

    async def petitions(
        self, session_id: str, after: store.Place | None, limit: int
    ) -> list[Raised]:
        """List the petitions of a conference by due date and id, those that follow `after`.

        Raises Refusal `unknown_session`.
        """
        today = legal_date(self.clock.now())
        async with self.database.connection() as conn:
            if not await routing.session_is_recorded(conn, session_id):
                raise _unknown(session_id)
            found = await store.page(conn, store.Filters(session=session_id), after, limit)
        return [
            Raised(
                petition,
                petition.state.status in AWAITING and petition.state.due_on < today,
                petition.workings.reviewed_on,
            )
            for petition in found
        ]

    async def _load(self, session_id: str | None) -> list[SessionStanding]:
        today = legal_date(self.clock.now()).isoformat()
        async with self.database.connection() as conn:
            calendar = (await self.rulebook.rules(conn)).calendar
            found = await routing.load_sessions(conn, today, session_id)
        return [
            SessionStanding(session, settlement, calendar.unverified(*span) if span else ())
            for session, settlement, span in found
        ]


async def check_session(database: Database, command: FileCommand | Command) -> None:
    """Pass when the conference that a command names is recorded. Raises Refusal `unknown_session`.

    Asked before the act: conferences are recorded for ever, so what is known stays known.
    """
    session_id = command.session if isinstance(command, FileCommand) else None
    if isinstance(command, CorrectCommand):
        session_id = command.corrected.session
    if session_id is None:
        return
    async with database.connection() as conn:
        if await routing.session_is_recorded(conn, session_id):
            return
    raise Refusal(
        "unknown_session",
        f"Chưa có hội nghị {session_id}; hãy ghi nhận hội nghị trước (POST /v1/sessions).",
        f"There is no session {session_id}; record it first (POST /v1/sessions)",
        {"session": session_id},
    )


def _unknown(session_id: str) -> Refusal:
    return Refusal(
        "unknown_session",
        f"Không có hội nghị {session_id}.",
        f"There is no session {session_id}",
        {"id": session_id},
        way="absent",
    )
