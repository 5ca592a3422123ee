"""The petitions as one transaction sees them: what it was asked, decided in order, saved at once.

Rules are asked in memory; the database is read before the first of them and written after the last.
A job that comes after another about the same petition sees what that one did; one that is refused
leaves nothing behind.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from services.petitions import store
from services.petitions.domain import decide
from services.petitions.domain.commands import CorrectCommand, DuplicateCommand, ReviewCommand
from services.petitions.domain.petition import Decision, Known, Petition
from services.petitions.domain.private import Petitioner, check_person, tracking_code_of
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.rules import Actor, Rules
from services.petitions.handlers.asked import (
    Acted,
    Acting,
    Filed,
    Filing,
    Job,
    VersionConflict,
    key_of,
)
from services.petitions.handlers.drafts import Draft, draft_all
from services.petitions.handlers.once import Caller
from services.petitions.handlers.queries import standing_of, unknown
from services.petitions.handlers.recording import (
    Hand,
    event_of,
    line_of,
    lines_of,
    moment_of,
    read_line,
)
from services.petitions.handlers.rulebook import Rulebook
from services.petitions.store import acts, review
from services.petitions.store.acts import Changed, Held, NewPetition
from shared.plumbing import idempotency, ids, outbox
from shared.plumbing.clock import Clock
from shared.plumbing.errors import Problem
from shared.plumbing.idempotency import Answer, Given
from shared.plumbing.postgres import Connection

Settled: TypeAlias = Answer | Exception | None


def needs_more(job: Job) -> bool:
    """Say whether a job needs more of the database than its petition: it is done alone."""
    command = job.command
    return isinstance(command, CorrectCommand | DuplicateCommand)


@dataclass
class Desk:
    """What a transaction holds and knows, and what it will write.

    `held` are the petitions that nobody else can change meanwhile; `seen` those that were filed
    before, under a reference that came again.
    """

    conn: Connection
    now: datetime
    rules: Rules
    held: dict[str, Held]
    given: dict[tuple[str, str], Given]
    used: dict[store.ReferenceKey, store.Reference]
    waited: bool
    seen: dict[str, Held] = field(default_factory=dict)
    drafts: dict[Filing, Draft | Refusal] = field(default_factory=dict)
    persons: dict[str, Petitioner] = field(default_factory=dict)
    original: Petition | None = None
    ledger: list[dict[str, object]] = field(default_factory=list)
    new: list[NewPetition] = field(default_factory=list)
    members: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    lines: dict[str, list[bytes]] = field(default_factory=dict)
    restated: set[str] = field(default_factory=set)
    reviews: list[tuple[Petition, ReviewCommand, str | None]] = field(default_factory=list)
    events: list[outbox.NewEvent] = field(default_factory=list)
    added: dict[store.ReferenceKey, store.Reference] = field(default_factory=dict)
    made: dict[tuple[str, str], Given] = field(default_factory=dict)

    @classmethod
    async def open(
        cls,
        conn: Connection,
        clock: Clock,
        rulebook: Rulebook,
        jobs: Sequence[Job],
        *,
        wait: bool,
    ) -> "Desk":
        """Load what jobs need. Without `wait` petitions in other hands are left to them."""
        version = await acts.open_desk(conn)
        petitions = {job.petition_id for job in jobs if isinstance(job, Acting)}
        held = await acts.hold(conn, petitions, wait=wait) if petitions else {}
        # After the locks: whoever had the same key for the same petition has committed its answer.
        keys = [key for job in jobs if (key := key_of(job)) is not None]
        given = await idempotency.find_answers(conn, keys)
        names = {name for job in jobs if (name := job.reference) is not None}
        used = await store.find_references(conn, names) if names else {}
        rules = await rulebook.rules(conn, version)
        # Time does not go back within a petition.
        desk = cls(conn, clock.now(), rules, held, given, used, wait)
        await desk._prepare_filings([job for job in jobs if isinstance(job, Filing)])
        await desk._prepare_acts([job for job in jobs if isinstance(job, Acting)])
        return desk

    async def _prepare_filings(self, jobs: Sequence[Filing]) -> None:
        again = {self.used[job.reference].petition_id for job in jobs if job.reference in self.used}
        if again:
            self.seen = await acts.look(self.conn, again)
        fresh = [
            job for job in jobs if job.reference not in self.used and key_of(job) not in self.given
        ]
        self.drafts = await draft_all(self.conn, fresh, moment_of(self.now).day)

    async def _prepare_acts(self, jobs: Sequence[Acting]) -> None:
        # Only what an act says in words can name the person; its petition's were looked at then.
        told = {job.petition_id for job in jobs if job.is_named or _speaks(job)} & self.held.keys()
        if told:
            self.persons = await acts.load_persons(self.conn, told)
        for job in jobs:
            command = job.command
            if isinstance(command, CorrectCommand) and job.petition_id in self.held:
                self.ledger = await store.load_ledger(self.conn, job.petition_id)
            if isinstance(command, DuplicateCommand) and command.original:
                self.original = await _first(self.conn, command.original)

    def take(self, job: Job) -> Settled:
        """Do a job: its answer or refusal; None when its petition is in other hands."""
        key = key_of(job)
        try:
            if key is not None and key in self.given:
                assert job.caller.key is not None
                return self.given[key].for_request(job.caller.key.key, job.caller.key.digest)
            answer = self._file(job) if isinstance(job, Filing) else self._act(job)
        except (Refusal, Problem, VersionConflict) as refusal:
            return refusal
        if answer is not None and job.caller.key is not None and key is not None:
            self.made[key] = Given(job.caller.key.digest, answer)
        return answer

    def _file(self, job: Filing) -> Answer | None:
        digest = job.digest
        used = self._used(job, digest)
        if used is not None:
            known = self.held.get(used.petition_id) or self.seen[used.petition_id]
            standing = standing_of(known.petition)
            return job.render(Filed(standing, known.tracking_code, repeated=True))
        draft = self.drafts.get(job)
        if draft is None:
            return None  # whoever came first under this reference filed nothing after all
        if isinstance(draft, Refusal):
            raise draft
        decision = decide.file(
            job.command,
            petition_id=draft.petition_id,
            source=job.source,
            now=moment_of(self.now),
            rules=self.rules,
        )
        code = tracking_code_of(ids.new_token())
        petition = decision.petition
        line = self._record(decision, job.caller, None)
        self.new.append(NewPetition(petition, job.private, draft.likeness, line, code))
        if job.command.members:
            self.members.append((petition.id, job.command.members))
        self.seen[petition.id] = Held(petition, code)
        self._use(job, petition, digest)
        return job.render(Filed(standing_of(petition), code, alike=draft.alike))

    def _act(self, job: Acting) -> Answer | None:
        held = self.held.get(job.petition_id)
        if held is None:
            if self.waited:
                raise unknown(job.petition_id)
            return None
        petition = held.petition
        digest = job.digest if job.is_named else b""
        if self._used(job, digest) is not None:
            return job.render(Acted(standing_of(petition), repeated=True))
        if job.expected is not None and job.expected != petition.version:
            raise VersionConflict(standing_of(petition))
        decision = self._decide(job, held)
        document = getattr(job.command, "document", None)
        if decision.step.action == "confirm":
            document = petition.workings.answer
        self._keep(job, decision, document)
        if job.is_named:
            self._use(job, decision.petition, digest)
        return job.render(Acted(standing_of(decision.petition)))

    def _decide(self, job: Acting, held: Held) -> Decision:
        principal = job.caller.principal
        shown = (job.tracking_code or "").upper()
        is_petitioner = hmac.compare_digest(held.tracking_code.encode(), shown.encode())
        decision = decide.act(
            held.petition,
            job.command,
            actor=Actor(principal.agency, principal.scopes, is_petitioner),
            source=job.source,
            now=moment_of(self.now),
            rules=self.rules,
            known=Known(tuple(read_line(line) for line in self.ledger), self.original),
        )
        person = self.persons.get(job.petition_id)
        if person is not None:
            named = job.source.reference if job.is_named else None
            check_person(person, named, decision.event.reason, decision.petition.state.session)
        return decision

    def _keep(self, job: Acting, decision: Decision, document: str | None) -> None:
        petition, held = decision.petition, self.held[job.petition_id]
        self.held[petition.id] = Held(petition, held.tracking_code)
        if decision.standing is not None:
            self.restated.add(petition.id)
            self.lines[petition.id] = lines_of(decision, self.ledger)
            self.events.append(event_of(decision, self._hand(job.caller)))
            return
        line = self._record(decision, job.caller, document)
        self.lines.setdefault(petition.id, []).append(line)
        if isinstance(job.command, ReviewCommand):
            self.reviews.append((petition, job.command, job.caller.principal.agency))

    def _record(self, decision: Decision, caller: Caller, document: str | None) -> bytes:
        hand = self._hand(caller)
        self.events.append(event_of(decision, hand))
        return line_of(decision, hand, document)

    def _hand(self, caller: Caller) -> Hand:
        principal = caller.principal
        return Hand(principal.name, principal.agency, self.now, caller.traceparent)

    def _used(self, job: Job, digest: bytes) -> store.Reference | None:
        """Return what was recorded under a reference. Raises Refusal `reference_conflict`."""
        name = job.reference
        used = None if name is None else self.used.get(name)
        if used is not None and used.digest != digest:
            reference = job.source.reference
            raise Refusal(
                "reference_conflict",
                f"Mã tham chiếu {reference} đã được dùng cho nội dung khác ({used.petition_id}).",
                f"The reference {reference} was used for other content ({used.petition_id})",
                {"reference": reference, "id": used.petition_id, "sequence": used.sequence},
                way="conflict",
            )
        return used

    def _use(self, job: Job, petition: Petition, digest: bytes) -> None:
        name = job.reference
        assert name is not None
        used = store.Reference(petition.id, petition.version, digest)
        self.used[name] = self.added[name] = used

    async def save(self) -> None:
        """Write all of it. Raises ReferenceTaken, SequenceTaken, KeyTaken: begin anew."""
        conn = self.conn
        if self.new:
            await acts.insert_all(conn, self.new, self.now)
        for petition_id, codes in self.members:
            await review.add_members(conn, petition_id, codes)
        if self.lines:
            changed = [
                Changed(self.held[one].petition, lines, one in self.restated)
                for one, lines in self.lines.items()
            ]
            await acts.save_all(conn, changed, self.now)
        for petition, command, agency in self.reviews:
            assert command.recommendation
            assert command.due_on
            await review.keep_review(conn, petition, command.recommendation, command.due_on, agency)
        if self.added:
            await store.keep_references(conn, self.added)
        await outbox.append(conn, self.events)
        await idempotency.save_answers(conn, self.made, self.now)


def _speaks(job: Acting) -> bool:
    # Every word that comes into an event's reason comes from one of these.
    words = ("reason", "legal_basis", "recommendation")
    return isinstance(job.command, CorrectCommand) or any(
        getattr(job.command, word, None) for word in words
    )


async def _first(conn: Connection, petition_id: str) -> Petition | None:
    # The original of a duplicate is the petition that is answered, however long the chain.
    petition = await store.load(conn, petition_id)
    while petition is not None and petition.workings.duplicate_of is not None:
        petition = await store.load(conn, petition.workings.duplicate_of)
    return petition
