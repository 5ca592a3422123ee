"""Use cases that change a petition."""

import hmac
from collections.abc import Callable
from dataclasses import asdict, dataclass

from services.petitions import store
from services.petitions.domain import decide
from services.petitions.domain.commands import (
    Command,
    CorrectCommand,
    DuplicateCommand,
    FileCommand,
    ReviewCommand,
)
from services.petitions.domain.petition import Decision, Known, Petition
from services.petitions.domain.private import Private, check_public, tracking_code_of
from services.petitions.domain.rules import Actor, Rules
from services.petitions.domain.similar import ALIKE, likeness_of, similarity
from services.petitions.domain.workflow import Action, scopes_of
from services.petitions.handlers.once import Caller, Once, digest_of
from services.petitions.handlers.queries import Standing, present, standing_of, unknown
from services.petitions.handlers.recording import (
    Hand,
    keep_reference,
    line_of,
    moment_of,
    publish,
    read_line,
    record,
    used_reference,
)
from services.petitions.handlers.rulebook import Rulebook
from services.petitions.handlers.sessions import check_session
from services.petitions.store import review
from shared.contracts.envelope import Source
from shared.plumbing import ids
from shared.plumbing.auth import Principal, require
from shared.plumbing.clock import Clock, legal_date
from shared.plumbing.idempotency import Answer
from shared.plumbing.postgres import Connection, Database

_CANDIDATES = 50
_OFFERED = 5


class VersionConflict(Exception):
    """Somebody changed the petition meanwhile; `standing` is how it stands now."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(f"{standing.petition.id} has version {standing.petition.version}")
        self.standing = standing


@dataclass(frozen=True)
class Alike:
    """A petition of the same field that may say the same; `similarity` is 0 to 1."""

    id: str
    similarity: float


@dataclass(frozen=True)
class Filed:
    """A petition that was filed, and the code under which the petitioner follows it.

    `repeated`: it was filed before, under the same reference. `alike` are offered, most alike
    first; nothing is merged.
    """

    standing: Standing
    tracking_code: str
    repeated: bool = False
    alike: tuple[Alike, ...] = ()


@dataclass(frozen=True)
class Acted:
    """A petition after an action; `repeated`: it was taken before, under the same reference."""

    standing: Standing
    repeated: bool = False


@dataclass(frozen=True)
class Commands:
    """What can be done, with what it needs: the database, the clock, the rules."""

    database: Database
    clock: Clock
    rulebook: Rulebook

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
        `forbidden`, `idempotency_key_reused`.
        """
        _require_one(caller.principal, "file")
        await check_session(self.database, command)
        source = Source(system=_system(caller.principal), reference=reference)
        digest = digest_of(
            command, private.title, private.text, sorted(asdict(private.petitioner).items())
        )

        async def work(conn: Connection) -> Filed:
            used = await used_reference(conn, source, digest)
            if used is None:
                return await self._begin(conn, command, private, source, digest, caller)
            petition = await present(conn, used.petition_id)
            code = await store.tracking_code(conn, petition.id)
            return Filed(standing_of(petition), code, repeated=True)

        return await Once(self.database, self.clock).run(work, render, caller)

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
        `idempotency_key_reused`.
        """
        _require_one(caller.principal, decide.action_of(command))
        await check_session(self.database, command)
        source = Source(system=_system(caller.principal), reference=reference or ids.new_event_id())
        digest = digest_of(petition_id, command)

        async def work(conn: Connection) -> Acted:
            petition = await store.lock(conn, petition_id)
            if petition is None:
                raise unknown(petition_id)
            if reference is not None and await used_reference(conn, source, digest):
                return Acted(standing_of(petition), repeated=True)
            if expected is not None and expected != petition.version:
                raise VersionConflict(standing_of(petition))
            actor = await _actor(conn, petition_id, caller.principal, tracking_code)
            decision = await self._go_on(conn, petition, command, source, actor, caller)
            await keep_reference(conn, decision, digest)
            return Acted(standing_of(decision.petition))

        return await Once(self.database, self.clock).run(work, render, caller)

    async def _begin(
        self,
        conn: Connection,
        command: FileCommand,
        private: Private,
        source: Source,
        digest: bytes,
        caller: Caller,
    ) -> Filed:
        now = self.clock.now()
        check_public(private, source.system, source.reference, command.session)
        rules = await self.rulebook.rules(conn)
        # Decided before a number is taken: what is refused leaves no gap behind.
        filed_on = decide.check(command, legal_date(now))
        decision = decide.file(
            command,
            petition_id=f"KN-{filed_on.year}-{await store.next_number(conn):06d}",
            source=source,
            now=moment_of(now),
            rules=rules,
        )
        code = tracking_code_of(ids.new_token())
        hand = _hand(caller, self.clock)
        line = line_of(decision, hand, None)
        await store.insert(conn, decision.petition, private, line=line, tracking_code=code, at=now)
        if command.members:
            await review.add_members(conn, decision.petition.id, command.members)
        alike = await _offer(conn, decision.petition.id, command.field, private)
        await publish(conn, decision, hand)
        await keep_reference(conn, decision, digest)
        return Filed(standing_of(decision.petition), code, alike=alike)

    async def _go_on(
        self,
        conn: Connection,
        petition: Petition,
        command: Command,
        source: Source,
        actor: Actor,
        caller: Caller,
    ) -> Decision:
        # Read after the lock was had: time does not go back within a petition.
        hand = _hand(caller, self.clock)
        rules: Rules = await self.rulebook.rules(conn)
        is_correction = isinstance(command, CorrectCommand)
        ledger = await store.load_ledger(conn, petition.id) if is_correction else []
        known = Known(tuple(read_line(line) for line in ledger))
        if isinstance(command, DuplicateCommand) and command.original:
            known = Known(original=await _first(conn, command.original))
        decision = decide.act(
            petition,
            command,
            actor=actor,
            source=source,
            now=moment_of(hand.now),
            rules=rules,
            known=known,
        )
        private = await store.load_private(conn, petition.id)
        if private is not None:
            said = (decision.event.reason, decision.petition.state.session)
            check_public(private, source.reference, *said)
        document = getattr(command, "document", None)
        if decision.step.action == "confirm":
            document = petition.workings.answer
        await record(conn, decision, hand, document=document, ledger=ledger)
        if isinstance(command, ReviewCommand):
            assert command.recommendation
            assert command.due_on
            await review.keep_review(
                conn, decision.petition, command.recommendation, command.due_on, actor.agency
            )
        return decision


def _require_one(principal: Principal, action: Action) -> None:
    scopes = scopes_of(action)
    if not any(scope in principal.scopes for scope in scopes):
        require(principal, scopes[0])


def _hand(caller: Caller, clock: Clock) -> Hand:
    principal = caller.principal
    return Hand(principal.name, principal.agency, clock.now(), caller.traceparent)


def _system(principal: Principal) -> str:
    # An officer's name is a person's name and has no place in an event; the agency's has.
    return f"/vn/lang-son/http/{principal.agency or principal.name}"


async def _actor(
    conn: Connection, petition_id: str, principal: Principal, tracking_code: str | None
) -> Actor:
    is_petitioner = False
    if tracking_code is not None:
        known = await store.tracking_code(conn, petition_id)
        is_petitioner = hmac.compare_digest(known.encode(), tracking_code.upper().encode())
    return Actor(principal.agency, frozenset(principal.scopes), is_petitioner)


async def _first(conn: Connection, petition_id: str) -> Petition | None:
    # The original of a duplicate is the petition that is answered, however long the chain.
    petition = await store.load(conn, petition_id)
    while petition is not None and petition.workings.duplicate_of is not None:
        petition = await store.load(conn, petition.workings.duplicate_of)
    return petition


async def _offer(
    conn: Connection, petition_id: str, field: str, private: Private
) -> tuple[Alike, ...]:
    likeness = likeness_of(field, f"{private.title}\n{private.text}")
    found = [
        Alike(other, round(similarity(likeness.signature, signature), 2))
        for other, signature in await review.find_alike(conn, likeness, _CANDIDATES)
    ]
    await review.add_likeness(conn, petition_id, field, likeness)
    alike = sorted((a for a in found if a.similarity >= ALIKE), key=lambda a: -a.similarity)
    return tuple(alike[:_OFFERED])
