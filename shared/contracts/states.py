"""The state of a subject: what an entity or a petition is at one place of its history."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.contracts.values import (
    COLLECTIVE_KINDS,
    DEPENDENT_KINDS,
    ENTERPRISE_FORMS,
    INDUSTRY_PATTERN,
    Agency,
    Commune,
    EntityKind,
    EntityStatus,
    IndustryScheme,
    LegalDate,
    LegalForm,
    PetitionerKind,
    PetitionField,
    PetitionId,
    PetitionOutcome,
    PetitionStatus,
    Subject,
    Vnd,
    complaint,
)


class Model(BaseModel):
    """Base of all that is published: frozen, strict, tolerant of fields that came later."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Industry(Model):
    """Main line of business: `scheme` names the classification, `code` has 2 to 5 digits."""

    scheme: IndustryScheme
    code: Annotated[str, Field(pattern=INDUSTRY_PATTERN)]


class EntityState(Model):
    """An entity on the register. `capital_vnd`, `legal_form` are null for dependent units."""

    kind: EntityKind
    legal_form: LegalForm | None
    name: Annotated[str, Field(min_length=1, max_length=500)]
    status: EntityStatus
    capital_vnd: Vnd | None
    commune: Commune
    industry: Industry
    registered_on: LegalDate
    parent: Subject | None

    @model_validator(mode="after")
    def _kind_agrees(self) -> Self:
        if not kind_agrees(self.kind, self.legal_form, self.capital_vnd, self.parent):
            raise complaint(
                "state_contradicts_kind",
                "Loại hình, vốn hoặc đơn vị chủ quản không hợp với loại đối tượng.",
                "Legal form, capital or parent do not fit the kind",
            )
        return self


def kind_agrees(kind: str, form: str | None, capital: int | None, parent: str | None) -> bool:
    """Say whether form, capital and parent fit the kind: one rule for every decoder."""
    if kind in DEPENDENT_KINDS:
        return form is None and capital is None and parent is not None
    if capital is None or parent is not None:
        return False
    return form == kind if kind in COLLECTIVE_KINDS else form in ENTERPRISE_FORMS


class PetitionState(Model):
    """A petition without its text and its person, which never leave the petitions service.

    `days_elapsed` counts working days on the total clock; `round` starts at 1 and grows by one
    at each reopening; `session` is the conference's id when it was raised at one.
    """

    status: PetitionStatus
    round: Annotated[int, Field(ge=1, le=1000)]
    field: PetitionField
    other_fields: Annotated[tuple[PetitionField, ...], Field(max_length=16)]
    agency: Agency | None
    co_agencies: Annotated[tuple[Agency, ...], Field(max_length=64)]
    petitioner_kind: PetitionerKind
    entity: Subject | None
    session: PetitionId | None
    filed_on: LegalDate
    due_on: LegalDate
    agency_due_on: LegalDate | None
    answered_on: LegalDate | None
    settled_on: LegalDate | None
    outcome: PetitionOutcome | None
    days_elapsed: Annotated[int, Field(ge=0, le=100_000)]
