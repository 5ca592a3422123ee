"""Events of the registry: the life of an entity.

Each class is one event of major version 1; its docstring is its description in the documents.
"""

from typing import Literal, Self

from pydantic import model_validator

from shared.contracts.envelope import CORRECTED, VOIDED, Event, Number
from shared.contracts.states import EntityState, Model
from shared.contracts.values import EndedWhy, LegalDate, RegisteredBy, Subject, complaint

EntityFact = Literal[
    "EnterpriseRegistered",
    "CooperativeRegistered",
    "BranchRegistered",
    "EntityMovedIn",
    "CapitalChanged",
    "DetailsChanged",
    "EntitySuspended",
    "EntityResumed",
    "EntityNotAtAddress",
    "EntityFoundAtAddress",
    "CertificateRevoked",
    "DissolutionStarted",
    "BankruptcyOpened",
    "EntityDissolved",
    "EntityReinstated",
]
REGISTRATIONS = frozenset({"EnterpriseRegistered", "CooperativeRegistered", "BranchRegistered"})


class EntityEntry(Model):
    """One line of an entity's ledger. `by` goes with registrations, `why` with ends."""

    entry: Number
    fact: EntityFact
    on: LegalDate
    by: RegisteredBy | None = None
    why: EndedWhy | None = None
    before: EntityState | None
    after: EntityState | None

    @model_validator(mode="after")
    def _fact_agrees(self) -> Self:
        if not entry_agrees(self.fact, self.by, self.why, self.before, self.after):
            raise complaint(
                "entry_misfit",
                "Bút toán không hợp với sự việc của nó.",
                "The entry does not fit its fact",
            )
        return self


def entry_agrees(
    fact: str, by: str | None, why: str | None, before: object | None, after: object | None
) -> bool:
    """Say whether an entry's parts fit its fact: one rule for every decoder.

    A registration begins a subject and says by what; an end says why; nothing else does either.
    """
    if after is None:
        return False
    if (by is not None) != (fact in REGISTRATIONS) or (why is not None) != (
        fact == "EntityDissolved"
    ):
        return False
    if fact == "EntityMovedIn":
        return True
    return (before is None) == (fact in REGISTRATIONS)


class RegistryEvent(Event[EntityEntry, EntityState]):
    """Data of an event about one entity."""

    subject: Subject


class EnterpriseRegistered(RegistryEvent):
    """An enterprise was registered: first, or by consolidation, division or separation."""

    facts = ("EnterpriseRegistered",)


class CooperativeRegistered(RegistryEvent):
    """A co-operative, a union of co-operatives or a co-operative group was registered."""

    facts = ("CooperativeRegistered",)


class BranchRegistered(RegistryEvent):
    """A branch, a representative office or a business location was registered."""

    facts = ("BranchRegistered",)


class EntityMovedIn(RegistryEvent):
    """The head office moved into the province."""

    facts = ("EntityMovedIn",)


class CapitalChanged(RegistryEvent):
    """The registered capital was set to another amount."""

    facts = ("CapitalChanged",)


class DetailsChanged(RegistryEvent):
    """Name, legal form, commune or industry changed."""

    facts = ("DetailsChanged",)


class EntitySuspended(RegistryEvent):
    """Business is suspended, for up to a year at a time."""

    facts = ("EntitySuspended",)


class EntityResumed(RegistryEvent):
    """Business was resumed, by notice or because the suspension ended."""

    facts = ("EntityResumed",)


class EntityNotAtAddress(RegistryEvent):
    """The tax agency did not find the entity at its address."""

    facts = ("EntityNotAtAddress",)


class EntityFoundAtAddress(RegistryEvent):
    """The tax agency found the entity at its address again."""

    facts = ("EntityFoundAtAddress",)


class CertificateRevoked(RegistryEvent):
    """The certificate was revoked by tax enforcement."""

    facts = ("CertificateRevoked",)


class DissolutionStarted(RegistryEvent):
    """Dissolution was resolved; the entity waits to be dissolved."""

    facts = ("DissolutionStarted",)


class BankruptcyOpened(RegistryEvent):
    """A court opened bankruptcy."""

    facts = ("BankruptcyOpened",)


class EntityDissolved(RegistryEvent):
    """The entity ended; `why` says by what."""

    facts = ("EntityDissolved",)


class EntityReinstated(RegistryEvent):
    """An ended entity is on the register again."""

    facts = ("EntityReinstated",)


class RegistrationCorrected(RegistryEvent):
    """What was recorded wrongly is retracted and asserted as it should have been."""

    facts = (CORRECTED,)


class RegistrationVoided(RegistryEvent):
    """The registration was issued in error: all entries of the subject are retracted."""

    facts = (VOIDED,)


REGISTRY_EVENTS: tuple[type[RegistryEvent], ...] = (
    EnterpriseRegistered,
    CooperativeRegistered,
    BranchRegistered,
    EntityMovedIn,
    CapitalChanged,
    DetailsChanged,
    EntitySuspended,
    EntityResumed,
    EntityNotAtAddress,
    EntityFoundAtAddress,
    CertificateRevoked,
    DissolutionStarted,
    BankruptcyOpened,
    EntityDissolved,
    EntityReinstated,
    RegistrationCorrected,
    RegistrationVoided,
)
