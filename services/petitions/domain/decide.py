"""Decide: a petition as it stands + a command + today -> the petition as it then is, its event.

Everything here is an argument: the day, the identifiers, the agencies. The events are in the
published language and are complete.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, assert_never

from services.petitions.domain import clocks
from services.petitions.domain.commands import (
    AnswerCommand,
    AssignCommand,
    Command,
    FileCommand,
    ResolveCommand,
    When,
    check_filing,
    legal_day,
)
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.routing import Directory
from services.petitions.domain.workflow import WORKFLOW, Action, Step, step_of
from shared.contracts.envelope import Source
from shared.contracts.petitions import (
    PETITION_EVENTS,
    PetitionEntry,
    PetitionEvent,
    PetitionFact,
)
from shared.contracts.states import PetitionState
from shared.contracts.values import Agency

_MODELS: Final = {model.__name__: model for model in PETITION_EVENTS}


@dataclass(frozen=True)
class Petition:
    """A petition as it stands.

    `version` is the sequence of its last event; `entries` and `last_on` are number and legal date
    of its last entry.
    """

    id: str
    version: int
    entries: int
    last_on: date
    state: PetitionState


@dataclass(frozen=True)
class Decision:
    """What a command leads to: the petition afterwards, the event that says so."""

    petition: Petition
    step: Step
    event: PetitionEvent

    @property
    def name(self) -> PetitionFact:
        """The event's name in the catalogue."""
        return self.step.event


def action_of(command: FileCommand | Command) -> Action:
    """Return the action of the table that a command takes."""
    match command:
        case FileCommand():
            return "file"
        case AssignCommand():
            return "assign"
        case AnswerCommand():
            return "answer"
        case ResolveCommand():
            return "resolve"
    assert_never(command)


def scope_of(command: FileCommand | Command) -> str:
    """Return the scope that whoever gives this command must have."""
    action = action_of(command)
    return next(step.scope for step in WORKFLOW if step.action == action)


def check(command: FileCommand, today: date) -> date:
    """Return the legal date of a filing. Raises Refusal as `check_filing`, `legal_day` do."""
    check_filing(command)
    return legal_day(command.when, today)


def file(command: FileCommand, *, petition_id: str, source: Source, today: date) -> Decision:
    """Begin a petition. Raises Refusal as `check` does."""
    on = check(command, today)
    step = step_of("file", None)
    state = PetitionState(
        status=step.target,
        round=1,
        field=command.field,
        other_fields=command.other_fields,
        agency=None,
        co_agencies=(),
        petitioner_kind=command.petitioner_kind,
        entity=command.entity,
        session=command.session,
        filed_on=on,
        due_on=clocks.due_on(on),
        agency_due_on=None,
        answered_on=None,
        settled_on=None,
        outcome=None,
        days_elapsed=0,
    )
    return _decided(step, petition_id, None, state, on, command.when, source)


def act(
    petition: Petition,
    command: Command,
    *,
    agency: Agency | None,
    source: Source,
    today: date,
    directory: Directory,
) -> Decision:
    """Take an action on a petition; `agency` is whom the actor belongs to.

    Raises Refusal: `wrong_state`, `not_lead_agency`, `document_missing`, `before_last_fact`,
    `unknown_agency`, `no_agency_for_field`, and those of `legal_day`.
    """
    step = step_of(action_of(command), petition.state.status)
    _check_actor(step, petition.state, agency)
    _check_needs(step, command)
    on = legal_day(command.when, today)
    if on < petition.last_on:
        raise Refusal(
            "before_last_fact",
            f"Đã có việc ghi ngày {petition.last_on:%d/%m/%Y}; việc này không thể sớm hơn.",
            f"A fact of {petition.last_on} is recorded; this one cannot be earlier",
            {"last_on": petition.last_on.isoformat()},
            way="conflict",
        )
    changes = {
        "status": step.target,
        "days_elapsed": clocks.days_elapsed(petition.state.filed_on, on),
        **_changes(petition.state, command, on, directory),
    }
    after = petition.state.model_copy(update=changes)
    return _decided(step, petition.id, petition, after, on, command.when, source)


def may_read_private(state: PetitionState, agency: Agency | None, directory: Directory) -> bool:
    """Say whether an agency may read the text and the person: those who work on the petition.

    The lead and the co-ordinating agencies, the front desk and the reviewer; before it is
    assigned also those whose fields it names.
    """
    if agency is None:
        return False
    if agency == state.agency or agency in state.co_agencies or directory.sees_all(agency):
        return True
    fields = (state.field, *state.other_fields)
    leads = {directory.lead_of(field, state.filed_on) for field in fields}
    return state.agency is None and agency in leads


def _check_actor(step: Step, state: PetitionState, agency: Agency | None) -> None:
    if step.who == "lead_agency" and (agency is None or agency != state.agency):
        raise Refusal(
            "not_lead_agency",
            f"Chỉ cơ quan chủ trì ({state.agency}) được làm việc này.",
            f"Only the lead agency ({state.agency}) may do this",
            {"lead_agency": state.agency},
            way="forbidden",
        )


def _check_needs(step: Step, command: Command) -> None:
    for name in step.needs:
        if not getattr(command, name, None):
            raise Refusal(
                f"{name}_missing",
                "Phải nêu số văn bản.",
                "The number of the document is needed",
                {"needs": name},
            )


def _changes(
    state: PetitionState, command: Command, on: date, directory: Directory
) -> dict[str, object]:
    match command:
        case AssignCommand():
            lead = command.agency or directory.route(state.field, on)
            directory.check(lead, on)
            co_agencies = command.co_agencies
            if co_agencies is None:
                co_agencies = directory.co_ordinating(state.other_fields, lead, on)
            for code in co_agencies:
                directory.check(code, on)
            others = tuple(code for code in dict.fromkeys(co_agencies) if code != lead)
            return {"agency": lead, "co_agencies": others}
        case AnswerCommand():
            return {"answered_on": on, "outcome": command.outcome}
        case ResolveCommand():
            return {"settled_on": on, "outcome": command.outcome or state.outcome}
    assert_never(command)


def _decided(
    step: Step,
    petition_id: str,
    before: Petition | None,
    after: PetitionState,
    on: date,
    when: When,
    source: Source,
) -> Decision:
    entry = PetitionEntry(
        entry=before.entries + 1 if before else 1,
        fact=step.event,
        on=on,
        before=before.state if before else None,
        after=after,
    )
    version = before.version + 1 if before else 1
    event = _MODELS[step.event](
        subject=petition_id,
        sequence=version,
        asserts=(entry,),
        retracts=(),
        state=after,
        corrects=None,
        origin=when.origin,
        cause=None,
        source=source,
        reason=None,
    )
    return Decision(Petition(petition_id, version, entry.entry, on, after), step, event)
