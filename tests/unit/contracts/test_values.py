"""Codes, dates, money and sections as the contract takes them."""

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from stdnum.vn import mst

from shared.contracts.values import (
    MAX_CAPITAL_VND,
    SECTIONS,
    UNKNOWN_SECTION,
    EntityCode,
    LegalDate,
    Subject,
    Vnd,
    section_of,
)
from tests.support.strategies import amounts, dependent_codes, group_codes, tax_codes

CODE: TypeAdapter[str] = TypeAdapter(EntityCode)
SUBJECT: TypeAdapter[str] = TypeAdapter(Subject)
DATE: TypeAdapter[date] = TypeAdapter(LegalDate)
VND: TypeAdapter[int] = TypeAdapter(Vnd)


def complaint_about(adapter: TypeAdapter[Any], value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(value, strict=True)
    return caught.value.errors()[0]["type"]


@pytest.mark.parametrize("code", ["0100233488", "0312687878-001", "4900000017", "4900000070"])
def test_a_valid_code_is_taken_as_it_is(code: str) -> None:
    assert CODE.validate_python(code) == code
    assert SUBJECT.validate_python(code) == code


@pytest.mark.parametrize(
    "code", ["0100233480", "4900000018", *(f"490012345{d}" for d in range(10))]
)
def test_a_wrong_check_digit_is_said(code: str) -> None:
    assert complaint_about(CODE, code) == "invalid_check_digit"


@pytest.mark.parametrize(
    "code",
    [
        "",
        "490000001",
        "49000000170",
        "0100.233.488",
        "0100233488 ",
        "4900000017\n",
        "0312687878001",
        "0312687878-01",
        "0312687878-000",
        "0100000001",
        "４９００００００１７",
        "THT-",
        "THT-abcdefghij",
        "tht-ABCDEF0123",
    ],
)
def test_another_spelling_or_shape_is_refused_not_normalised(code: str) -> None:
    assert complaint_about(CODE, code) == "invalid_code"


def test_a_complaint_speaks_both_languages() -> None:
    with pytest.raises(ValidationError) as caught:
        CODE.validate_python("0100233480")
    context = caught.value.errors()[0]["ctx"]
    assert "số kiểm tra" in context["vi"]
    assert "check digit" in context["en"]


@given(st.one_of(tax_codes(), dependent_codes(), group_codes()))
def test_every_valid_code_is_a_subject(code: str) -> None:
    assert SUBJECT.validate_python(CODE.validate_python(code)) == code


@given(tax_codes(), st.integers(0, 9), st.integers(1, 9))
def test_one_digit_typed_wrongly_is_refused(code: str, place: int, by: int) -> None:
    wrong = code[:place] + str((int(code[place]) + by) % 10) + code[place + 1 :]
    assert mst.is_valid(wrong) is False
    assert complaint_about(CODE, wrong) in {"invalid_check_digit", "invalid_code"}


@given(st.text(max_size=16))
def test_no_text_gets_by_that_the_events_would_refuse(text: str) -> None:
    try:
        code = CODE.validate_python(text)
    except ValidationError:
        return
    assert SUBJECT.validate_python(code) == code


@pytest.mark.parametrize("text", ["2025-09-12", "1900-01-01", "2199-12-31", "2024-02-29"])
def test_a_date_is_a_day(text: str) -> None:
    assert DATE.validate_json(f'"{text}"', strict=True) == date.fromisoformat(text)


@pytest.mark.parametrize(
    "value",
    [
        "2025-9-12",
        "12/09/2025",
        "20250912",
        "2025-09-31",
        "2025-02-29",
        "2025-09-12T00:00:00",
        "2025-09-12T17:30:00Z",
        " 2025-09-12",
        "1899-12-31",
        "2200-01-01",
        "0001-01-01",
        "",
        1757635200,
        1757635200.5,
        True,
        None,
        ["2025-09-12"],
    ],
)
def test_what_is_no_plain_day_is_refused(value: object) -> None:
    assert complaint_about(DATE, value) == "invalid_date"


def test_a_time_of_day_is_not_a_legal_date() -> None:
    assert complaint_about(DATE, datetime(2025, 9, 12, 23, 40))  # noqa: DTZ001


@pytest.mark.parametrize("amount", [0, 1, MAX_CAPITAL_VND])
def test_an_amount_within_the_bounds_is_taken(amount: int) -> None:
    assert VND.validate_python(amount) == amount


@pytest.mark.parametrize("amount", [-1, MAX_CAPITAL_VND + 1, 10**30, 1.0, "1", True, None])
def test_what_is_no_amount_of_whole_dong_is_refused(amount: object) -> None:
    assert complaint_about(VND, amount)


@pytest.mark.parametrize("text", ["1.5", "1e3", '"1000"', "true", "null", "-1", "1e400"])
def test_json_is_no_looser_about_amounts(text: str) -> None:
    with pytest.raises(ValidationError):
        VND.validate_json(text, strict=True)


@given(st.lists(amounts, max_size=9_000))
def test_sums_of_thousands_of_amounts_stay_in_64_bits(found: list[int]) -> None:
    assert sum(found) < 2**63


@pytest.mark.parametrize(
    ("scheme", "code", "section"),
    [
        ("vsic2018", "01110", "A"),
        ("vsic2018", "0510", "B"),
        ("vsic2018", "10", "C"),
        ("vsic2018", "41010", "F"),
        ("vsic2018", "4520", "G"),
        ("vsic2018", "6201", "J"),
        ("vsic2018", "6810", "L"),
        ("vsic2018", "9900", "U"),
        ("vsic2025", "01110", "A"),
        ("vsic2025", "4620", "G"),
        ("vsic2025", "6020", "J"),
        ("vsic2025", "6210", "K"),
        ("vsic2025", "6810", "M"),
        ("vsic2025", "9900", "V"),
    ],
)
def test_the_first_two_digits_give_the_section_of_the_scheme(
    scheme: str, code: str, section: str
) -> None:
    assert section_of(scheme, code) == section


@pytest.mark.parametrize(
    ("scheme", "code"),
    [("vsic2018", "0400"), ("vsic2018", "3400"), ("vsic2018", "00"), ("vsic2025", "4520")],
)
def test_a_division_that_the_scheme_does_not_have_is_unknown(scheme: str, code: str) -> None:
    assert section_of(scheme, code) == UNKNOWN_SECTION


@pytest.mark.parametrize("scheme", ["vsic2018", "vsic2025"])
def test_every_division_has_one_section_in_rising_order(scheme: str) -> None:
    found = [section_of(scheme, f"{n:02d}") for n in range(100)]
    known = [s for s in found if s != UNKNOWN_SECTION]
    assert known == sorted(known)
    assert set(known) <= set(SECTIONS)
    last = "U" if scheme == "vsic2018" else "V"
    assert sorted(set(known)) == [chr(c) for c in range(ord("A"), ord(last) + 1)]
