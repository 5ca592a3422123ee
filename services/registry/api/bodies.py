"""Bodies of changes: what an upstream system reports about a subject that the path names."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from shared.contracts.intake import (
    INTAKE_FACTS,
    IntakeFact,
    Name,
    Reason,
    Reference,
    RegistrationCorrectedIn,
    RegistrationVoidedIn,
)
from shared.contracts.states import Industry, Model
from shared.contracts.values import (
    MAX_SEQUENCE,
    Commune,
    EnterpriseForm,
    LegalDate,
    Origin,
    ParentKind,
    Vnd,
)


class _Change(Model):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    on: LegalDate
    origin: Origin = "live"
    reference: Reference
    reason: Reason | None = None


class CapitalChange(_Change):
    """The registered capital is now `capital_vnd`."""

    fact: Literal["CapitalChanged"]
    capital_vnd: Vnd


class DetailsChange(_Change):
    """Name, legal form (conversion), commune or industry are now these; what is absent stays."""

    fact: Literal["DetailsChanged"]
    name: Name | None = None
    legal_form: EnterpriseForm | None = None
    commune: Commune | None = None
    industry: Industry | None = None


class MoveIn(_Change):
    """The head office moved into the province; `registered_on` is the first certificate's date."""

    fact: Literal["EntityMovedIn"]
    kind: ParentKind = "enterprise"
    legal_form: EnterpriseForm | None = None
    name: Name
    capital_vnd: Vnd
    commune: Commune
    industry: Industry
    registered_on: LegalDate


class MoveOut(_Change):
    """The head office moved out of the province; its dependent units stay."""

    fact: Literal["EntityMovedOut"]


class Suspension(_Change):
    """Business is suspended, until a date at most a year later."""

    fact: Literal["EntitySuspended"]
    until: LegalDate | None = None


class Resumption(_Change):
    """Business was resumed."""

    fact: Literal["EntityResumed"]


class NotAtAddress(_Change):
    """The tax agency did not find it at its address; without effect while a graver status holds."""

    fact: Literal["EntityNotAtAddress"]


class FoundAtAddress(_Change):
    """The tax agency found it at its address again; without effect while a graver status holds."""

    fact: Literal["EntityFoundAtAddress"]


class Revocation(_Change):
    """The certificate was revoked by tax enforcement."""

    fact: Literal["CertificateRevoked"]


class DissolutionStart(_Change):
    """Dissolution was resolved."""

    fact: Literal["DissolutionStarted"]


class Bankruptcy(_Change):
    """A court opened bankruptcy."""

    fact: Literal["BankruptcyOpened"]


class Dissolution(_Change):
    """The entity ended, and its open dependent units with it."""

    fact: Literal["EntityDissolved"]
    why: Literal["dissolved", "bankrupt", "revoked"]


class Reinstatement(_Change):
    """The entity is on the register again, and the dependent units that ended with it."""

    fact: Literal["EntityReinstated"]


Change = Annotated[
    CapitalChange
    | DetailsChange
    | MoveIn
    | MoveOut
    | Suspension
    | Resumption
    | NotAtAddress
    | FoundAtAddress
    | Revocation
    | DissolutionStart
    | Bankruptcy
    | Dissolution
    | Reinstatement,
    Field(discriminator="fact"),
]


class CorrectionBody(Model):
    """The fact that event `corrects` recorded (or corrected) is put right; what is absent stays.

    `on` is its right date. `withdraw`: it never happened; then nothing else is given.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    corrects: Annotated[int, Field(ge=1, le=MAX_SEQUENCE)]
    on: LegalDate | None = None
    origin: Origin = "live"
    reference: Reference
    reason: Reason
    withdraw: bool = False
    name: Name | None = None
    legal_form: EnterpriseForm | None = None
    capital_vnd: Vnd | None = None
    commune: Commune | None = None
    industry: Industry | None = None
    registered_on: LegalDate | None = None
    until: LegalDate | None = None
    why: Literal["dissolved", "bankrupt", "revoked"] | None = None


class VoidBody(Model):
    """The registration was issued in error. `on` is the date of the decision; it moves nothing."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    on: LegalDate | None = None
    origin: Origin = "live"
    reference: Reference
    reason: Reason


def reported(code: str, change: _Change) -> IntakeFact:
    """Return the reported fact that a change of the subject `code` is.

    Raises pydantic.ValidationError where its fields contradict one another.
    """
    fields = _fields(change)
    return INTAKE_FACTS[fields["fact"]].model_validate({"code": code, **fields})


def reported_correction(code: str, body: CorrectionBody) -> IntakeFact:
    """Return what is reported. Raises pydantic.ValidationError where fields contradict."""
    return RegistrationCorrectedIn.model_validate({"code": code, **_fields(body)})


def reported_voiding(code: str, body: VoidBody) -> IntakeFact:
    """Return what is reported."""
    return RegistrationVoidedIn.model_validate({"code": code, **_fields(body)})


def _fields(body: Model) -> dict[str, Any]:
    return {name: getattr(body, name) for name in type(body).model_fields}
