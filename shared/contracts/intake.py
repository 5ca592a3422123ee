"""What an upstream system reports: facts, not entries. The bodies of the HTTP doors are the same.

Unknown fields are refused here: at a door they are somebody's typing error, and a fact that
silently lost a field would be a wrong figure.
"""

import unicodedata
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from shared.contracts.states import Industry, Model
from shared.contracts.values import (
    MAX_SEQUENCE,
    CollectiveKind,
    Commune,
    DependentKind,
    EnterpriseForm,
    EntityCode,
    LegalDate,
    Origin,
    ParentKind,
    ParentSeat,
    Vnd,
    complaint,
)

INTAKE_PREFIX: Final = "vn.caunoi.intake."


def _clean_text(value: str) -> str:
    # NFC so that the same name is the same bytes; control characters break every report.
    text = unicodedata.normalize("NFC", value).strip()
    # What is printable holds none of them; looking at each letter is slow.
    if not text or (
        not text.isprintable() and any(unicodedata.category(c) in {"Cc", "Cs"} for c in text)
    ):
        raise complaint(
            "invalid_text",
            "Văn bản trống hoặc có ký tự điều khiển.",
            "The text is empty or has control characters",
        )
    return text


Name = Annotated[str, Field(max_length=500), AfterValidator(_clean_text)]
Reference = Annotated[str, Field(max_length=200), AfterValidator(_clean_text)]
Reason = Annotated[str, Field(max_length=2000), AfterValidator(_clean_text)]


class IntakeFact(Model):
    """What every reported fact says: who, when, under which reference of the sender.

    `origin` is `backfill` for history (an opening balance): no alarm, no notification.
    `reference` is unique within its source and makes the fact happen once, by whatever door.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    code: EntityCode
    on: LegalDate
    origin: Origin = "live"
    reference: Reference
    reason: Reason | None = None


class EnterpriseRegisteredIn(IntakeFact):
    """An enterprise was registered for the first time."""

    fact: Literal["EnterpriseRegistered"] = "EnterpriseRegistered"
    legal_form: EnterpriseForm
    name: Name
    capital_vnd: Vnd
    commune: Commune
    industry: Industry


class CooperativeRegisteredIn(IntakeFact):
    """A co-operative, union or group was registered."""

    fact: Literal["CooperativeRegistered"] = "CooperativeRegistered"
    kind: CollectiveKind = "cooperative"
    name: Name
    capital_vnd: Vnd
    commune: Commune
    industry: Industry


class BranchRegisteredIn(IntakeFact):
    """A dependent unit was registered under `parent`, which is known here or seated elsewhere."""

    fact: Literal["BranchRegistered"] = "BranchRegistered"
    kind: DependentKind = "branch"
    parent: EntityCode
    parent_seat: ParentSeat = "local"
    name: Name
    commune: Commune
    industry: Industry


class EntityMovedInIn(IntakeFact):
    """The head office moved into the province; so it comes on the register, or on it again."""

    fact: Literal["EntityMovedIn"] = "EntityMovedIn"
    kind: ParentKind = "enterprise"
    legal_form: EnterpriseForm | None = None
    name: Name
    capital_vnd: Vnd
    commune: Commune
    industry: Industry
    registered_on: LegalDate

    @model_validator(mode="after")
    def _form_fits(self) -> Self:
        if (self.kind == "enterprise") != (self.legal_form is not None):
            raise complaint(
                "form_misfit",
                "Doanh nghiệp phải có loại hình; hợp tác xã thì không.",
                "An enterprise has a legal form; a collective has none of its own",
            )
        return self


class CapitalChangedIn(IntakeFact):
    """The registered capital is now `capital_vnd`."""

    fact: Literal["CapitalChanged"] = "CapitalChanged"
    capital_vnd: Vnd


class DetailsChangedIn(IntakeFact):
    """Name, legal form (conversion), commune or industry are now these; what is absent stays."""

    fact: Literal["DetailsChanged"] = "DetailsChanged"
    name: Name | None = None
    legal_form: EnterpriseForm | None = None
    commune: Commune | None = None
    industry: Industry | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(v is None for v in (self.name, self.legal_form, self.commune, self.industry)):
            raise complaint(
                "details_required",
                "Phải có ít nhất một trong: tên, loại hình, xã phường, ngành.",
                "At least one of name, legal_form, commune and industry is needed",
            )
        return self


class EntitySuspendedIn(IntakeFact):
    """Business is suspended, until a date at most a year later."""

    fact: Literal["EntitySuspended"] = "EntitySuspended"
    until: LegalDate | None = None


class EntityResumedIn(IntakeFact):
    """Business was resumed."""

    fact: Literal["EntityResumed"] = "EntityResumed"


class EntityNotAtAddressIn(IntakeFact):
    """The tax agency did not find it at its address; without effect while a graver status holds."""

    fact: Literal["EntityNotAtAddress"] = "EntityNotAtAddress"


class EntityFoundAtAddressIn(IntakeFact):
    """The tax agency found it at its address again; without effect while a graver status holds."""

    fact: Literal["EntityFoundAtAddress"] = "EntityFoundAtAddress"


class CertificateRevokedIn(IntakeFact):
    """The certificate was revoked by tax enforcement."""

    fact: Literal["CertificateRevoked"] = "CertificateRevoked"


class DissolutionStartedIn(IntakeFact):
    """Dissolution was resolved."""

    fact: Literal["DissolutionStarted"] = "DissolutionStarted"


class BankruptcyOpenedIn(IntakeFact):
    """A court opened bankruptcy."""

    fact: Literal["BankruptcyOpened"] = "BankruptcyOpened"


class EntityDissolvedIn(IntakeFact):
    """The entity ended. Other reasons of an end are the registry's own to give."""

    fact: Literal["EntityDissolved"] = "EntityDissolved"
    why: Literal["dissolved", "bankrupt", "revoked"]


class EntityMovedOutIn(IntakeFact):
    """The head office moved out of the province; published as EntityDissolved, `why: moved_out`."""

    fact: Literal["EntityMovedOut"] = "EntityMovedOut"


class EntityReinstatedIn(IntakeFact):
    """An ended entity is on the register again, or one whose certificate had been revoked."""

    fact: Literal["EntityReinstated"] = "EntityReinstated"


class RegistrationCorrectedIn(IntakeFact):
    """The fact that event `corrects` recorded was recorded wrongly; what is absent stays.

    A correction is no fact of its own: `on` is the right date of the corrected fact.
    """

    fact: Literal["RegistrationCorrected"] = "RegistrationCorrected"
    corrects: Annotated[int, Field(ge=1, le=MAX_SEQUENCE)]
    on: LegalDate | None = None  # type: ignore[assignment]
    withdraw: bool = False
    name: Name | None = None
    legal_form: EnterpriseForm | None = None
    capital_vnd: Vnd | None = None
    commune: Commune | None = None
    industry: Industry | None = None
    registered_on: LegalDate | None = None
    until: LegalDate | None = None
    why: Literal["dissolved", "bankrupt", "revoked"] | None = None
    reason: Reason

    @model_validator(mode="after")
    def _withdraws_or_corrects(self) -> Self:
        if self.withdraw and self.named:
            raise complaint(
                "withdrawn_with_fields",
                "Rút một sự việc thì không kèm nội dung đính chính.",
                "A fact that is withdrawn has nothing to be put right",
            )
        return self

    @property
    def named(self) -> tuple[str, ...]:
        """The fields of the fact that it puts right."""
        return tuple(name for name in CORRECTABLE if getattr(self, name) is not None)


class RegistrationVoidedIn(IntakeFact):
    """The registration was issued in error: it is as if the subject had never been registered."""

    fact: Literal["RegistrationVoided"] = "RegistrationVoided"
    on: LegalDate | None = None  # type: ignore[assignment]
    reason: Reason


CORRECTABLE: Final = (
    "on",
    "name",
    "legal_form",
    "capital_vnd",
    "commune",
    "industry",
    "registered_on",
    "until",
    "why",
)
_MODELS: Final[tuple[type[IntakeFact], ...]] = (
    EnterpriseRegisteredIn,
    CooperativeRegisteredIn,
    BranchRegisteredIn,
    EntityMovedInIn,
    CapitalChangedIn,
    DetailsChangedIn,
    EntitySuspendedIn,
    EntityResumedIn,
    EntityNotAtAddressIn,
    EntityFoundAtAddressIn,
    CertificateRevokedIn,
    DissolutionStartedIn,
    BankruptcyOpenedIn,
    EntityDissolvedIn,
    EntityMovedOutIn,
    EntityReinstatedIn,
    RegistrationCorrectedIn,
    RegistrationVoidedIn,
)
INTAKE_FACTS: Final[dict[str, type[IntakeFact]]] = {
    model.__name__.removesuffix("In"): model for model in _MODELS
}
CHANGES: Final = tuple(
    name
    for name in INTAKE_FACTS
    if not name.endswith("Registered") and not name.startswith("Registration")
)
"""What happens to an entity that a path names; corrections are no changes."""


def intake_type(fact: str) -> str:
    """Return the `ce_type` of a reported fact."""
    return f"{INTAKE_PREFIX}{fact}.v1"


def intake_fact_of(ce_type: str) -> str | None:
    """Return the fact that a `ce_type` names, None when there is no such fact or version."""
    if not ce_type.startswith(INTAKE_PREFIX) or not ce_type.endswith(".v1"):
        return None
    fact = ce_type[len(INTAKE_PREFIX) : -len(".v1")]
    return fact if fact in INTAKE_FACTS else None
