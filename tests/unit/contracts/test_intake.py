"""What an upstream system may report."""

import unicodedata

import pytest
from pydantic import ValidationError

from shared.contracts.intake import (
    CHANGES,
    INTAKE_FACTS,
    EnterpriseRegisteredIn,
    intake_fact_of,
    intake_type,
)
from tests.support.ledger import Json, to_bytes
from tests.support.published import published

EXAMPLES = {p.item.name: p.example for p in published() if p.item.direction == "written"}
ENTERPRISE: Json = next(
    p.example.value for p in published() if p.name == "registry-intake/EnterpriseRegistered.v1.json"
)


def read(**other: object) -> EnterpriseRegisteredIn:
    return EnterpriseRegisteredIn.model_validate_json(to_bytes(ENTERPRISE | other))


@pytest.mark.parametrize("fact", INTAKE_FACTS)
def test_a_fact_and_its_type_name_each_other(fact: str) -> None:
    assert intake_fact_of(intake_type(fact)) == fact


@pytest.mark.parametrize(
    "ce_type",
    [
        "",
        "vn.caunoi.EnterpriseRegistered.v1",
        "vn.caunoi.intake.EnterpriseRegistered.v2",
        "vn.caunoi.intake.EnterpriseRegistered",
        "vn.caunoi.intake..v1",
        "vn.caunoi.intake.PetitionFiled.v1",
    ],
)
def test_another_type_names_no_fact(ce_type: str) -> None:
    assert intake_fact_of(ce_type) is None


@pytest.mark.parametrize("fact", INTAKE_FACTS)
def test_an_unknown_field_is_refused(fact: str) -> None:
    value = EXAMPLES[fact].value | {"captal_vnd": 1}
    with pytest.raises(ValidationError, match="captal_vnd"):
        INTAKE_FACTS[fact].model_validate_json(to_bytes(value))


@pytest.mark.parametrize("fact", INTAKE_FACTS)
def test_a_fact_may_say_its_own_name_and_no_other(fact: str) -> None:
    value = EXAMPLES[fact].value
    assert INTAKE_FACTS[fact].model_validate_json(to_bytes(value | {"fact": fact}))
    with pytest.raises(ValidationError, match="fact"):
        INTAKE_FACTS[fact].model_validate_json(to_bytes(value | {"fact": "EntityTeleported"}))


@pytest.mark.parametrize(
    "other",
    [
        {"code": "0100233480"},
        {"capital_vnd": -1},
        {"capital_vnd": 10**15 + 1},
        {"capital_vnd": "10"},
        {"capital_vnd": 1.5},
        {"on": "2025-13-01"},
        {"legal_form": "cooperative"},
        {"commune": "1"},
        {"name": "   "},
        {"name": "x" * 501},
        {"name": "a\u0000b"},
        {"name": "a\nb"},
        {"reference": ""},
        {"reference": "r" * 201},
        {"reason": ""},
        {"origin": "import"},
        {"industry": None},
    ],
    ids=str,
)
def test_a_value_outside_its_bounds_is_refused(other: Json) -> None:
    with pytest.raises(ValidationError):
        read(**other)


def test_text_is_stored_in_one_form() -> None:
    split = unicodedata.normalize("NFD", "Công ty Hữu Lũng")
    assert split != "Công ty Hữu Lũng"
    assert read(name=f"  {split} ").name == "Công ty Hữu Lũng"


def test_it_is_live_unless_it_says_otherwise() -> None:
    assert read().origin == "live"
    assert read(origin="backfill").origin == "backfill"


def test_changes_are_what_happens_to_an_entity_that_a_path_names() -> None:
    registrations = {"EnterpriseRegistered", "CooperativeRegistered", "BranchRegistered"}
    corrections = {"RegistrationCorrected", "RegistrationVoided"}
    assert {*CHANGES} == {*INTAKE_FACTS} - registrations - corrections
