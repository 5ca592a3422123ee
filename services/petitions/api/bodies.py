"""What is sent to this door: each body becomes a command. Unknown fields are refused."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.petitions.domain.commands import (
    AnswerCommand,
    AssignCommand,
    FileCommand,
    FilingKind,
    ResolveCommand,
    When,
)
from services.petitions.domain.private import Petitioner, Private
from shared.contracts.intake import Name, Reference
from shared.contracts.values import (
    Agency,
    EntityCode,
    LegalDate,
    Origin,
    PetitionerKind,
    PetitionField,
    PetitionId,
    PetitionOutcome,
    complaint,
)


def _clean_lines(value: str) -> str:
    # Like a name, but with lines: a petition has paragraphs.
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").strip()
    if not text or any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" for c in text):
        raise complaint(
            "invalid_text",
            "Văn bản trống hoặc có ký tự điều khiển.",
            "The text is empty or has control characters",
        )
    return text


def _numbered(value: str) -> str:
    if not any(c.isdigit() for c in value):
        raise complaint(
            "invalid_document",
            "Số văn bản phải có chữ số, ví dụ 123/STC-DN.",
            "The number of a document has a digit, like 123/STC-DN",
        )
    return value


Title = Annotated[str, Field(max_length=300), AfterValidator(_clean_lines)]
Text = Annotated[str, Field(max_length=20_000), AfterValidator(_clean_lines)]
Contact = Annotated[str, Field(max_length=300), AfterValidator(_clean_lines)]
Phone = Annotated[str, Field(pattern=r"^\+?[0-9][0-9 .-]{6,20}$")]
Document = Annotated[Reference, Field(max_length=100), AfterValidator(_numbered)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class PetitionerIn(_Body):
    """The person, or the organisation's contact. Private: never leaves this service."""

    name: Name = Field(repr=False)
    phone: Phone | None = Field(default=None, repr=False)
    email: Contact | None = Field(default=None, repr=False)
    address: Contact | None = Field(default=None, repr=False)


class _Dated(_Body):
    on: LegalDate | None = Field(
        default=None,
        description="Legal date; absent is today. Another date only with origin backfill.",
    )
    origin: Origin = "live"

    @property
    def when(self) -> When:
        """The legal date asked for."""
        return When(self.on, self.origin)


class FileIn(_Dated):
    """A petition. The first field routes it; title, text and petitioner stay private."""

    kind: FilingKind = "petition"
    field: PetitionField
    other_fields: list[PetitionField] = Field(default=[], max_length=16)
    petitioner_kind: PetitionerKind
    entity: EntityCode | None = Field(
        default=None, description="Code of the enterprise or co-operative."
    )
    session: PetitionId | None = Field(
        default=None, description="Id of the conference it was raised at."
    )
    title: Title = Field(repr=False)
    text: Text = Field(repr=False)
    petitioner: PetitionerIn = Field(repr=False)
    reference: Reference = Field(
        description="The sender's own, unique number: it makes the filing happen once."
    )

    def command(self) -> FileCommand:
        """The command, without what is private."""
        return FileCommand(
            field=self.field,
            petitioner_kind=self.petitioner_kind,
            other_fields=tuple(self.other_fields),
            entity=self.entity,
            session=self.session,
            kind=self.kind,
            when=self.when,
        )

    def private(self) -> Private:
        """What is private of it."""
        return Private(self.title, self.text, Petitioner(**self.petitioner.model_dump()))


class _ActionIn(_Dated):
    reference: Reference | None = Field(
        default=None,
        description="The sender's own, unique number: it makes the action happen once.",
    )


class AssignIn(_ActionIn):
    """The lead agency; absent is the agency that leads the petition's first field."""

    agency: Agency | None = None
    co_agencies: list[Agency] | None = Field(
        default=None, max_length=64, description="Absent: the agencies that lead the other fields."
    )

    def command(self) -> AssignCommand:
        """The command."""
        co_agencies = None if self.co_agencies is None else tuple(self.co_agencies)
        return AssignCommand(self.agency, co_agencies, self.when)


class AnswerIn(_ActionIn):
    """The answer, which is a document with a number; not yet a settlement."""

    document: Document | None = Field(
        default=None, description="Needed: the number of the document."
    )
    outcome: PetitionOutcome | None = None

    def command(self) -> AnswerCommand:
        """The command."""
        return AnswerCommand(self.document, self.outcome, self.when)


class ResolveIn(_ActionIn):
    """The definitive settlement, by a document with a number."""

    document: Document | None = Field(
        default=None, description="Needed: the number of the document."
    )
    outcome: PetitionOutcome | None = Field(
        default=None, description="Absent: as the answer stated."
    )

    def command(self) -> ResolveCommand:
        """The command."""
        return ResolveCommand(self.document, self.outcome, self.when)


ActionIn = AssignIn | AnswerIn | ResolveIn
