"""What may be asked of a petition. Without its text and its person: no rule needs them."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.petitions.domain.limits import Complexity, Unit
from services.petitions.domain.refusals import Refusal
from shared.contracts.values import (
    Agency,
    Origin,
    PetitionerKind,
    PetitionField,
    PetitionOutcome,
)

FilingKind = Literal["petition", "feedback", "complaint", "denunciation"]
ReasonedAction = Literal[
    "request_supplement",
    "receive_supplement",
    "confirm",
    "dispute",
    "reopen",
    "reject",
    "refer",
    "take_back",
    "withdraw",
]


@dataclass(frozen=True)
class When:
    """The legal date of an act: `on` None is today; another date only for history."""

    on: date | None = None
    origin: Origin = "live"


@dataclass(frozen=True)
class FileCommand:
    """File a petition: the first field routes it, other fields name who co-ordinates."""

    field: PetitionField
    petitioner_kind: PetitionerKind
    other_fields: tuple[PetitionField, ...] = ()
    entity: str | None = None
    session: str | None = None
    kind: FilingKind = "petition"
    when: When = When()
    # Codes of the members for whom an association speaks.
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class AssignCommand:
    """Give the petition to a lead agency: None takes the one that leads its field."""

    agency: Agency | None = None
    co_agencies: tuple[Agency, ...] | None = None
    when: When = When()
    complexity: Complexity = "normal"


@dataclass(frozen=True)
class AnswerCommand:
    """Answer by a document. `outcome` may already be stated."""

    document: str | None
    outcome: PetitionOutcome | None = None
    when: When = When()


@dataclass(frozen=True)
class ResolveCommand:
    """Settle definitively by a document. `outcome` None keeps what the answer stated."""

    document: str | None
    outcome: PetitionOutcome | None = None
    when: When = When()


@dataclass(frozen=True)
class TransferCommand:
    """Another agency leads from now on; `co_agencies` None keeps those that co-ordinate.

    `inherits`: a successor takes over, and the agency's clock runs on too.
    """

    agency: Agency | None
    reason: str | None
    co_agencies: tuple[Agency, ...] | None = None
    when: When = When()
    inherits: bool = False


@dataclass(frozen=True)
class ReasonedCommand:
    """An act that needs nothing but its reason."""

    action: ReasonedAction
    reason: str | None = None
    when: When = When()


@dataclass(frozen=True)
class ExtendCommand:
    """Give the answer more days, on a legal basis, before it is late."""

    days: int | None
    reason: str | None
    legal_basis: str | None
    unit: Unit = "calendar"
    when: When = When()


@dataclass(frozen=True)
class DuplicateCommand:
    """It is the same as an earlier petition and is answered with that one."""

    original: str | None
    when: When = When()


@dataclass(frozen=True)
class ReviewCommand:
    """Sở Tài chính recommends what is to be done, until when."""

    recommendation: str | None
    due_on: date | None
    when: When = When()


@dataclass(frozen=True)
class Corrected:
    """What a petition should have said of itself; absent (None) stays."""

    field: PetitionField | None = None
    other_fields: tuple[PetitionField, ...] | None = None
    petitioner_kind: PetitionerKind | None = None
    entity: str | None = None
    session: str | None = None
    outcome: PetitionOutcome | None = None


@dataclass(frozen=True)
class CorrectCommand:
    """Put right what was recorded wrongly: `undo` takes the last act back whole."""

    reason: str | None
    corrected: Corrected = Corrected()
    undo: bool = False
    when: When = When()


@dataclass(frozen=True)
class SystemCommand:
    """What the clock does by itself: a changed calendar, an answer that is late."""

    action: Literal["redate", "overdue", "escalate"]
    when: When = When()


Command = (
    AssignCommand
    | TransferCommand
    | ReasonedCommand
    | ExtendCommand
    | AnswerCommand
    | ResolveCommand
    | DuplicateCommand
    | ReviewCommand
    | CorrectCommand
    | SystemCommand
)


def legal_day(when: When, today: date) -> date:
    """Return the legal date of an act.

    An act of today is of today: nobody dates an answer back past its deadline. Raises Refusal
    `date_in_future`, `date_needs_backfill`.
    """
    day = when.on or today
    if day > today:
        raise Refusal(
            "date_in_future",
            f"Ngày {day:%d/%m/%Y} ở tương lai.",
            f"{day} is in the future",
            {"today": today.isoformat()},
        )
    if day != today and when.origin != "backfill":
        raise Refusal(
            "date_needs_backfill",
            "Việc hôm nay mang ngày hôm nay; ngày khác chỉ dùng khi nhập lịch sử (backfill).",
            "An act of today bears today's date; another date is for history (origin backfill)",
            {"today": today.isoformat()},
        )
    return day
