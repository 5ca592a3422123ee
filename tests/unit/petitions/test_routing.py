from datetime import date
from typing import get_args

import pytest

from services.petitions.domain.refusals import Refusal
from shared.contracts.communes import communes
from shared.contracts.values import PetitionField
from tests.unit.petitions.support import DIRECTORY

ON = date(2025, 9, 12)


@pytest.mark.parametrize("field", get_args(PetitionField))
def test_every_field_has_one_lead_agency(field: PetitionField) -> None:
    lead = DIRECTORY.route(field, ON)
    assert [code for code, row in DIRECTORY.rows.items() if field in row.fields] == [lead]


def test_the_fields_of_the_conference_go_where_the_province_decided() -> None:
    assert DIRECTORY.route("construction_debt", ON) == "STC"
    assert DIRECTORY.route("land", ON) == "SNNMT"
    assert DIRECTORY.route("planning", ON) == "SXD"
    assert DIRECTORY.route("credit", ON) == "NHNN"


def test_no_agency_leads_a_field_before_it_exists() -> None:
    with pytest.raises(Refusal, match="no_agency_for_field"):
        DIRECTORY.route("investment", date(2024, 6, 1))


def test_every_commune_is_an_agency_from_the_merger_on() -> None:
    code = f"UB-{next(iter(communes()))}"
    assert DIRECTORY.check(code, date(2025, 7, 1)) == code
    with pytest.raises(Refusal, match="unknown_agency"):
        DIRECTORY.check(code, date(2025, 6, 30))


def test_co_ordinating_agencies_are_named_once_and_without_the_lead() -> None:
    fields: list[PetitionField] = ["land", "agriculture", "investment", "tax"]
    assert DIRECTORY.co_ordinating(fields, "STC", ON) == ("SNNMT", "THUE")
