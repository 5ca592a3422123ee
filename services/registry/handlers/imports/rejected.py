"""Refused rows, written in the format of their file with the code and the reason beside them."""

import csv
import io
import tempfile
import unicodedata
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Final

import orjson
import xlsxwriter  # type: ignore[import-untyped]

from services.registry.domain.sheets.headings import REASON_HEADINGS
from services.registry.store.imports import Import, RowResult

_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
_TONES: Final = frozenset("\u0300\u0301\u0303\u0309\u0323")
_BLOCK: Final = 64 * 1024
_SHEET_ROWS: Final = 1_048_575


async def as_ndjson(rows: AsyncIterator[RowResult]) -> AsyncIterator[bytes]:
    """Yield each refused line with `_code` and `_reason`; an upload ignores both."""
    async for row in rows:
        body = row.cells if isinstance(row.cells, dict) else {"_line": row.cells}
        yield orjson.dumps({**body, "_code": row.result, "_reason": row.vi}) + b"\n"


async def as_csv(one: Import, rows: AsyncIterator[RowResult]) -> AsyncIterator[bytes]:
    """Yield a CSV in the encoding and with the delimiter of the file."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=one.delimiter or ",", lineterminator="\r\n")
    headings = one.headings or []
    encoding = one.encoding or "utf-8-sig"
    if encoding != "cp1258":
        # The mark lets Excel read UTF-8.
        buffer.write("\ufeff")
    writer.writerow([*map(neutral, headings), *REASON_HEADINGS])
    async for row in rows:
        writer.writerow(
            [*(neutral(c) for c in _padded(row.cells, len(headings))), row.result, row.vi]
        )
        if buffer.tell() > _BLOCK:
            yield encode(buffer.getvalue(), encoding)
            buffer.seek(0)
            buffer.truncate()
    yield encode(buffer.getvalue(), encoding)


async def as_workbook(one: Import, rows: AsyncIterator[RowResult]) -> AsyncIterator[bytes]:
    """Yield a workbook; it is written row by row into a file that goes away afterwards."""
    with tempfile.TemporaryDirectory(prefix="caunoi-rejected-") as folder:
        path = Path(folder) / "rejected.xlsx"
        # Strings stay strings: no cell of a sender becomes a formula or a link.
        book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "tmpdir": folder,
            },
        )
        sheet = book.add_worksheet()
        headings = one.headings or []
        _write(sheet, 0, [*headings, *REASON_HEADINGS])
        number = 0
        async for row in rows:
            number += 1
            if number > _SHEET_ROWS:
                break
            _write(sheet, number, [*_padded(row.cells, len(headings)), row.result, row.vi])
        book.close()
        with path.open("rb") as file:
            while piece := file.read(_BLOCK):
                yield piece


def _write(sheet: Any, number: int, cells: Iterable[Any]) -> None:
    for place, cell in enumerate(cells):
        if isinstance(cell, bool) or not isinstance(cell, (int, float)):
            sheet.write_string(number, place, neutral(cell))
        else:
            sheet.write_number(number, place, cell)


def neutral(cell: object) -> str:
    """Return a cell's text so that a spreadsheet program takes it for text, never for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def _padded(cells: object, width: int) -> list[Any]:
    found = list(cells) if isinstance(cells, list) else [cells]
    return found + [""] * (width - len(found))


def encode(text: str, encoding: str) -> bytes:
    """Return a text as octets; for Windows-1258 tones become signs of their own."""
    if encoding == "utf-16":
        return text.encode("utf-16-le")
    if encoding != "cp1258":
        return text.encode()
    return "".join(map(_parted, text)).encode("cp1258", "replace")


def _parted(letter: str) -> str:
    try:
        letter.encode("cp1258")
    except UnicodeEncodeError:
        signs = unicodedata.normalize("NFD", letter)
        base = "".join(s for s in signs if s not in _TONES)
        return unicodedata.normalize("NFC", base) + "".join(s for s in signs if s in _TONES)
    return letter
