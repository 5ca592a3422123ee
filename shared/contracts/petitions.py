"""Events of the petitions: from filing to definitively settled.

Each class is one event of major version 1; its docstring is its description in the documents.
"""

from typing import Literal, Self

from pydantic import model_validator

from shared.contracts.envelope import CORRECTED, Event, Number
from shared.contracts.states import Model, PetitionState
from shared.contracts.values import LegalDate, PetitionId, complaint

PetitionFact = Literal[
    "PetitionFiled",
    "PetitionAssigned",
    "PetitionTransferred",
    "SupplementRequested",
    "SupplementReceived",
    "PetitionExtended",
    "PetitionDueChanged",
    "PetitionAnswered",
    "PetitionReviewed",
    "PetitionResolved",
    "PetitionRejected",
    "PetitionReferred",
    "PetitionWithdrawn",
    "PetitionDuplicated",
    "PetitionReopened",
    "PetitionOverdue",
    "PetitionEscalated",
]


class PetitionEntry(Model):
    """One line of a petition's ledger."""

    entry: Number
    fact: PetitionFact
    on: LegalDate
    before: PetitionState | None
    after: PetitionState | None

    @model_validator(mode="after")
    def _fact_agrees(self) -> Self:
        if not petition_entry_agrees(self.fact, self.before, self.after):
            raise complaint(
                "entry_misfit",
                "Bút toán không hợp với sự việc của nó.",
                "The entry does not fit its fact",
            )
        return self


def petition_entry_agrees(fact: str, before: object | None, after: object | None) -> bool:
    """Say whether an entry's parts fit its fact: only filing begins a petition."""
    return after is not None and (before is None) == (fact == "PetitionFiled")


class PetitionEvent(Event[PetitionEntry, PetitionState]):
    """Data of an event about one petition."""

    subject: PetitionId


class PetitionFiled(PetitionEvent):
    """A petition was filed."""

    facts = ("PetitionFiled",)


class PetitionAssigned(PetitionEvent):
    """A lead agency was given the petition."""

    facts = ("PetitionAssigned",)


class PetitionTransferred(PetitionEvent):
    """Another agency leads now; the total clock runs on."""

    facts = ("PetitionTransferred",)


class SupplementRequested(PetitionEvent):
    """The petitioner was asked for more; the clock pauses."""

    facts = ("SupplementRequested",)


class SupplementReceived(PetitionEvent):
    """The petitioner supplied what was asked for; the clock goes on."""

    facts = ("SupplementReceived",)


class PetitionExtended(PetitionEvent):
    """The time limit was extended on a legal basis."""

    facts = ("PetitionExtended",)


class PetitionDueChanged(PetitionEvent):
    """The calendar changed and the due date with it."""

    facts = ("PetitionDueChanged",)


class PetitionAnswered(PetitionEvent):
    """The lead agency answered by a document; this is not yet a settlement."""

    facts = ("PetitionAnswered",)


class PetitionReviewed(PetitionEvent):
    """Sở Tài chính reviewed it and recorded its recommendation."""

    facts = ("PetitionReviewed",)


class PetitionResolved(PetitionEvent):
    """The petition was definitively settled."""

    facts = ("PetitionResolved",)


class PetitionRejected(PetitionEvent):
    """The petition was rejected with a reason."""

    facts = ("PetitionRejected",)


class PetitionReferred(PetitionEvent):
    """The petition was referred to a central authority."""

    facts = ("PetitionReferred",)


class PetitionWithdrawn(PetitionEvent):
    """The petitioner withdrew it."""

    facts = ("PetitionWithdrawn",)


class PetitionDuplicated(PetitionEvent):
    """It was linked to an earlier one and is answered with that."""

    facts = ("PetitionDuplicated",)


class PetitionReopened(PetitionEvent):
    """An answered or resolved petition was opened again: a new round."""

    facts = ("PetitionReopened",)


class PetitionOverdue(PetitionEvent):
    """The due date has passed; said once per round and level."""

    facts = ("PetitionOverdue",)


class PetitionEscalated(PetitionEvent):
    """The next level was told of the delay."""

    facts = ("PetitionEscalated",)


class PetitionCorrected(PetitionEvent):
    """What was recorded wrongly is retracted and asserted as it should have been."""

    facts = (CORRECTED,)


PETITION_EVENTS: tuple[type[PetitionEvent], ...] = (
    PetitionFiled,
    PetitionAssigned,
    PetitionTransferred,
    SupplementRequested,
    SupplementReceived,
    PetitionExtended,
    PetitionDueChanged,
    PetitionAnswered,
    PetitionReviewed,
    PetitionResolved,
    PetitionRejected,
    PetitionReferred,
    PetitionWithdrawn,
    PetitionDuplicated,
    PetitionReopened,
    PetitionOverdue,
    PetitionEscalated,
    PetitionCorrected,
)
