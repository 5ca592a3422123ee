"""What a state must agree with itself about."""

import itertools
import json
from typing import get_args

import pytest
from hypothesis import given
from pydantic import ValidationError

from shared.contracts.states import EntityState, PetitionState, kind_agrees
from shared.contracts.values import (
    COLLECTIVE_KINDS,
    DEPENDENT_KINDS,
    ENTERPRISE_FORMS,
    EntityKind,
    LegalForm,
)
from tests.support.strategies import entity_states, petition_states

KINDS = get_args(EntityKind)
FORMS = (None, *get_args(LegalForm))
STATE: dict[str, object] = {
    "kind": "enterprise",
    "legal_form": "joint_stock",
    "name": "Công ty cổ phần Đặc sản Xứ Lạng",
    "status": "active",
    "capital_vnd": 10**10,
    "commune": "05977",
    "industry": {"scheme": "vsic2025", "code": "1079"},
    "registered_on": "2025-09-15",
    "parent": None,
}
TABLE = list(itertools.product(KINDS, FORMS, (None, 0, 10**9), (None, "4900000017")))


def _right(kind: str, form: str | None, capital: int | None, parent: str | None) -> bool:
    """The table of the domain, written as what is allowed."""
    if kind == "enterprise":
        return form in ENTERPRISE_FORMS and capital is not None and parent is None
    if kind in COLLECTIVE_KINDS:
        return form == kind and capital is not None and parent is None
    return (form, capital) == (None, None) and parent is not None


@pytest.mark.parametrize("kind", KINDS)
def test_form_capital_and_parent_fit_the_kind(kind: str) -> None:
    for row in (row for row in TABLE if row[0] == kind):
        assert kind_agrees(*row) == _right(*row), row


def test_every_kind_can_be_at_all() -> None:
    assert {row[0] for row in TABLE if kind_agrees(*row)} == set(KINDS)


@given(entity_states())
def test_a_state_of_an_entity_reads_back_the_same(state: EntityState) -> None:
    assert EntityState.model_validate_json(state.model_dump_json()) == state


@given(petition_states())
def test_a_state_of_a_petition_reads_back_the_same(state: PetitionState) -> None:
    assert PetitionState.model_validate_json(state.model_dump_json()) == state


@given(entity_states())
def test_a_state_that_contradicts_its_kind_is_refused(state: EntityState) -> None:
    document = json.loads(state.model_dump_json())
    other = {"parent": None} if state.kind in DEPENDENT_KINDS else {"capital_vnd": None}
    with pytest.raises(ValidationError, match="do not fit the kind"):
        EntityState.model_validate_json(json.dumps(document | other))


def test_a_reader_tolerates_a_field_that_came_later() -> None:
    assert EntityState.model_validate_json(json.dumps({**STATE, "new": 1}))


@pytest.mark.parametrize("field", EntityState.model_fields)
def test_no_field_may_be_left_out(field: str) -> None:
    example = {name: value for name, value in STATE.items() if name != field}
    with pytest.raises(ValidationError):
        EntityState.model_validate_json(json.dumps(example))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "company"},
        {"status": "paused"},
        {"name": ""},
        {"name": "x" * 501},
        {"commune": "6529"},
        {"commune": 6529},
        {"industry": {"scheme": "isic", "code": "01"}},
        {"industry": {"scheme": "vsic2025", "code": "1"}},
        {"capital_vnd": "10"},
        {"registered_on": "2025-3-4"},
        {"parent": "490"},
    ],
    ids=str,
)
def test_a_value_outside_its_vocabulary_or_bounds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EntityState.model_validate_json(json.dumps({**STATE, **wrong}))
