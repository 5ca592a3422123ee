"""The table of the workflow, walked through whole: every state with every action."""

import itertools
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from services.petitions.api.actions import BODIES
from services.petitions.domain import decide
from services.petitions.domain.diagram import page
from services.petitions.domain.petition import Decision, Known
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.rules import Actor
from services.petitions.domain.workflow import (
    ACTION_VI,
    STATUS_VI,
    WORKFLOW,
    Action,
    Step,
    actions_from,
    step_of,
)
from shared.contracts.catalogue import BY_TYPE, event_type
from shared.contracts.values import PetitionStatus
from tests.unit.petitions.support import (
    COMMANDS,
    FILED,
    RULES,
    SOURCE,
    at,
    filed,
    standing,
    take,
)

ROOT = Path(__file__).resolve().parents[3]
WHO: dict[Action, str] = {"assign": "VPUB", "review": "STC"}

STATUSES: tuple[PetitionStatus | None, ...] = (None, *get_args(PetitionStatus))
# Written a second time, by hand, as an officer would say it.
LETTERS: dict[str, PetitionStatus] = {
    "F": "filed",
    "A": "assigned",
    "I": "in_progress",
    "W": "waiting_petitioner",
    "N": "answered",
    "R": "resolved",
    "J": "rejected",
    "U": "referred",
    "X": "withdrawn",
    "D": "duplicate",
}
SAID: dict[Action, str] = {
    "assign": "FA",
    "transfer": "AA IA",
    "request_supplement": "AW IW",
    "receive_supplement": "WI",
    "extend": "AI II",
    "answer": "AN IN",
    "resolve": "NR",
    "confirm": "NR",
    "dispute": "NI",
    "reopen": "NI RI",
    "reject": "FJ AJ IJ WJ",
    "refer": "AU IU",
    "take_back": "UA",
    "withdraw": "FX AX IX WX UX",
    "mark_duplicate": "FD AD ID WD",
    "review": "FF AA II WW UU NN",
    "correct": "F- A- I- W- U- N- R- J- X- D-",
    "redate": "FF AA II",
    "overdue": "FF AA II",
    "escalate": "FF AA II",
}
ALLOWED: dict[tuple[PetitionStatus | None, Action], PetitionStatus | None] = {
    (None, "file"): "filed",
    **{
        (LETTERS[pair[0]], action): LETTERS.get(pair[1])
        for action, pairs in SAID.items()
        for pair in pairs.split()
    },
}
PLACES = list(itertools.product(STATUSES, get_args(Action)))


@pytest.mark.parametrize(("status", "action"), PLACES)
def test_an_action_is_possible_exactly_where_the_table_has_it(
    status: PetitionStatus | None, action: Action
) -> None:
    if (status, action) in ALLOWED:
        step = step_of(action, status)
        assert step.target == ALLOWED[status, action]
        return
    with pytest.raises(Refusal) as refused:
        step_of(action, status)
    assert refused.value.code == "wrong_state"
    assert refused.value.way == "conflict"
    assert refused.value.facts["possible_actions"] == actions_from(status)


@pytest.mark.parametrize(
    ("status", "action"),
    [(s, a) for s, a in PLACES if s is not None and a not in {"file", "correct", "redate"}],
)
def test_deciding_agrees_with_the_table_in_every_state(
    status: PetitionStatus, action: Action
) -> None:
    petition = standing(status)
    if action in {"overdue", "escalate"}:
        alarms = 0 if action == "overdue" else 1
        workings = replace(petition.workings, alarm_on=FILED, alarms=alarms)
        petition = replace(petition, workings=workings)
    first = replace(filed(), id="KN-2026-000009")

    def decided() -> Decision:
        return take(
            petition,
            COMMANDS[action],
            WHO.get(action, petition.state.agency or "VPUB"),
            date(2026, 3, 9),
            petitioner=True,
            known=Known(original=first),
        )

    if (status, action) not in ALLOWED:
        with pytest.raises(Refusal, match="wrong_state"):
            decided()
        return
    decision = decided()
    assert decision.petition.state.status == ALLOWED[status, action]
    assert decision.event.sequence == petition.version + 1
    assert decision.event.asserts[0].before == petition.state
    assert decision.event.asserts[0].after == decision.petition.state == decision.event.state


@pytest.mark.parametrize("step", WORKFLOW, ids=lambda s: f"{s.source}-{s.action}")
def test_what_is_needed_is_asked_for(step: Step) -> None:
    if step.source is None:
        return
    for need in step.needs:
        without: dict[str, Any] = {need: None}
        command = replace(COMMANDS[step.action], **without)
        petition = standing(step.source)
        agency = WHO.get(step.action, petition.state.agency or "VPUB")
        with pytest.raises(Refusal) as refused:
            take(petition, command, agency, petitioner=True)
        assert refused.value.code == f"{need}_missing"
        assert refused.value.vi


@pytest.mark.parametrize("step", WORKFLOW, ids=lambda s: f"{s.source}-{s.action}")
def test_who_has_none_of_the_roles_may_not(step: Step) -> None:
    if step.source is None:
        return
    petition = standing(step.source)
    nobody = Actor("SGDDT", frozenset(), is_petitioner=True)
    with pytest.raises(Refusal, match="not_") as refused:
        decide.act(
            petition, COMMANDS[step.action], actor=nobody, source=SOURCE, now=at(FILED), rules=RULES
        )
    assert refused.value.way == "forbidden"


def test_every_action_that_somebody_takes_has_a_body() -> None:
    system = {s.action for s in WORKFLOW if s.who == ("system",)}
    assert set(BODIES) == set(get_args(Action)) - system - {"file"}


def test_the_page_for_officers_is_made_of_the_table() -> None:
    written = (ROOT / "docs/petition-workflow.md").read_text(encoding="utf-8")
    assert written == page(), "python -m services.petitions workflow > docs/petition-workflow.md"


def test_no_place_stands_twice_in_the_table() -> None:
    assert len({(step.action, step.source) for step in WORKFLOW}) == len(WORKFLOW)


def test_every_event_of_the_table_is_in_the_catalogue() -> None:
    assert all(event_type(step.event) in BY_TYPE for step in WORKFLOW)


def test_every_state_and_action_has_a_vietnamese_word() -> None:
    assert set(STATUS_VI) == set(get_args(PetitionStatus))
    assert set(ACTION_VI) == set(get_args(Action))
