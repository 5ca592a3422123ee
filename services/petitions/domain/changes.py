"""What each act changes in a petition beside its status."""

from dataclasses import replace
from typing import Any, assert_never

from services.petitions.domain import clocks
from services.petitions.domain.commands import (
    AnswerCommand,
    AssignCommand,
    Command,
    CorrectCommand,
    DuplicateCommand,
    ExtendCommand,
    ReasonedCommand,
    ResolveCommand,
    ReviewCommand,
    SystemCommand,
    TransferCommand,
)
from services.petitions.domain.limits import Term
from services.petitions.domain.petition import Case, Change, Known
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.system import system
from services.petitions.domain.workings import Workings


def change_of(case: Case, command: Command, known: Known) -> Change:  # noqa: PLR0911 - one a command
    """Return what a command that may be given changes. Raises Refusal; see each function."""
    match command:
        case AssignCommand():
            return _assign(case, command)
        case TransferCommand():
            return _transfer(case, command)
        case ExtendCommand():
            return _extend(case, command)
        case AnswerCommand():
            workings = replace(case.workings, answer=command.document)
            return Change(workings, {"answered_on": case.on, "outcome": command.outcome})
        case ResolveCommand():
            return _settle(case, command.outcome)
        case DuplicateCommand():
            return _duplicate(case, command, known)
        case ReviewCommand():
            return _review(case, command)
        case ReasonedCommand():
            return _reasoned(case, command)
        case SystemCommand():
            return system(case, command)
        case CorrectCommand():
            raise AssertionError("a correction adds no entry")
    assert_never(command)


def _assign(case: Case, command: AssignCommand) -> Change:
    directory, on = case.rules.directory, case.on
    lead = command.agency or directory.route(case.state.field, on)
    directory.check(lead, on)
    co_agencies = command.co_agencies
    if co_agencies is None:
        co_agencies = directory.co_ordinating(case.state.other_fields, lead, on)
    return _given(case, lead, co_agencies, command.complexity)


def _transfer(case: Case, command: TransferCommand) -> Change:
    assert command.agency is not None
    if command.agency == case.state.agency:
        raise Refusal(
            "same_agency",
            f"{command.agency} đang là cơ quan chủ trì.",
            f"{command.agency} leads already",
            {"agency": command.agency},
            way="conflict",
        )
    case.rules.directory.check(command.agency, case.on)
    kept = case.state.co_agencies if command.co_agencies is None else command.co_agencies
    given = _given(case, command.agency, kept, case.workings.complexity)
    if command.inherits:
        same = {"agency_due_on": case.state.agency_due_on}
        given = Change(case.workings, {**given.state, **same})
    return replace(given, reason=command.reason)


def _given(case: Case, lead: str, co_agencies: tuple[str, ...], complexity: Any) -> Change:
    rules, state = case.rules, case.state
    others = tuple(code for code in dict.fromkeys(co_agencies) if code != lead)
    for code in others:
        if code not in state.co_agencies:
            rules.directory.check(code, case.on)
    term = rules.limits.find("agency", case.on, state.field, complexity).term
    clock = clocks.hand_to(case.workings.clock, case.moment, term, rules.calendar)
    workings = replace(case.workings, clock=clock, complexity=complexity)
    changes = {
        "agency": lead,
        "co_agencies": others,
        "agency_due_on": clocks.agency_due(clock, rules.calendar),
    }
    return Change(workings, changes)


def _extend(case: Case, command: ExtendCommand) -> Change:
    assert command.days is not None
    if case.on > case.state.due_on:
        raise Refusal(
            "too_late_to_extend",
            f"Hạn {case.state.due_on:%d/%m/%Y} đã qua; việc đã trễ không gia hạn được.",
            f"It was due on {case.state.due_on}; what is late is not extended",
            {"due_on": case.state.due_on.isoformat()},
            way="conflict",
        )
    clock, limits = case.workings.clock, case.rules.limits
    most = limits.find("extend", case.on, case.state.field, case.workings.complexity).term.amount
    total = sum(term.amount for term in clock.extra) + command.days
    if total > most:
        raise Refusal(
            "extended_too_far",
            f"Tổng số ngày gia hạn {total} vượt mức {most}.",
            f"Extensions of {total} days are more than {most}",
            {"most": most, "asked": total},
        )
    workings = replace(case.workings, clock=clocks.extend(clock, Term(command.days, command.unit)))
    reason = f"{command.reason} (căn cứ: {command.legal_basis})"
    return Change(workings, _dues(case, workings), reason)


def _dues(case: Case, workings: Workings) -> dict[str, Any]:
    """Return the due dates of a clock that was lengthened: what was late stays late."""
    calendar, state = case.rules.calendar, case.state
    pauses = workings.clock.pauses
    by = (
        pauses[-1].since
        if pauses and state.status in {"waiting_petitioner", "referred"}
        else (case.on)
    )
    return {
        "due_on": clocks.moved(state.due_on, clocks.due(workings.clock, calendar), by),
        "agency_due_on": clocks.moved(
            state.agency_due_on, clocks.agency_due(workings.clock, calendar), by
        ),
    }


def _settle(case: Case, outcome: str | None) -> Change:
    workings = replace(case.workings, disputed=False)
    return Change(workings, {"settled_on": case.on, "outcome": outcome or case.state.outcome})


def _duplicate(case: Case, command: DuplicateCommand, known: Known) -> Change:
    first = known.original
    if first is None or first.id == case.petition.id:
        raise Refusal(
            "original_not_found",
            f"Không có kiến nghị gốc {command.original}, hoặc đó chính là kiến nghị này.",
            f"There is no original {command.original}, or it is this petition itself",
            {"original": command.original},
        )
    workings = replace(case.workings, duplicate_of=first.id)
    return Change(workings, {"outcome": "duplicate"}, f"Trùng với kiến nghị {first.id}")


def _review(case: Case, command: ReviewCommand) -> Change:
    assert command.due_on is not None
    if command.due_on < case.on:
        raise Refusal(
            "review_date_past",
            "Ngày phải xong không thể ở trước ngày rà soát.",
            "The date of a recommendation is not before the review",
            {"on": case.on.isoformat()},
        )
    reason = f"{command.recommendation} (xong trước {command.due_on:%d/%m/%Y})"
    return Change(replace(case.workings, reviewed_on=case.on), {}, reason)


def _reasoned(case: Case, command: ReasonedCommand) -> Change:
    workings, reason = case.workings, command.reason
    match command.action:
        case "request_supplement" | "refer":
            paused = replace(workings, clock=clocks.pause(workings.clock, case.on))
            outcome = "referred" if command.action == "refer" else None
            return Change(paused, {"outcome": outcome}, reason)
        case "receive_supplement" | "take_back":
            clock = clocks.resume(workings.clock, case.moment, case.rules.calendar)
            going = replace(workings, clock=clock)
            return Change(going, {"outcome": None, **_dues(case, going)}, reason)
        case "confirm":
            return replace(_settle(case, None), reason=reason)
        case "dispute" | "reopen":
            return _reopen(case, command)
        case "reject" | "withdraw":
            outcome = "not_accepted" if command.action == "reject" else "withdrawn"
            return Change(workings, {"outcome": outcome}, reason)
    assert_never(command.action)


def _reopen(case: Case, command: ReasonedCommand) -> Change:
    state, rules = case.state, case.rules
    ended = state.settled_on or state.answered_on
    assert ended is not None
    window = rules.limits.find("reopen", ended, state.field).term
    last = clocks.add_term(ended, window, rules.calendar)
    if case.on > last:
        raise Refusal(
            "window_over",
            f"Chỉ được mở lại đến hết ngày {last:%d/%m/%Y}; hãy gửi kiến nghị mới.",
            f"It could be opened again up to {last}; file a new petition",
            {"until": last.isoformat()},
            way="conflict",
        )
    # The days between the settlement and this belong to nobody.
    before = state.days_elapsed
    if state.status == "answered":
        before = clocks.elapsed(case.workings.clock, case.on, rules.calendar)
    starts = rules.calendar.start(case.moment)
    term = rules.limits.find("answer", starts, state.field, case.workings.complexity).term
    clock = clocks.reopen(case.workings.clock, case.moment, term, before, rules.calendar)
    workings = replace(
        case.workings,
        clock=clock,
        alarms=0,
        disputed=case.workings.disputed or command.action == "dispute",
    )
    changes = {
        "round": state.round + 1,
        "answered_on": None,
        "settled_on": None,
        "outcome": None,
        "due_on": clocks.due(clock, rules.calendar),
        "agency_due_on": clocks.agency_due(clock, rules.calendar),
    }
    return Change(workings, changes, command.reason)
