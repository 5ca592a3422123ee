"""Random walks over the workflow: 2,000 of them, 20,000 with TEST_LONG=1.

Whatever is done in whatever order: no state that the table does not have, no clock that goes
backwards, an alarm once per round and level, and figures that are what one counts.
"""

from collections import Counter
from datetime import date, timedelta
from typing import Any, get_args

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from services.analytics.domain.cells import TOTAL, flow_measure, stock_measure
from services.analytics.domain.petition_fold import KIND, PetitionLine, fold_petitions
from services.petitions.domain import decide
from services.petitions.domain.commands import (
    Command,
    CorrectCommand,
    Corrected,
    FileCommand,
    SystemCommand,
)
from services.petitions.domain.petition import Decision, Known, Line, Petition
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.system import next_action
from services.petitions.domain.workflow import CLOSED, WORKFLOW, Action, actions_from
from shared.contracts.catalogue import event_type, parse
from shared.contracts.envelope import chains
from shared.contracts.petitions import PetitionEntry
from shared.contracts.topics import PETITION_EVENTS_TOPIC
from shared.contracts.values import PetitionField, PetitionStatus
from tests.conftest import LONG
from tests.unit.petitions.support import COMMANDS, RULES, SOURCE, at, line, take

WALKS = 20_000 if LONG else 2_000
FIELDS: list[PetitionField] = ["investment", "land", "construction", "tax"]
ACTIONS: list[Action] = [action for action in get_args(Action) if action != "file"]
# Taken by `do_anything` alone: a walk that ends at once shows little.
ENDS = {"withdraw", "reject", "mark_duplicate", "correct"}
UNDO = CorrectCommand("ghi nhầm", undo=True)
PUT_RIGHT = [
    UNDO,
    CorrectCommand("gõ nhầm", Corrected(field="tax", other_fields=())),
    CorrectCommand("gõ nhầm", Corrected(petitioner_kind="household", session="HN-1")),
    CorrectCommand("gõ nhầm", Corrected(outcome="explained")),
]
FLOWS = {
    "filed": "PetitionFiled",
    "answered": "PetitionAnswered",
    "resolved": "PetitionResolved",
    "rejected": "PetitionRejected",
    "reopened": "PetitionReopened",
    "transferred": "PetitionTransferred",
}


class Walk(RuleBasedStateMachine):
    """Some petitions, an officer of every agency, and a calendar that goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.today = date(2026, 1, 5)
        self.petitions: list[Petition] = []
        self.ledgers: dict[str, list[Line]] = {}
        self.events: list[PetitionLine] = []
        self.said: set[tuple[str, int, int]] = set()

    @initialize(field=st.sampled_from(FIELDS))
    def begin(self, field: PetitionField) -> None:
        self._file(field)
        self._try(self.petitions[0], COMMANDS["assign"], "VPUB")

    @rule(field=st.sampled_from(FIELDS))
    def file(self, field: PetitionField) -> None:
        if len(self.petitions) < 3:
            self._file(field)

    @rule(which=st.integers(0, 2), choice=st.integers(0, 40), days=st.integers(0, 12))
    def go_on(self, which: int, choice: int, days: int) -> None:
        self.today += timedelta(days=days)
        petition = self.petitions[which % len(self.petitions)]
        possible = [a for a in actions_from(petition.state.status) if a not in ENDS]
        if not possible:
            return
        action = possible[choice % len(possible)]
        agency = "STC" if action == "review" else petition.state.agency or "VPUB"
        self._try(petition, COMMANDS[action], agency, 18 if choice > 32 else 9)

    @rule(which=st.integers(0, 2), action=st.sampled_from(["answer", "resolve", "reopen"]))
    def settle(self, which: int, action: Action) -> None:
        petition = self.petitions[which % len(self.petitions)]
        self._try(petition, COMMANDS[action], petition.state.agency)

    @rule(which=st.integers(0, 2), action=st.sampled_from(ACTIONS), choice=st.integers(0, 3))
    def do_anything(self, which: int, action: Action, choice: int) -> None:
        petition = self.petitions[which % len(self.petitions)]
        agency = [petition.state.agency, "VPUB", "STC", "SXD"][choice]
        self._try(petition, COMMANDS[action], agency)

    @rule(which=st.integers(0, 2), command=st.sampled_from(PUT_RIGHT))
    def put_right(self, which: int, command: Command) -> None:
        petition = self.petitions[which % len(self.petitions)]
        self._try(petition, command, petition.state.agency or "VPUB")

    @rule(days=st.integers(1, 30))
    def wait(self, days: int) -> None:
        self.today += timedelta(days=days)
        for petition in list(self.petitions):
            now = petition
            while now.workings.alarm_on is not None and now.workings.alarm_on <= self.today:
                now = self._keep(now, take(now, next_action(now.workings), today=self.today))

    def _file(self, field: PetitionField) -> None:
        decision = decide.file(
            FileCommand(field, "enterprise", entity="4900000017"),
            petition_id=f"KN-2026-{len(self.petitions) + 1}",
            source=SOURCE,
            now=at(self.today),
            rules=RULES,
        )
        self.petitions.append(decision.petition)
        self.ledgers[decision.petition.id] = []
        self._keep(None, decision)

    def _try(self, petition: Petition, command: Command, agency: str | None, hour: int = 9) -> None:
        if isinstance(command, SystemCommand):
            return  # the clock's own; `wait` takes them
        known = Known(tuple(self.ledgers[petition.id]), self.petitions[-1])
        moment = at(self.today, hour)
        try:
            decision = take(petition, command, agency, moment, petitioner=True, known=known)
        except Refusal:
            return
        self._keep(petition, decision)

    def _keep(self, before: Petition | None, decision: Decision) -> Petition:
        after = decision.petition
        self._is_in_the_contract(decision)
        self._is_in_the_table(before, decision)
        if before is not None:
            self.petitions[self.petitions.index(before)] = after
            self._runs_forward(before, decision)
        ledger = self.ledgers[after.id]
        if decision.standing is None:
            ledger.append(line(decision))
        else:
            kept = zip(ledger, decision.standing, strict=False)
            ledger[:] = [Line(old.sequence, entry, old.workings) for old, entry in kept]
        assert chains([one.entry for one in ledger])
        assert ledger[-1].entry.after == after.state
        self.events += [PetitionLine(1, entry) for entry in decision.event.asserts]
        self.events += [PetitionLine(-1, entry) for entry in decision.event.retracts]
        return after

    def _is_in_the_contract(self, decision: Decision) -> None:
        data = decision.event.model_dump_json().encode()
        parsed = parse(event_type(decision.name), data, PETITION_EVENTS_TOPIC.name)
        assert parsed == decision.event
        assert parsed.state == decision.petition.state

    def _is_in_the_table(self, before: Petition | None, decision: Decision) -> None:
        step, state = decision.step, decision.petition.state
        assert step in WORKFLOW
        assert step.source == (before.state.status if before else None)
        assert step.target in {None, state.status}
        assert (state.answered_on is not None) == (state.status in {"answered", "resolved"})
        assert (state.settled_on is not None) == (state.status == "resolved")
        assert state.agency is not None or state.status in {"filed", *CLOSED}

    def _runs_forward(self, before: Petition, decision: Decision) -> None:
        old, new, action = before.state, decision.petition.state, decision.step.action
        assert decision.petition.version == before.version + 1
        if action != "correct":
            assert new.days_elapsed >= old.days_elapsed
        if action not in {"correct", "redate"} and new.round == old.round:
            assert new.due_on >= old.due_on
            assert new.due_on == old.due_on or old.due_on >= self._paused_since(before)
        if action == "transfer":
            assert new.due_on == old.due_on
        if action not in {"correct", "reopen", "dispute"}:
            was, now = before.workings.clock, decision.petition.workings.clock
            assert (now.starts, now.term, now.before) == (was.starts, was.term, was.before)
            assert now.extra[: len(was.extra)] == was.extra
            assert [p.since for p in now.pauses][: len(was.pauses)] == [p.since for p in was.pauses]
        if action in {"overdue", "escalate"}:
            key = (before.id, new.round, before.workings.alarms)
            assert key not in self.said
            assert self.today > new.due_on
            self.said.add(key)

    def _paused_since(self, petition: Petition) -> date:
        pauses = petition.workings.clock.pauses
        return pauses[-1].since if pauses and pauses[-1].until is None else self.today

    def teardown(self) -> None:
        standing = [one.entry for ledger in self.ledgers.values() for one in ledger]
        # By every breakdown: what was told adds up to what stands.
        assert fold_petitions(self.events) == fold_petitions(
            [PetitionLine(1, entry) for entry in standing]
        )
        assert totals(self.events) == counted([p.state.status for p in self.petitions], standing)


def totals(lines: list[PetitionLine]) -> Counter[Any]:
    """Sum the fold of analytics over all days: {measure: number}."""
    found: Counter[Any] = Counter()
    for cell, value in fold_petitions(lines).items():
        if cell.dim == TOTAL:
            found[cell.measure] += value.n
    return Counter({k: n for k, n in found.items() if n and k in MEASURES})


def counted(statuses: list[PetitionStatus], standing: list[PetitionEntry]) -> Counter[Any]:
    """Count petitions by status and acts by fact, the plain way."""
    found: Counter[Any] = Counter(stock_measure(KIND, status) for status in statuses)
    facts: Counter[str] = Counter(entry.fact for entry in standing)
    for flow, fact in FLOWS.items():
        found[flow_measure(KIND, flow)] += facts[fact]
    return Counter({k: n for k, n in found.items() if n})


MEASURES = {stock_measure(KIND, status) for status in get_args(PetitionStatus)} | {
    flow_measure(KIND, flow) for flow in FLOWS
}
TestWalks = Walk.TestCase
TestWalks.settings = settings(
    max_examples=WALKS,
    stateful_step_count=16,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
