from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args

import pytest

from services.petitions.domain.commands import AnswerCommand, AssignCommand, FileCommand
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.routing import AgencyRow, Directory
from services.petitions.domain.rules import Rules
from services.petitions.domain.similar import likeness_of, similarity
from shared.contracts.communes import communes
from shared.contracts.values import PetitionField
from tests.unit.petitions.support import CALENDAR, DIRECTORY, filed, take

ON = date(2025, 9, 12)


@pytest.mark.parametrize("field", get_args(PetitionField))
def test_every_field_has_one_lead_agency(field: PetitionField) -> None:
    lead = DIRECTORY.route(field, ON)
    leads = [c for c, row in DIRECTORY.rows.items() if field in row.fields and row.stands(ON)]
    assert leads == [lead]


def test_the_fields_of_the_conference_go_where_the_province_decided() -> None:
    assert DIRECTORY.route("construction_debt", ON) == "STC"
    assert DIRECTORY.route("land", ON) == "SNNMT"
    assert DIRECTORY.route("planning", ON) == "SXD"
    assert DIRECTORY.route("credit", ON) == "NHNN"


def test_no_agency_leads_a_field_before_it_exists() -> None:
    with pytest.raises(Refusal, match="no_agency_for_field"):
        DIRECTORY.route("investment", date(2015, 6, 1))


MERGED: list[tuple[PetitionField, date, str, str]] = [
    ("investment", date(2025, 3, 1), "SKHDT", "STC"),
    ("registration", date(2025, 3, 1), "SKHDT", "STC"),
    ("land", date(2025, 3, 1), "STNMT", "SNNMT"),
    ("agriculture", date(2025, 3, 1), "SNNPTNT", "SNNMT"),
    ("jobs", date(2025, 3, 1), "SLDTBXH", "SNV"),
    ("training", date(2025, 3, 1), "SLDTBXH", "SGDDT"),
    ("digital", date(2025, 3, 1), "STTTT", "SKHCN"),
    ("tax", date(2025, 7, 1), "CTHUE", "THUE"),
]


@pytest.mark.parametrize(("field", "merged_on", "before", "after"), MERGED)
def test_a_field_is_led_until_the_merger_by_who_led_it_then(
    field: PetitionField, merged_on: date, before: str, after: str
) -> None:
    assert DIRECTORY.route(field, merged_on - timedelta(days=1)) == before
    assert DIRECTORY.route(field, merged_on) == after
    assert DIRECTORY.route(field, date(2024, 6, 1)) == before


def test_every_commune_is_an_agency_from_the_merger_on() -> None:
    code = f"UB-{next(iter(communes()))}"
    assert DIRECTORY.check(code, date(2025, 7, 1)) == code
    with pytest.raises(Refusal, match="unknown_agency"):
        DIRECTORY.check(code, date(2025, 6, 30))


def test_co_ordinating_agencies_are_named_once_and_without_the_lead() -> None:
    fields: list[PetitionField] = ["land", "agriculture", "investment", "tax"]
    assert DIRECTORY.co_ordinating(fields, "STC", ON) == ("SNNMT", "THUE")


def agency(code: str, **more: Any) -> AgencyRow:
    found: dict[str, Any] = {"name": code, "fields": (), "since": date(2020, 1, 1), **more}
    return AgencyRow(code, **found)


OLD = agency("OLD", fields=("land",), until=date(2025, 3, 1), successor="NEW")


def test_an_agency_that_ends_needs_a_successor() -> None:
    with pytest.raises(Refusal, match="agency_without_successor"):
        Directory.of([replace(OLD, successor=None)])


@pytest.mark.parametrize(
    "heirs",
    [
        [],
        [agency("NEW", since=date(2025, 3, 2))],
        [agency("NEW", until=date(2025, 2, 1), successor="OLD")],
    ],
)
def test_the_successor_is_there_when_the_agency_ends(heirs: list[AgencyRow]) -> None:
    with pytest.raises(Refusal, match="unknown_agency"):
        Directory.of([OLD, *heirs])


def test_a_field_goes_on_with_the_successor_also_after_a_second_merger() -> None:
    later = agency("NEW", until=date(2026, 1, 1), successor="LAST")
    directory = Directory.of([OLD, later, agency("LAST")])
    assert directory.route("land", date(2025, 2, 28)) == "OLD"
    assert directory.route("land", date(2025, 3, 1)) == "NEW"
    assert directory.route("land", date(2026, 1, 1)) == "LAST"
    assert directory.ended(date(2025, 3, 1)) == ("OLD",)
    with pytest.raises(Refusal, match="unknown_agency"):
        directory.check("OLD", date(2025, 3, 1))


def test_the_successor_answers_what_the_ended_agency_led() -> None:
    old = replace(OLD, until=date(2026, 3, 10))
    rules = Rules(Directory.of([old, agency("NEW"), agency("VP", front_desk=True)]), CALENDAR)
    petition = filed(FileCommand(field="land", petitioner_kind="enterprise"), rules=rules)
    given = take(petition, AssignCommand(), "VP", rules=rules).petition
    assert given.state.agency == "OLD"
    answer = AnswerCommand("1/NEW")
    with pytest.raises(Refusal, match="not_lead_agency"):
        take(given, answer, "NEW", date(2026, 3, 9), rules=rules)
    assert take(given, answer, "NEW", date(2026, 3, 10), rules=rules)


def test_texts_that_say_the_same_are_alike() -> None:
    text = "Đề nghị tháo gỡ vướng mắc thanh toán nợ đọng xây dựng cơ bản tại dự án cầu Kỳ Lừa"
    one, same = likeness_of("land", text), likeness_of("land", text.upper() + "!")
    assert similarity(one.signature, same.signature) == 1.0
    other = likeness_of("land", "Xin hướng dẫn thủ tục thuê đất để trồng hồi ở xã Mẫu Sơn năm nay")
    assert similarity(one.signature, other.signature) < 0.2
    assert not set(one.bands) & set(likeness_of("tax", text).bands)
