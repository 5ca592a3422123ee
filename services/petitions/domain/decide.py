"""Decide: a petition as it stands + a command + now -> the petition as it then is, its event.

Everything here is an argument: the moment, the identifiers, the rules. The events are in the
published language and are complete.
"""

from dataclasses import replace
from datetime import date
from typing import Any, Final, assert_never

from services.petitions.domain import clocks
from services.petitions.domain.calendar import Moment
from services.petitions.domain.changes import change_of
from services.petitions.domain.commands import (
    AnswerCommand,
    AssignCommand,
    Command,
    CorrectCommand,
    DuplicateCommand,
    ExtendCommand,
    FileCommand,
    ReasonedCommand,
    ResolveCommand,
    ReviewCommand,
    SystemCommand,
    TransferCommand,
    When,
    legal_day,
)
from services.petitions.domain.correct import restate, undo
from services.petitions.domain.filing import check_filing
from services.petitions.domain.petition import Case, Decision, Known, Petition
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.routing import Directory
from services.petitions.domain.rules import Actor, Rules, check_actor
from services.petitions.domain.system import with_alarm
from services.petitions.domain.workflow import NEED_EN, NEED_VI, Action, Step, step_of
from services.petitions.domain.workings import Workings
from shared.contracts.envelope import Source
from shared.contracts.petitions import PETITION_EVENTS, PetitionEntry
from shared.contracts.states import PetitionState
from shared.contracts.values import Agency

__all__ = ["Decision", "Petition", "act", "action_of", "check", "file", "may_read_private"]
_MODELS: Final = {model.__name__: model for model in PETITION_EVENTS}


def action_of(command: FileCommand | Command) -> Action:  # noqa: PLR0911 - one a command
    """Return the action of the table that a command takes."""
    match command:
        case FileCommand():
            return "file"
        case AssignCommand():
            return "assign"
        case TransferCommand():
            return "transfer"
        case ExtendCommand():
            return "extend"
        case AnswerCommand():
            return "answer"
        case ResolveCommand():
            return "resolve"
        case DuplicateCommand():
            return "mark_duplicate"
        case ReviewCommand():
            return "review"
        case CorrectCommand():
            return "correct"
        case ReasonedCommand() | SystemCommand():
            return command.action
    assert_never(command)


def check(command: FileCommand, today: date) -> date:
    """Return the legal date of a filing. Raises Refusal as `check_filing`, `legal_day` do."""
    check_filing(command)
    return legal_day(command.when, today)


def file(
    command: FileCommand, *, petition_id: str, source: Source, now: Moment, rules: Rules
) -> Decision:
    """Begin a petition. Raises Refusal as `check` does."""
    on = check(command, now.day)
    step = step_of("file", None)
    assert step.target is not None
    starts = rules.calendar.start(_moment(command.when, on, now))
    term = rules.limits.find("answer", starts, command.field).term
    workings = Workings(clocks.Clock(starts, term), quiet=command.when.origin == "backfill")
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
        due_on=clocks.due(workings.clock, rules.calendar),
        agency_due_on=None,
        answered_on=None,
        settled_on=None,
        outcome=None,
        days_elapsed=0,
    )
    entry = PetitionEntry(entry=1, fact="PetitionFiled", on=on, before=None, after=state)
    petition = Petition(petition_id, 1, 1, on, state, with_alarm(state, workings, rules))
    return _decided(petition, step, (entry,), command.when, source)


def act(
    petition: Petition,
    command: Command,
    *,
    actor: Actor,
    source: Source,
    now: Moment,
    rules: Rules,
    known: Known = Known(),  # noqa: B008 - frozen
) -> Decision:
    """Take an action on a petition.

    Raises Refusal: `wrong_state`, `not_<role>`, `<need>_missing`, `before_last_fact`, those of
    `legal_day` and of the change itself.
    """
    step = step_of(action_of(command), petition.state.status)
    check_actor(step, actor, petition.state, now.day, rules)
    _check_needs(step, command)
    on = legal_day(command.when, now.day)
    case = Case(petition, on, _moment(command.when, on, now), rules)
    if isinstance(command, CorrectCommand):
        return _correct(case, command, step, source, known)
    _check_order(petition, on)
    change = change_of(case, command, known)
    clock = change.workings.clock
    passed = clocks.elapsed(clock, on, rules.calendar)
    changes: dict[str, Any] = {
        "status": step.target,
        # A calendar that changed never makes days undone.
        "days_elapsed": max(petition.state.days_elapsed, passed),
        **change.state,
    }
    after = petition.state.model_copy(update=changes)
    quiet = command.when.origin == "backfill" or (case.workings.quiet and _by_itself(command))
    workings = with_alarm(after, replace(change.workings, quiet=quiet), rules)
    number = petition.entries + 1
    assert step.event != "PetitionCorrected"
    entry = PetitionEntry(entry=number, fact=step.event, on=on, before=petition.state, after=after)
    result = Petition(petition.id, petition.version + 1, number, on, after, workings)
    return _decided(result, step, (entry,), command.when, source, reason=change.reason)


def may_read_private(
    state: PetitionState, agency: Agency | None, directory: Directory, on: date | None = None
) -> bool:
    """Say whether an agency may read the text and the person: those who work on the petition.

    The lead and the co-ordinating agencies, the front desk and the reviewer; before it is
    assigned also those whose fields it names; on a day, the successor of an agency that ended.
    """
    if agency is None:
        return False
    if agency == state.agency or agency in state.co_agencies or directory.sees_all(agency):
        return True
    if on is not None and state.agency and directory.current(state.agency, on) == agency:
        return True
    fields = (state.field, *state.other_fields)
    leads = {directory.lead_of(field, state.filed_on) for field in fields}
    return state.agency is None and agency in leads


def _by_itself(command: Command) -> bool:
    # Nobody took history up again only because the calendar changed or its agency was merged.
    return isinstance(command, SystemCommand) or (
        isinstance(command, TransferCommand) and command.inherits
    )


def _moment(when: When, on: date, now: Moment) -> Moment:
    return now if on == now.day and when.origin == "live" else Moment(on)


def _check_order(petition: Petition, on: date) -> None:
    if on < petition.last_on:
        raise Refusal(
            "before_last_fact",
            f"Đã có việc ghi ngày {petition.last_on:%d/%m/%Y}; việc này không thể sớm hơn.",
            f"A fact of {petition.last_on} is recorded; this one cannot be earlier",
            {"last_on": petition.last_on.isoformat()},
            way="conflict",
        )


def _check_needs(step: Step, command: Command) -> None:
    for name in step.needs:
        if not getattr(command, name, None):
            raise Refusal(
                f"{name}_missing",
                f"Phải nêu {NEED_VI[name]}.",
                f"Needed: {NEED_EN[name]}",
                {"needs": name},
            )


def _correct(
    case: Case, command: CorrectCommand, step: Step, source: Source, known: Known
) -> Decision:
    version = case.petition.version + 1
    if command.undo:
        petition, wrong, standing = undo(case, known.ledger)
        retracts: tuple[PetitionEntry, ...] = (wrong.entry,)
        asserts: tuple[PetitionEntry, ...] = ()
        corrects = wrong.sequence
    else:
        petition, corrects, old, standing = restate(case, command, known.ledger)
        first = next(n for n, (a, b) in enumerate(zip(old, standing, strict=True)) if a != b)
        retracts, asserts = old[first:], standing[first:]
    decision = _decided(
        replace(petition, version=version),
        step,
        asserts,
        command.when,
        source,
        reason=command.reason,
        retracts=retracts,
        corrects=corrects,
    )
    return replace(decision, standing=standing)


def _decided(
    petition: Petition,
    step: Step,
    asserts: tuple[PetitionEntry, ...],
    when: When,
    source: Source,
    *,
    reason: str | None = None,
    retracts: tuple[PetitionEntry, ...] = (),
    corrects: int | None = None,
) -> Decision:
    event = _MODELS[step.event](
        subject=petition.id,
        sequence=petition.version,
        asserts=asserts,
        retracts=retracts,
        state=petition.state,
        corrects=corrects,
        origin=when.origin,
        cause=None,
        source=source,
        reason=reason,
    )
    return Decision(petition, step, event)
