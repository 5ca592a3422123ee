"""What is sent to this door: each body becomes a command. Unknown fields are refused."""

import re
import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.petitions.domain.commands import FileCommand, FilingKind, When
from services.petitions.domain.private import Petitioner, Private
from shared.contracts.intake import Name, Reference
from shared.contracts.values import (
    EntityCode,
    LegalDate,
    Origin,
    PetitionerKind,
    PetitionField,
    PetitionId,
    complaint,
)

# Unicode's categories Cc and Cs, less the line feed and the tabulator.
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def clean_lines(value: str) -> str:
    """Return a text of paragraphs in NFC. Raises a complaint `invalid_text`."""
    # Like a name, but with lines: a petition has paragraphs.
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").strip()
    if not text or _CONTROLS.search(text):
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


Title = Annotated[str, Field(max_length=300), AfterValidator(clean_lines)]
Text = Annotated[str, Field(max_length=20_000), AfterValidator(clean_lines)]
Contact = Annotated[str, Field(max_length=300), AfterValidator(clean_lines)]
Phone = Annotated[str, Field(pattern=r"^\+?[0-9][0-9 .-]{6,20}$")]
Document = Annotated[Reference, Field(max_length=100), AfterValidator(_numbered)]


class Body(BaseModel):
    """What is sent to this door: strict, and nothing that is not known."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class PetitionerIn(Body):
    """The person, or the organisation's contact. Private: never leaves this service."""

    name: Name = Field(repr=False)
    phone: Phone | None = Field(default=None, repr=False)
    email: Contact | None = Field(default=None, repr=False)
    address: Contact | None = Field(default=None, repr=False)


class Dated(Body):
    """An act with its legal date and whether it is history."""

    on: LegalDate | None = Field(
        default=None,
        description="Legal date; absent is today. Another date only with origin backfill.",
    )
    origin: Origin = "live"

    @property
    def when(self) -> When:
        """The legal date asked for."""
        return When(self.on, self.origin)


class FileIn(Dated):
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
    members: list[EntityCode] = Field(
        default=[], max_length=500, description="Codes of the members an association speaks for."
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
            members=tuple(self.members),
        )

    def private(self) -> Private:
        """What is private of it."""
        return Private(self.title, self.text, Petitioner(**self.petitioner.model_dump()))
