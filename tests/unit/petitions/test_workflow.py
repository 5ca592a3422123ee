"""The table of the workflow, walked through whole: every state with every action."""

import itertools
from datetime import date
from typing import get_args

import pytest

from services.petitions.domain import decide
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.workflow import (
    ACTION_VI,
    STATUS_VI,
    WORKFLOW,
    Action,
    actions_from,
    step_of,
)
from shared.contracts.catalogue import BY_TYPE, event_type
from shared.contracts.values import PetitionStatus
from tests.unit.petitions.support import COMMANDS, DIRECTORY, SOURCE, standing

STATUSES: tuple[PetitionStatus | None, ...] = (None, *get_args(PetitionStatus))
ALLOWED = {
    (None, "file"): "filed",
    ("filed", "assign"): "assigned",
    ("assigned", "answer"): "answered",
    ("in_progress", "answer"): "answered",
    ("answered", "resolve"): "resolved",
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
    ("status", "action"), [(s, a) for s, a in PLACES if s is not None and a != "file"]
)
def test_deciding_agrees_with_the_table_in_every_state(
    status: PetitionStatus, action: Action
) -> None:
    petition = standing(status)

    def decided() -> decide.Decision:
        return decide.act(
            petition,
            COMMANDS[action],
            agency=petition.state.agency,
            source=SOURCE,
            today=date(2026, 3, 9),
            directory=DIRECTORY,
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


def test_no_place_stands_twice_in_the_table() -> None:
    assert len({(step.action, step.source) for step in WORKFLOW}) == len(WORKFLOW)


def test_every_event_of_the_table_is_in_the_catalogue() -> None:
    assert all(event_type(step.event) in BY_TYPE for step in WORKFLOW)


def test_every_state_and_action_has_a_vietnamese_word() -> None:
    assert set(STATUS_VI) == set(get_args(PetitionStatus))
    assert set(ACTION_VI) == set(get_args(Action))
