"""What the clock does by itself: dates under a changed calendar, alarms once a round and level."""

from dataclasses import replace

from services.petitions.domain import clocks
from services.petitions.domain.commands import SystemCommand
from services.petitions.domain.petition import Case, Change
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.rules import Rules
from services.petitions.domain.words import LEVEL_VI
from services.petitions.domain.workflow import AWAITING
from services.petitions.domain.workings import Workings
from shared.contracts.states import PetitionState


def system(case: Case, command: SystemCommand) -> Change:
    """Return what the clock changes. Raises Refusal `not_changed`, `not_due_yet`."""
    return _redate(case) if command.action == "redate" else _alarm(case, command)


def next_action(workings: Workings) -> SystemCommand:
    """Return the alarm that is given next in this round."""
    return SystemCommand("overdue" if workings.alarms == 0 else "escalate")


def with_alarm(state: PetitionState, workings: Workings, rules: Rules) -> Workings:
    """Return the workings with the day of the next alarm: none while the clock stands still."""
    day = None
    if state.status in AWAITING and not workings.quiet:
        day = clocks.alarm_day(state.due_on, workings.alarms, rules.limits, rules.calendar)
    return replace(workings, alarm_on=day)


def _redate(case: Case) -> Change:
    clock, calendar, state = case.workings.clock, case.rules.calendar, case.state
    due_on = clocks.redated(state.due_on, clocks.due(clock, calendar), case.on)
    agency_due_on = clocks.redated(state.agency_due_on, clocks.agency_due(clock, calendar), case.on)
    if (due_on, agency_due_on) == (state.due_on, state.agency_due_on):
        raise Refusal("not_changed", "Hạn không đổi.", "The due date stays", way="conflict")
    reason = f"Lịch làm việc thay đổi; hạn cũ {state.due_on:%d/%m/%Y}"
    return Change(case.workings, {"due_on": due_on, "agency_due_on": agency_due_on}, reason)


def _alarm(case: Case, command: SystemCommand) -> Change:
    workings = case.workings
    is_next = next_action(workings).action == command.action
    if workings.alarm_on is None or case.on < workings.alarm_on or not is_next:
        raise Refusal("not_due_yet", "Chưa đến lúc báo.", "It is not time yet", way="conflict")
    reason = f"Quá hạn {case.state.due_on:%d/%m/%Y}"
    if workings.alarms:
        reason += f"; cấp {workings.alarms}: {LEVEL_VI[workings.alarms - 1]}"
    return Change(replace(workings, alarms=workings.alarms + 1), {}, reason)
