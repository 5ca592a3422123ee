"""What the service knows of a petition beside what it publishes: clocks, alarms, links."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pydantic import TypeAdapter

from services.petitions.domain.clocks import Clock
from services.petitions.domain.limits import Complexity, Term
from shared.contracts.states import PetitionState


@dataclass(frozen=True)
class Workings:
    """Private to the service, beside the state.

    `alarms` counts those given in this round: 1 overdue, 2 to 4 escalated to a level. `alarm_on`
    is the day of the next one, None while nothing runs. `answer` is the number of the document
    that answered. `quiet`: the last act was history, which raises no alarm.
    """

    clock: Clock
    complexity: Complexity = "normal"
    quiet: bool = False
    disputed: bool = False
    alarms: int = 0
    alarm_on: date | None = None
    reviewed_on: date | None = None
    duplicate_of: str | None = None
    answer: str | None = None


_ADAPTER: Final[TypeAdapter[Workings]] = TypeAdapter(Workings)


def to_json(workings: Workings) -> dict[str, Any]:
    """Write as values of JSON."""
    found: dict[str, Any] = _ADAPTER.dump_python(workings, mode="json")
    return found


def to_bytes(workings: Workings) -> bytes:
    """Write as JSON."""
    return _ADAPTER.dump_json(workings)


def from_json(value: str, state: PetitionState) -> Workings:
    """Read what `to_json` wrote; `{}` is a petition from before there were clocks."""
    if value == "{}":
        return Workings(Clock(state.filed_on, Term(20, "calendar")))
    return _ADAPTER.validate_json(value)
