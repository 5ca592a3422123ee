"""The body of each action; a test holds them equal to the rows of the workflow."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from services.petitions.api.bodies import Dated, Document, clean_lines
from services.petitions.domain.commands import (
    AnswerCommand,
    AssignCommand,
    Command,
    CorrectCommand,
    Corrected,
    DuplicateCommand,
    ExtendCommand,
    ReasonedAction,
    ReasonedCommand,
    ResolveCommand,
    ReviewCommand,
    TransferCommand,
)
from services.petitions.domain.limits import Complexity, Unit
from services.petitions.domain.workflow import Action
from shared.contracts.intake import Reference
from shared.contracts.values import (
    Agency,
    EntityCode,
    LegalDate,
    PetitionerKind,
    PetitionField,
    PetitionId,
    PetitionOutcome,
)

# It goes into the event: nothing of the text or the person belongs here.
Reason = Annotated[
    str,
    Field(max_length=1000, description="Published with the event: it names no person."),
    AfterValidator(clean_lines),
]
_NUMBER = Field(default=None, description="Needed: the number of the document.")


class ActionIn(Dated):
    """What every action may say of itself."""

    reference: Reference | None = Field(
        default=None,
        description="The sender's own, unique number: it makes the action happen once.",
    )
    tracking_code: Annotated[str, Field(max_length=40)] | None = Field(
        default=None, repr=False, description="Shown by the petitioner; it proves who acts."
    )

    def command(self) -> Command:
        """The command."""
        raise NotImplementedError


class AssignIn(ActionIn):
    """The lead agency; absent is the agency that leads the petition's first field."""

    agency: Agency | None = None
    co_agencies: list[Agency] | None = Field(
        default=None, max_length=64, description="Absent: the agencies that lead the other fields."
    )
    complexity: Complexity = "normal"

    def command(self) -> AssignCommand:
        """The command."""
        co_agencies = None if self.co_agencies is None else tuple(self.co_agencies)
        return AssignCommand(self.agency, co_agencies, self.when, self.complexity)


class TransferIn(ActionIn):
    """Another lead agency, with the reason. The total clock runs on."""

    agency: Agency | None = None
    reason: Reason | None = None
    co_agencies: list[Agency] | None = Field(default=None, max_length=64)

    def command(self) -> TransferCommand:
        """The command."""
        co_agencies = None if self.co_agencies is None else tuple(self.co_agencies)
        return TransferCommand(self.agency, self.reason, co_agencies, self.when)


class ExtendIn(ActionIn):
    """More days to answer, with reason and legal basis, before it is late."""

    days: Annotated[int, Field(ge=1, le=365)] | None = None
    unit: Unit = "calendar"
    reason: Reason | None = None
    legal_basis: Reason | None = None

    def command(self) -> ExtendCommand:
        """The command."""
        return ExtendCommand(self.days, self.reason, self.legal_basis, self.unit, self.when)


class AnswerIn(ActionIn):
    """The answer, which is a document with a number; not yet a settlement."""

    document: Document | None = _NUMBER
    outcome: PetitionOutcome | None = None

    def command(self) -> AnswerCommand:
        """The command."""
        return AnswerCommand(self.document, self.outcome, self.when)


class ResolveIn(ActionIn):
    """The definitive settlement, by a document with a number."""

    document: Document | None = _NUMBER
    outcome: PetitionOutcome | None = Field(
        default=None, description="Absent: as the answer stated."
    )

    def command(self) -> ResolveCommand:
        """The command."""
        return ResolveCommand(self.document, self.outcome, self.when)


class DuplicateIn(ActionIn):
    """The earlier petition that says the same; it is answered with that one."""

    original: PetitionId | None = None

    def command(self) -> DuplicateCommand:
        """The command."""
        return DuplicateCommand(self.original, self.when)


class ReviewIn(ActionIn):
    """What Sở Tài chính recommends, and until when it is to be done."""

    recommendation: Reason | None = None
    due_on: LegalDate | None = None

    def command(self) -> ReviewCommand:
        """The command."""
        return ReviewCommand(self.recommendation, self.due_on, self.when)


class CorrectIn(ActionIn):
    """What was recorded wrongly, as it should have been; `undo` takes the last act back."""

    reason: Reason | None = None
    undo: bool = False
    field: PetitionField | None = None
    other_fields: list[PetitionField] | None = Field(default=None, max_length=16)
    petitioner_kind: PetitionerKind | None = None
    entity: EntityCode | None = None
    session: PetitionId | None = None
    outcome: PetitionOutcome | None = None

    def command(self) -> CorrectCommand:
        """The command."""
        corrected = Corrected(
            self.field,
            None if self.other_fields is None else tuple(self.other_fields),
            self.petitioner_kind,
            self.entity,
            self.session,
            self.outcome,
        )
        return CorrectCommand(self.reason, corrected, self.undo, self.when)


def _reasoned(action: ReasonedAction) -> type[ActionIn]:
    class ReasonedIn(ActionIn):
        __doc__ = "The act and its reason."

        reason: Reason | None = None

        def command(self) -> ReasonedCommand:
            return ReasonedCommand(action, self.reason, self.when)

    ReasonedIn.__name__ = "".join(word.capitalize() for word in action.split("_")) + "In"
    ReasonedIn.__qualname__ = ReasonedIn.__name__
    return ReasonedIn


BODIES: Final[Mapping[Action, type[ActionIn]]] = {
    "assign": AssignIn,
    "transfer": TransferIn,
    "request_supplement": _reasoned("request_supplement"),
    "receive_supplement": _reasoned("receive_supplement"),
    "extend": ExtendIn,
    "answer": AnswerIn,
    "resolve": ResolveIn,
    "confirm": _reasoned("confirm"),
    "dispute": _reasoned("dispute"),
    "reopen": _reasoned("reopen"),
    "reject": _reasoned("reject"),
    "refer": _reasoned("refer"),
    "take_back": _reasoned("take_back"),
    "withdraw": _reasoned("withdraw"),
    "mark_duplicate": DuplicateIn,
    "review": ReviewIn,
    "correct": CorrectIn,
}
