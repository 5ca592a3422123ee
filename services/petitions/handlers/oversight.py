"""What is looked at from above: the reviewer's queue, and what was said of a petition."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.petitions import store
from services.petitions.domain import clocks
from services.petitions.domain.decide import Petition, may_read_private
from services.petitions.domain.petition import Petition as Standing
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.routing import Directory
from services.petitions.domain.workflow import AWAITING
from services.petitions.handlers.queries import present
from services.petitions.handlers.recording import moment_of
from services.petitions.handlers.rulebook import Rulebook
from services.petitions.store import review
from services.petitions.store.review import Comment
from shared.plumbing.auth import Principal
from shared.plumbing.clock import Clock, legal_date
from shared.plumbing.postgres import Database

__all__ = ["Comment", "Course", "Oversight", "Queued", "Suggestion"]


@dataclass(frozen=True)
class Queued:
    """A petition in the reviewer's queue, and why: answered, disputed, overdue, escalated."""

    petition: Petition
    why: tuple[str, ...]
    reviewed_on: date | None


@dataclass(frozen=True)
class Suggestion:
    """Who would lead and co-ordinate by the fields today; `agency` None: nobody leads the field."""

    agency: str | None
    co_agencies: tuple[str, ...]


@dataclass(frozen=True)
class Course:
    """What is known of a petition's course beside its state.

    `update_due_on` is when the petitioner is told again, once the answer is late. `suggestion` is
    None once it is assigned; `unverified_years` are those of its dates whose calendar nobody read.
    """

    reviews: list[dict[str, Any]]
    comments: list[Comment]
    members: list[str]
    duplicate_of: str | None
    update_due_on: date | None
    suggestion: Suggestion | None
    unverified_years: tuple[int, ...]


@dataclass(frozen=True)
class Oversight:
    """What the reviewer and the lead agency ask."""

    database: Database
    clock: Clock
    rulebook: Rulebook

    async def queue(self, after: store.Place | None, limit: int) -> list[Queued]:
        """List what the reviewer looks at by due date and id, those that follow `after`."""
        today = legal_date(self.clock.now())
        async with self.database.connection() as conn:
            rules = await self.rulebook.rules(conn)
            term = rules.limits.find("review", today).term
            until = today - timedelta(days=1)
            # The last day on which an answer is already that old.
            while clocks.add_term(until, term, rules.calendar) > today:
                until -= timedelta(days=1)
            found = await review.review_queue(conn, until.isoformat(), after, limit)
        return [Queued(p, _why(p), p.workings.reviewed_on) for p in found]

    async def course(self, petition_id: str, principal: Principal) -> Course:
        """Return the course of a petition; comments only to those who work on it.

        Raises Refusal `unknown_petition`.
        """
        async with self.database.transaction("repeatable_read", readonly=True) as conn:
            petition = await present(conn, petition_id)
            rules = await self.rulebook.rules(conn)
            today = legal_date(self.clock.now())
            works = may_read_private(petition.state, principal.agency, rules.directory, today)
            said = await review.load_comments(conn, petition_id)
            reviews = await review.load_reviews(conn, petition_id)
            members = await review.load_members(conn, petition_id)
        updates = [comment.on for comment in said if comment.kind == "update"]
        update = None
        if petition.state.status in AWAITING and today > petition.state.due_on:
            last = max(updates) if updates else None
            due_on = petition.state.due_on
            update = clocks.next_update(due_on, last, rules.limits, rules.calendar)
        return Course(
            reviews,
            said if works else [],
            members,
            petition.workings.duplicate_of,
            update,
            _suggestion(petition, rules.directory, today),
            rules.calendar.unverified(petition.state.filed_on, petition.state.due_on),
        )

    async def comment(self, petition_id: str, kind: str, text: str, principal: Principal) -> None:
        """Record what was said of a petition; it moves neither its version nor any clock.

        Raises Refusal `unknown_petition`, `not_officer` for who does not work on it.
        """
        now = self.clock.now()
        day = moment_of(now).day
        async with self.database.transaction() as conn:
            petition: Standing = await present(conn, petition_id)
            rules = await self.rulebook.rules(conn)
            works = may_read_private(petition.state, principal.agency, rules.directory, day)
            if not works or await store.load_private(conn, petition_id) is None:
                raise Refusal(
                    "not_officer",
                    "Chỉ cơ quan đang xử lý kiến nghị này được ghi ý kiến.",
                    "Only who works on this petition comments on it",
                    way="forbidden",
                )
            said = Comment(kind, day, text, principal.agency, principal.name)
            await review.add_comment(conn, petition_id, said, now)


def _suggestion(petition: Petition, directory: Directory, today: date) -> Suggestion | None:
    state = petition.state
    if state.status != "filed":
        return None
    lead = directory.lead_of(state.field, today)
    return Suggestion(lead, directory.co_ordinating(state.other_fields, lead or "", today))


def _why(petition: Petition) -> tuple[str, ...]:
    workings = petition.workings
    reasons = (
        ("answered", petition.state.status == "answered"),
        ("disputed", workings.disputed),
        ("overdue", workings.alarms >= 1),
        ("escalated", workings.alarms >= 2),
    )
    return tuple(word for word, holds in reasons if holds)
