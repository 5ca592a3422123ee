"""What every decision needs beside the petition: agencies, calendar, limits, and who acts."""

from dataclasses import dataclass, field
from datetime import date

from services.petitions.domain.calendar import Calendar
from services.petitions.domain.limits import DEFAULT_LIMITS, Limits
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.routing import Directory
from services.petitions.domain.workflow import SCOPES, Role, Step
from shared.contracts.states import PetitionState
from shared.contracts.values import Agency


@dataclass(frozen=True)
class Rules:
    """The data of the province that decide."""

    directory: Directory
    calendar: Calendar = field(default_factory=Calendar)
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True)
class Actor:
    """Who acts. `is_petitioner`: has shown the tracking code of this petition."""

    agency: Agency | None = None
    scopes: frozenset[str] = frozenset()
    is_petitioner: bool = False
    is_system: bool = False


SYSTEM = Actor(is_system=True)


def check_actor(step: Step, actor: Actor, state: PetitionState, on: date, rules: Rules) -> None:
    """Pass when the actor has one of the roles that may. Raises Refusal `not_<role>`."""
    if any(_has(role, actor, state, on, rules.directory) for role in step.who):
        return
    if step.who[0] == "lead_agency" or ("lead_agency" in step.who and actor.agency is not None):
        raise Refusal(
            "not_lead_agency",
            f"Chỉ cơ quan chủ trì ({state.agency}) được làm việc này.",
            f"Only the lead agency ({state.agency}) may do this",
            {"lead_agency": state.agency},
            way="forbidden",
        )
    if "petitioner" in step.who:
        raise Refusal(
            "not_petitioner",
            "Cần mã theo dõi của kiến nghị này để làm việc đó.",
            "The tracking code of this petition is needed for this",
            way="forbidden",
        )
    raise Refusal(
        f"not_{step.who[0]}",
        "Cơ quan này không có quyền làm việc đó.",
        "This agency may not do this",
        {"who": step.who},
        way="forbidden",
    )


def _has(role: Role, actor: Actor, state: PetitionState, on: date, directory: Directory) -> bool:
    if actor.is_system or role == "system":
        return actor.is_system and role == "system"
    if SCOPES[role] not in actor.scopes:
        return False
    if role == "lead_agency":
        leads = {state.agency, directory.current(state.agency, on) if state.agency else None}
        return actor.agency is not None and actor.agency in leads
    if role == "front_desk":
        return directory.is_front_desk(actor.agency)
    if role == "reviewer":
        return directory.reviews(actor.agency)
    return actor.is_petitioner if role == "petitioner" else True
