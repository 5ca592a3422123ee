"""Workbooks: typed cells, formulas and errors, and what is too large for the memory."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from python_calamine import CalamineWorkbook

from services.registry.app import Service
from services.registry.handlers.imports import workbook as limits
from services.registry.handlers.imports.workbook import SheetParts
from tests.integration.registry.bodies import CODE, OTHER
from tests.integration.registry.sheets import HEADINGS, XLSX, line, report, run
from tests.integration.registry.test_imports import MANY


def workbook(lines: Sequence[Sequence[Any]]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    book.add_worksheet("Bìa").write(0, 0, "Danh sách")
    sheet = book.add_worksheet("Dữ liệu")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for row, cells in enumerate(lines):
        for place, cell in enumerate(cells):
            if isinstance(cell, date):
                sheet.write_datetime(row, place, cell, day)
            elif isinstance(cell, tuple):
                sheet.write_formula(row, place, cell[0], value=cell[1])
            else:
                sheet.write(row, place, cell)
    book.close()
    return out.getvalue()


async def test_a_workbook_with_numbers_dates_formulas_and_errors(
    http: httpx.AsyncClient, service: Service
) -> None:
    body = workbook(
        [
            [],
            HEADINGS,
            line(int(CODE), capital=12.5, on=date(2025, 3, 10), commune=5977, industry=4711),
            line(OTHER, capital=("=A1*2", 7.25), on=date(2025, 3, 10)),
            line(MANY[7], capital=("=1/0", "#DIV/0!")),
            line(MANY[8], on=45_000),
            line("=CMD()"),
        ]
    )
    done = await run(http, service, body, XLSX)
    assert [(r["row"], r["result"]) for r in await report(http, done)] == [
        (3, "recorded"),
        (4, "recorded"),
        (5, "cell_error"),
        (6, "invalid_date"),
        (7, "invalid_code"),
    ], await report(http, done)
    state = (await http.get(f"/v1/entities/{OTHER}")).json()["state"]
    assert state["capital_vnd"] == 7_250_000_000
    answer = await http.get(f"/v1/imports/{done['id']}/rejected")
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    lines = book.get_sheet_by_index(0).to_python()
    assert lines[0][-2:] == ["Mã lỗi", "Lý do từ chối"]
    assert [r[-2] for r in lines[1:]] == ["cell_error", "invalid_date", "invalid_code"]


def stray(blank: bool) -> bytes:
    """Return a workbook with something in its farthest cell: a format, or a letter."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    for row, cells in enumerate([HEADINGS, line(CODE)]):
        sheet.write_row(row, 0, cells)
    if blank:
        sheet.write_blank(1_048_575, 16_383, None, book.add_format({"bold": True}))
    else:
        sheet.write(1_048_575, 16_383, "x")
    book.close()
    return out.getvalue()


async def test_a_cell_far_out_is_refused_before_it_fills_the_memory(
    http: httpx.AsyncClient, service: Service
) -> None:
    done = await run(http, service, stray(blank=False), XLSX)
    assert (done["state"], done["failure"]["code"]) == ("failed", "workbook_too_large")
    assert "CSV" in done["failure"]["vi"]
    done = await run(http, service, stray(blank=True), XLSX)
    assert done["counts"] == {"recorded": 1}


async def test_a_workbook_that_is_too_large_is_refused_and_says_what_to_send(
    http: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = workbook([HEADINGS, line(CODE)])
    monkeypatch.setattr(limits, "MOST_UNPACKED", 1_000)
    done = await run(http, service, body, XLSX)
    assert (done["state"], done["failure"]["code"]) == ("failed", "workbook_too_large")


async def test_what_is_refused_in_a_workbook_comes_back_as_one_and_can_be_sent_again(
    http: httpx.AsyncClient, service: Service
) -> None:
    wrong = line(CODE, capital=12.5, on=date(2025, 3, 10), form="TNHH")
    done = await run(http, service, workbook([HEADINGS, wrong, line(OTHER)]), XLSX)
    assert done["counts"] == {"ambiguous_form": 1, "recorded": 1}
    answer = await http.get(f"/v1/imports/{done['id']}/rejected")
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    heading, row = book.get_sheet_by_index(0).to_python()
    row[3] = "TNHH MTV"
    again = await run(http, service, workbook([heading, row]), XLSX)
    assert again["counts"] == {"recorded": 1}, await report(http, again)


def test_cells_are_counted_whatever_a_program_leaves_out(tmp_path: Path) -> None:
    """Names of rows and cells are optional in the format; prefixes are allowed."""
    sheet = (
        b'<x:sheetData><x:row><x:c><x:v>1</x:v></x:c><x:c t="e"><x:v>#REF!</x:v></x:c></x:row>'
        b'<x:row r="7"><x:c s="1"/><x:c r="D7" t="e" /><x:c t="e" r="F7"><x:v>1</x:v></x:c></x:row>'
        b'<x:row r="9000"/></x:sheetData>'
    )
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("xl/workbook.xml", '<sheets><sheet name="A" r:id="rId1"/></sheets>')
        packed.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/>',
        )
        packed.writestr("xl/worksheets/sheet1.xml", sheet)
    parts = SheetParts.checked(path)
    (extent,) = parts.extents.values()
    assert (extent.rows, extent.columns) == (7, 6)
    assert parts.error_cells(0) == {1: {1}, 7: {5}}
    assert parts.error_cells(1) == {}
