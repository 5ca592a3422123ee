"""History of an older portal: the whole life of each petition, on the dates it had."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Generic, TypeVar

from services.petitions import store
from services.petitions.domain import decide
from services.petitions.domain.calendar import Moment
from services.petitions.domain.commands import (
    AnswerCommand,
    AssignCommand,
    Command,
    DuplicateCommand,
    FileCommand,
    ResolveCommand,
    When,
)
from services.petitions.domain.petition import Known, Petition
from services.petitions.domain.private import Private, check_public
from services.petitions.domain.rules import Actor, Rules
from services.petitions.domain.workflow import SCOPES
from services.petitions.handlers.asked import Acted, Filed
from services.petitions.handlers.commands import Commands
from services.petitions.handlers.once import Caller
from services.petitions.handlers.sessions import check_session
from shared.contracts.envelope import Source
from shared.contracts.values import Agency, PetitionOutcome
from shared.plumbing.auth import Principal
from shared.plumbing.clock import legal_date
from shared.plumbing.idempotency import Answer

# Who did it, in the books: the acting agency is named by each act.
NAME: Final = "import"
_SYSTEM: Final = f"/vn/lang-son/http/{NAME}"
_FILE: Final = frozenset({"petitions:file"})
_ALL_SCOPES: Final = frozenset(scope for scope in SCOPES.values() if scope)
T = TypeVar("T")


@dataclass(frozen=True)
class Done:
    """An act by which a petition was answered or settled: its day and its document."""

    on: date
    document: str


@dataclass(frozen=True)
class Life:
    """One petition of the older portal, from filing on; what is None has not happened.

    The straight life is told by its dates, any other by `course`: its acts in their order. The
    original of a duplicate is named by the older portal's reference.
    """

    reference: str
    filing: FileCommand
    private: Private
    agency: Agency | None = None
    assigned_on: date | None = None
    answered: Done | None = None
    resolved: Done | None = None
    outcome: PetitionOutcome | None = None
    course: tuple[Command, ...] = ()

    def acts(self) -> Iterator[tuple[str, Command]]:
        """Yield the acts in their order, each with the ending of its reference."""
        if self.course:
            for number, command in enumerate(self.course, start=1):
                yield f"{number}-{decide.action_of(command)}", command
            return
        if self.assigned_on is not None:
            yield "assign", AssignCommand(self.agency, None, When(self.assigned_on, "backfill"))
        if self.answered is not None:
            when = When(self.answered.on, "backfill")
            yield "answer", AnswerCommand(self.answered.document, self.outcome, when)
        if self.resolved is not None:
            when = When(self.resolved.on, "backfill")
            yield "resolve", ResolveCommand(self.resolved.document, self.outcome, when)

    @property
    def needs_another(self) -> bool:
        """Whether it names another life, which is to be taken in before."""
        return any(isinstance(command, DuplicateCommand) for command in self.course)


@dataclass
class _Kept(Generic[T]):
    """Keeps what a use case hands to be rendered."""

    value: list[T] = field(default_factory=list)

    def __call__(self, value: T) -> Answer:
        self.value = [value]
        return Answer(200, b"", {})


@dataclass(frozen=True)
class Imports:
    """Takes lives in, with origin backfill: no alarm, no notification, right in their year.

    A life is rehearsed first, so that one that the rules refuse leaves nothing behind. Each act
    happens once by its reference, so a file can be taken again, also after it was cut in the
    middle; a life that has gone on meanwhile gets only what is new of it.
    """

    commands: Commands

    async def rehearse(self, life: Life) -> list[tuple[Agency | None, str, Command]]:
        """Return the acts of a life, each with the agency that takes it; nothing is recorded.

        Raises Refusal as `decide` and `check_public` do, `unknown_session`.
        """
        await check_session(self.commands.database, life.filing)
        async with self.commands.database.connection() as conn:
            rules = await self.commands.rulebook.rules(conn)
        today = Moment(legal_date(self.commands.clock.now()))
        return rehearsed(life, rules, today)

    async def take(self, life: Life) -> bool:
        """Take one life in; whether it was there before. Raises Refusal as `rehearse` does."""
        acts = await self.rehearse(life)
        filed: _Kept[Filed] = _Kept()
        await self.commands.file(
            life.filing,
            life.private,
            reference=life.reference,
            caller=Caller(Principal(NAME, None, _FILE)),
            render=filed,
        )
        for agency, ending, command in acts:
            acted: _Kept[Acted] = _Kept()
            await self.commands.act(
                filed.value[0].standing.petition.id,
                await self._with_original(command),
                expected=None,
                reference=f"{life.reference}/{ending}",
                caller=Caller(Principal(NAME, agency, _ALL_SCOPES)),
                render=acted,
                tracking_code=filed.value[0].tracking_code,
            )
        return filed.value[0].repeated

    async def _with_original(self, command: Command) -> Command:
        if not isinstance(command, DuplicateCommand) or command.original is None:
            return command
        async with self.commands.database.connection() as conn:
            used = await store.find_references(conn, [(_SYSTEM, command.original)])
        # What is no reference of the older portal may be the id that we gave.
        first = used.get((_SYSTEM, command.original))
        return replace(command, original=first.petition_id) if first else command


def rehearsed(life: Life, rules: Rules, today: Moment) -> list[tuple[Agency | None, str, Command]]:
    """Return the acts of a life as `Imports.rehearse` does, under these rules."""
    source = Source(system=_SYSTEM, reference=life.reference)
    check_public(life.private, life.reference, life.filing.session)
    petition = decide.file(
        life.filing, petition_id="KN-0", source=source, now=today, rules=rules
    ).petition
    acts: list[tuple[Agency | None, str, Command]] = []
    for ending, command in life.acts():
        agency = _acting(life, petition, command, rules)
        decision = decide.act(
            petition,
            command,
            actor=Actor(agency, _ALL_SCOPES, is_petitioner=True),
            source=source,
            now=today,
            rules=rules,
            known=Known(original=replace(petition, id="KN-00")),
        )
        check_public(life.private, decision.event.reason)
        petition = decision.petition
        acts.append((agency, ending, command))
    return acts


def _acting(life: Life, petition: Petition, command: Command, rules: Rules) -> Agency | None:
    """Return the agency that takes an act of the past: the reviewer, the lead or the front desk.

    It follows from the life alone, so that the same file names the same agencies again.
    """
    directory = rules.directory
    if decide.action_of(command) == "review":
        return next((row.code for row in directory.rows.values() if row.reviews), None)
    if petition.state.agency is not None:
        return petition.state.agency
    if isinstance(command, AssignCommand):
        return life.agency
    return next((row.code for row in directory.rows.values() if row.front_desk), None)
