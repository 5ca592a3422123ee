"""Cells as officers write them: one reading, or a refusal."""

import unicodedata
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain import Refusal
from services.registry.domain.sheets import find_columns
from services.registry.domain.sheets.cells import Cell, amount_of, date_of, form_of, text_of
from services.registry.handlers.imports.rejected import encode, neutral

TY, TRIEU = 10**9, 10**6
AMOUNTS: list[tuple[Cell, int | None, str | None, int | str]] = [
    ("12,5", TY, None, 12_500_000_000),
    ("12.5", TY, None, 12_500_000_000),
    ("1.234,5", TRIEU, None, 1_234_500_000),
    ("1,234.5", TRIEU, None, 1_234_500_000),
    ("1.500.000.000", None, None, 1_500_000_000),
    ("1 500 000", None, None, 1_500_000),
    ("1.500.000.000 đồng", None, None, 1_500_000_000),
    ("10 tỷ", None, None, 10 * TY),
    ("1,5 tỷ đồng", None, None, 1_500_000_000),
    ("500 triệu", None, None, 500 * TRIEU),
    ("5.000.000 ₫", None, None, 5_000_000),
    ("0,500", TY, None, 500_000_000),
    ("1.234", 1, None, 1_234),
    ("1.234", TY, ",", 1_234 * TY),
    ("1.234", TY, ".", 1_234_000_000),
    (0.1, TY, None, 100_000_000),
    (10, TY, None, 10 * TY),
    ("0", None, None, 0),
    ("-1", TY, None, -TY),
    ("1.234", TY, None, "ambiguous_amount"),
    ("1,234", TRIEU, None, "ambiguous_amount"),
    ("1.234,567.8", TY, None, "ambiguous_amount"),
    ("10", None, None, "ambiguous_amount"),
    (12.5, None, None, "ambiguous_amount"),
    ("10 tỷ", TRIEU, None, "ambiguous_amount"),
    ("1,2345678912", TY, None, "invalid_capital"),
    ("12,55", 1, None, "invalid_capital"),
    ("mười tỷ", TY, None, "invalid_capital"),
    ("1.2.3", TY, None, "invalid_capital"),
    (True, TY, None, "invalid_capital"),
]


@pytest.mark.parametrize(("cell", "unit", "mark", "meant"), AMOUNTS)
def test_an_amount_has_one_reading_or_is_refused(
    cell: Cell, unit: int | None, mark: str | None, meant: int | str
) -> None:
    try:
        found: int | str = amount_of(cell, unit, mark)
    except Refusal as refusal:
        found = refusal.code
    assert found == meant


@given(st.integers(0, 10**15))
def test_thousands_with_dots_are_read_back(amount: int) -> None:
    assert amount_of(f"{amount:,} đồng".replace(",", "."), None, None) == amount


DATES: list[tuple[Cell, str]] = [
    ("04/03/2025", "2025-03-04"),
    ("4-3-2025", "2025-03-04"),
    ("04.03.2025", "2025-03-04"),
    ("2025-03-04", "2025-03-04"),
    ("2025-03-04 00:00:00", "2025-03-04"),
    (date(2025, 3, 4), "2025-03-04"),
    (datetime.combine(date(2025, 3, 4), time()), "2025-03-04"),
    (datetime.combine(date(2025, 3, 4), time(23, 40)), "invalid_date"),
    ("03/04/25", "ambiguous_date"),
    ("03/31/2025", "ambiguous_date"),
    ("04/03-2025", "invalid_date"),
    ("hôm qua", "invalid_date"),
    (45_000.0, "invalid_date"),
]


@pytest.mark.parametrize(("cell", "meant"), DATES)
def test_a_date_has_one_reading_or_is_refused(cell: Cell, meant: str) -> None:
    try:
        found = date_of(cell)
    except Refusal as refusal:
        found = refusal.code
    assert found == meant


def test_headings_say_unit_and_scheme() -> None:
    columns = find_columns(
        ["STT", "MÃ SỐ DOANH NGHIỆP", "Vốn điều lệ (ĐVT: tỷ đồng)", "Ngành nghề (VSIC 2018)"]
    )
    assert columns is not None
    assert (columns.unit, columns.scheme, columns.ignored) == (TY, "vsic2018", ("STT",))
    assert find_columns(["Mã số", "Vốn điều lệ - triệu đồng"]).unit == TRIEU  # type: ignore[union-attr]
    assert find_columns(["code", "capital_vnd"]).unit == 1  # type: ignore[union-attr]
    assert find_columns(["BÁO CÁO THÁNG 9"]) is None


def test_forms_are_compared_without_case_and_tone() -> None:
    assert form_of("CÔNG TY  CỔ PHẦN") == form_of("cong ty co phan") == "joint_stock"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_what_is_neutralised_is_no_formula_and_comes_back(text: str) -> None:
    shown = neutral(text.strip())
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r"))
    if text.strip().startswith(("=", "+", "-", "@")):
        assert text_of(shown) == text.strip()


def test_every_vietnamese_letter_survives_windows_1258() -> None:
    letters = "".join(
        base + tone
        for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
        for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    )
    text = unicodedata.normalize("NFC", letters + "đĐ")
    back = encode(text, "cp1258").decode("cp1258")
    assert unicodedata.normalize("NFC", back) == text
