"""A petition as it stands, what a command changes in it, and what a decision leads to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.petitions.domain.calendar import Moment
from services.petitions.domain.rules import Rules
from services.petitions.domain.workflow import EventName, Step
from services.petitions.domain.workings import Workings
from shared.contracts.petitions import PetitionEntry, PetitionEvent
from shared.contracts.states import PetitionState


@dataclass(frozen=True)
class Petition:
    """A petition as it stands.

    `version` is the sequence of its last event; `entries` the highest number of an entry,
    `last_on` the legal date of the last one that stands.
    """

    id: str
    version: int
    entries: int
    last_on: date
    state: PetitionState
    workings: Workings


@dataclass(frozen=True)
class Line:
    """A line of the ledger: an entry that stands, by which event, what was known after it."""

    sequence: int
    entry: PetitionEntry
    workings: Workings


@dataclass(frozen=True)
class Known:
    """What was looked up for a command: the ledger to correct, the petition it repeats."""

    ledger: tuple[Line, ...] = ()
    original: Petition | None = None


@dataclass(frozen=True)
class Case:
    """A petition in hand: on which legal day, at which moment, under which rules."""

    petition: Petition
    on: date
    moment: Moment
    rules: Rules

    @property
    def state(self) -> PetitionState:
        """The state before the act."""
        return self.petition.state

    @property
    def workings(self) -> Workings:
        """The workings before the act."""
        return self.petition.workings


@dataclass(frozen=True)
class Change:
    """What an act changes besides the status."""

    workings: Workings
    state: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None


@dataclass(frozen=True)
class Decision:
    """What a command leads to: the petition afterwards, the event that says so.

    `standing` are the entries that stand after a correction; None when one was added.
    """

    petition: Petition
    step: Step
    event: PetitionEvent
    standing: tuple[PetitionEntry, ...] | None = None

    @property
    def name(self) -> EventName:
        """The event's name in the catalogue."""
        return self.step.event
