"""History of an older portal: the whole life of each petition, on the dates it had."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Generic, TypeVar

from services.petitions.domain.commands import (
    AnswerCommand,
    AssignCommand,
    Command,
    FileCommand,
    ResolveCommand,
    When,
)
from services.petitions.domain.private import Private
from services.petitions.handlers.asked import Acted, Filed
from services.petitions.handlers.commands import Commands
from services.petitions.handlers.once import Caller
from shared.contracts.values import Agency, PetitionOutcome
from shared.plumbing.auth import Principal
from shared.plumbing.idempotency import Answer

# Who did it, in the books: the acting agency is named by each act.
NAME: Final = "import"
_FILE, _HANDLE = "petitions:file", "petitions:handle"
T = TypeVar("T")


@dataclass(frozen=True)
class Done:
    """An act by which a petition was answered or settled: its day and its document."""

    on: date
    document: str


@dataclass(frozen=True)
class Life:
    """One petition of the older portal, from filing on; what is None has not happened."""

    reference: str
    filing: FileCommand
    private: Private
    agency: Agency | None = None
    assigned_on: date | None = None
    answered: Done | None = None
    resolved: Done | None = None
    outcome: PetitionOutcome | None = None

    def acts(self) -> Iterator[tuple[str, Command]]:
        """Yield what followed the filing, each with the ending of its own reference."""
        if self.agency is None and self.assigned_on is None and self.answered is None:
            return
        on = self.assigned_on or self.filing.when.on
        yield "assign", AssignCommand(agency=self.agency, when=When(on, "backfill"))
        if self.answered is not None:
            when = When(self.answered.on, "backfill")
            yield "answer", AnswerCommand(self.answered.document, self.outcome, when)
        if self.resolved is not None:
            when = When(self.resolved.on, "backfill")
            yield "resolve", ResolveCommand(self.resolved.document, self.outcome, when)


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

    Each act happens once by its reference, so a file can be taken again, also after it was cut in
    the middle; a life that has gone on meanwhile gets only what is new of it.
    """

    commands: Commands

    async def take(self, life: Life) -> bool:
        """Take one life in; whether it was there before. Raises Refusal as the commands do."""
        filed: _Kept[Filed] = _Kept()
        await self.commands.file(
            life.filing,
            life.private,
            reference=life.reference,
            caller=Caller(Principal(NAME, None, frozenset({_FILE}))),
            render=filed,
        )
        petition_id = filed.value[0].standing.petition.id
        lead: Any = life.agency
        for ending, command in life.acts():
            acted: _Kept[Acted] = _Kept()
            await self.commands.act(
                petition_id,
                command,
                expected=None,
                reference=f"{life.reference}/{ending}",
                caller=Caller(Principal(NAME, lead, frozenset({_HANDLE}))),
                render=acted,
            )
            lead = acted.value[0].standing.petition.state.agency
        return filed.value[0].repeated
