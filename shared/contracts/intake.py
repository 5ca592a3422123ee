"""What an upstream system reports: facts, not entries. The bodies of the HTTP doors are the same.

Unknown fields are refused here: at a door they are somebody's typing error, and a fact that
silently lost a field would be a wrong figure.
"""

import unicodedata
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field

from shared.contracts.states import Industry, Model
from shared.contracts.values import (
    CollectiveKind,
    Commune,
    DependentKind,
    EnterpriseForm,
    EntityCode,
    LegalDate,
    Origin,
    Vnd,
    complaint,
)

INTAKE_PREFIX: Final = "vn.caunoi.intake."


def _clean_text(value: str) -> str:
    # NFC so that the same name is the same bytes; control characters break every report.
    text = unicodedata.normalize("NFC", value).strip()
    if not text or any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
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
    """A dependent unit was registered under `parent`."""

    fact: Literal["BranchRegistered"] = "BranchRegistered"
    kind: DependentKind = "branch"
    parent: EntityCode
    name: Name
    commune: Commune
    industry: Industry


class CapitalChangedIn(IntakeFact):
    """The registered capital is now `capital_vnd`."""

    fact: Literal["CapitalChanged"] = "CapitalChanged"
    capital_vnd: Vnd


class EntitySuspendedIn(IntakeFact):
    """Business is suspended, until a date at most a year later."""

    fact: Literal["EntitySuspended"] = "EntitySuspended"
    until: LegalDate | None = None


class EntityResumedIn(IntakeFact):
    """Business was resumed."""

    fact: Literal["EntityResumed"] = "EntityResumed"


class DissolutionStartedIn(IntakeFact):
    """Dissolution was resolved."""

    fact: Literal["DissolutionStarted"] = "DissolutionStarted"


class EntityDissolvedIn(IntakeFact):
    """The entity ended. Other reasons of an end are the registry's own to give."""

    fact: Literal["EntityDissolved"] = "EntityDissolved"
    why: Literal["dissolved", "bankrupt", "revoked"]


class EntityReinstatedIn(IntakeFact):
    """An ended entity is on the register again."""

    fact: Literal["EntityReinstated"] = "EntityReinstated"


INTAKE_FACTS: Final[dict[str, type[IntakeFact]]] = {
    "EnterpriseRegistered": EnterpriseRegisteredIn,
    "CooperativeRegistered": CooperativeRegisteredIn,
    "BranchRegistered": BranchRegisteredIn,
    "CapitalChanged": CapitalChangedIn,
    "EntitySuspended": EntitySuspendedIn,
    "EntityResumed": EntityResumedIn,
    "DissolutionStarted": DissolutionStartedIn,
    "EntityDissolved": EntityDissolvedIn,
    "EntityReinstated": EntityReinstatedIn,
}
CHANGES: Final = tuple(name for name in INTAKE_FACTS if not name.endswith("Registered"))


def intake_type(fact: str) -> str:
    """Return the `ce_type` of a reported fact."""
    return f"{INTAKE_PREFIX}{fact}.v1"


def intake_fact_of(ce_type: str) -> str | None:
    """Return the fact that a `ce_type` names, None when there is no such fact or version."""
    if not ce_type.startswith(INTAKE_PREFIX) or not ce_type.endswith(".v1"):
        return None
    fact = ce_type[len(INTAKE_PREFIX) : -len(".v1")]
    return fact if fact in INTAKE_FACTS else None
