"""Reading the other side's list of codes: lines of JSON, or CSV, piece by piece."""

import csv
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, get_args

import msgspec

from services.registry.domain.refusals import STATUS_VI
from services.registry.handlers.reconcile import Theirs
from shared.contracts.values import MAX_CAPITAL_VND, SUBJECT_PATTERN, EntityStatus
from shared.plumbing.errors import Problem

_SLICE: Final = 5_000
_LONGEST_LINE: Final = 64 * 1024
_STATUSES: Final[Mapping[str, str]] = {
    **{status: status for status in get_args(EntityStatus)},
    **{vi: status for status, vi in STATUS_VI.items()},
}
_COLUMNS: Final[Mapping[str, str]] = {
    # The headings of our own export are understood.
    "code": "code",
    "mã số": "code",
    "status": "status",
    "tình trạng": "status",
    "capital_vnd": "capital_vnd",
    "vốn đăng ký (đồng)": "capital_vnd",
}
_CODE: Final = re.compile(SUBJECT_PATTERN.strip("^$"))
_Line = Callable[[str, int], Theirs | None]


class Listed(msgspec.Struct, forbid_unknown_fields=True):
    """One line of JSON."""

    code: str
    status: str | None = None
    capital_vnd: int | None = None


_listed: Final = msgspec.json.Decoder(Listed)


async def read_list(octets: AsyncIterator[bytes], *, as_csv: bool) -> AsyncIterator[list[Theirs]]:
    """Yield the rows of a list, in slices. Raises Problem 422 `invalid_row` with the line."""
    read: _Line = _CsvLines() if as_csv else _json_line
    rows: list[Theirs] = []
    async for number, line in _lines(octets):
        row = read(line, number)
        if row is not None:
            rows.append(row)
        if len(rows) == _SLICE:
            yield rows
            rows = []
    yield rows


async def _lines(octets: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, str]]:
    rest, number = b"", 0
    async for some in octets:
        *whole, rest = (rest + some).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            raise invalid_row(number + 1, "dòng quá dài", "the line is too long")
        for line in whole:
            number += 1
            yield number, _text(line, number)
    if rest:
        yield number + 1, _text(rest, number + 1)


def _text(line: bytes, number: int) -> str:
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r")
    except UnicodeDecodeError as error:
        raise invalid_row(number, "không phải UTF-8", "not UTF-8") from error
    if "\x00" in text:
        raise invalid_row(number, "có ký tự NUL", "holds NUL")
    return text


def _json_line(line: str, number: int) -> Theirs | None:
    if not line.strip():
        return None
    try:
        listed = _listed.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise invalid_row(number, "không đọc được JSON", "not a line of JSON as asked") from error
    return checked(listed.code, listed.status, listed.capital_vnd, number)


class _CsvLines:
    """Reads lines behind the headings; comma or semicolon, as the first line has it."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._delimiter = ","

    def __call__(self, line: str, number: int) -> Theirs | None:
        if not line.strip():
            return None
        if not self._places:
            self._delimiter = ";" if line.count(";") > line.count(",") else ","
            cells = self._cells(line, number)
            self._places = {
                _COLUMNS[cell.strip().lower()]: place
                for place, cell in enumerate(cells)
                if cell.strip().lower() in _COLUMNS
            }
            if "code" not in self._places:
                raise invalid_row(number, "thiếu cột “Mã số”", "there is no column 'code'")
            return None
        cells = self._cells(line, number)
        code, status, capital = (
            cells[self._places[name]].strip()
            if name in self._places and self._places[name] < len(cells)
            else ""
            for name in ("code", "status", "capital_vnd")
        )
        if capital and not re.fullmatch("[0-9]{1,16}", capital):
            raise invalid_row(number, f"vốn “{capital}”", f"capital '{capital}'")
        return checked(code, status or None, int(capital) if capital else None, number)

    def _cells(self, line: str, number: int) -> list[str]:
        try:
            return next(csv.reader([line], delimiter=self._delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            raise invalid_row(number, "không đọc được CSV", "not a line of CSV") from error


def checked(code: str, status: str | None, capital: int | None, number: int) -> Theirs:
    """Return a row of a list. Raises Problem 422 `invalid_row`."""
    if not _CODE.fullmatch(code):
        raise invalid_row(number, f"mã số “{code[:40]}”", f"code '{code[:40]}'")
    known = None if status is None else _STATUSES.get(status)
    if status is not None and known is None:
        raise invalid_row(number, f"tình trạng “{status[:80]}”", f"status '{status[:80]}'")
    if capital is not None and not 0 <= capital <= MAX_CAPITAL_VND:
        raise invalid_row(number, f"vốn {capital}", f"capital {capital}")
    return Theirs(code, known, capital)


def invalid_row(number: int, vi: str, en: str) -> Problem:
    """Return the refusal of a list for one of its rows."""
    return Problem(
        "invalid_row",
        422,
        title_vi="Danh sách có dòng không hợp lệ",
        title_en="The list has an invalid row",
        detail_vi=f"Dòng {number}: {vi}.",
        detail_en=f"Row {number}: {en}.",
        facts={"row": number},
    )
