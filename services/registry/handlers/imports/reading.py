"""An imported file as lines, one after another: CSV, XLSX, NDJSON. Blocks: run it in a thread."""

import csv
import io
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

import msgspec
import orjson
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from services.registry.domain import Refusal
from services.registry.domain.sheets import Columns, Options, Read, RowReader, find_columns
from services.registry.handlers.imports.workbook import SheetParts

_HEAD_ROWS: Final = 30
_MOST_LINE: Final = 1024 * 1024
_DELIMITERS: Final = (";", "\t", ",")


class Line(msgspec.Struct, frozen=True):
    """One line: its number in the file, what was read, and its cells for those who get it back."""

    row: int
    read: Read
    cells: Any


@dataclass
class Layout:
    """How a file is laid out; filled while it is opened."""

    headings: list[str] | None = None
    delimiter: str | None = None
    ignored: list[str] = field(default_factory=list)


class Reading:
    """A file that is read once, from its beginning.

    Opening and `take` raise Refusal when the file as a whole cannot be read.
    """

    def __init__(
        self,
        path: Path,
        *,
        file_format: str,
        encoding: str | None,
        options: Options,
        communes: Mapping[str, str],
    ) -> None:
        self.layout = Layout()
        self._file = path.open("rb")
        self._reader = RowReader(options, communes)
        self._columns: Columns | None = None
        try:
            if file_format == "csv":
                self._lines = self._csv(encoding or "utf-8")
            elif file_format == "xlsx":
                self._lines = self._workbook(path)
            else:
                self._lines = self._ndjson()
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    @property
    def octets(self) -> int:
        """How much of the file was taken, about."""
        return self._file.tell()

    def skip(self, row: int) -> None:
        """Read on until the line after `row` comes next."""
        if row:
            ahead = (line for line in self._lines if line.row > row)
            self._lines = ahead

    def take(self, most: int) -> list[Line]:
        """The next lines, at most so many; none at the end."""
        try:
            return list(islice(self._lines, most))
        except UnicodeDecodeError as error:
            raise _unreadable_text() from error
        except csv.Error as error:
            raise Refusal(
                "malformed_csv",
                "Tệp CSV hỏng: có dấu nháy chưa đóng hoặc ô quá dài.",
                f"The CSV is broken: {error}",
            ) from error

    def again(self, cells: Any) -> Read:
        """Read the cells of a line once more, as they were kept."""
        if self._columns is None:
            return self._reader.object(cells)
        return self._reader.cells(self._columns, cells)

    # CSV

    def _csv(self, encoding: str) -> Iterator[Line]:
        # Kept: it closes the file when nobody knows it any more.
        self._text = text = io.TextIOWrapper(self._file, encoding=encoding, newline="")
        try:
            head = "".join(islice(_limited(text), _HEAD_ROWS))
        except UnicodeDecodeError as error:
            raise _unreadable_text() from error
        delimiter, columns, place = _lay_out(head)
        headings = next(islice(csv.reader(io.StringIO(head, ""), delimiter=delimiter), place, None))
        self.layout = Layout(
            [h.strip("\ufeff") for h in headings], delimiter, list(columns.ignored)
        )
        self._columns = columns
        text.seek(0)
        lines: Iterable[str] = _limited(text)
        if encoding == "cp1258":
            # Its tones are signs of their own.
            lines = (unicodedata.normalize("NFC", line) for line in lines)
        return self._records(csv.reader(lines, delimiter=delimiter), columns, place)

    def _records(self, rows: Any, columns: Columns, place: int) -> Iterator[Line]:
        for number, cells in enumerate(rows):
            if number > place and any(cells):
                yield Line(rows.line_num, self._reader.cells(columns, cells), cells)

    # NDJSON

    def _ndjson(self) -> Iterator[Line]:
        number = 0
        while octets := self._file.readline(_MOST_LINE + 1):
            number += 1
            if len(octets) > _MOST_LINE:
                raise _line_too_long()
            octets = octets.removeprefix(b"\xef\xbb\xbf").strip()
            if not octets:
                continue
            try:
                body = orjson.loads(octets)
            except orjson.JSONDecodeError:
                refusal = Refusal(
                    "malformed_json", "Dòng không phải JSON hợp lệ.", "The line is not valid JSON"
                )
                text = octets.decode("utf-8", "replace")
                yield Line(number, Read("", None, refusal), text)
            else:
                yield Line(number, self._reader.object(body), body)

    # XLSX

    def _workbook(self, path: Path) -> Iterator[Line]:
        try:
            parts = SheetParts.checked(path)
            book = CalamineWorkbook.from_path(path)
            name, sheet, columns, place = _find_sheet(book)
            errors = parts.error_cells(book.sheet_names.index(name))
        except (CalamineError, zipfile.BadZipFile, zlib.error, KeyError, ValueError) as error:
            raise Refusal(
                "malformed_workbook", "Không đọc được bảng tính.", "The workbook cannot be read"
            ) from error
        heading = next(islice(sheet.iter_rows(), place, None))
        others = [f"{other}!" for other in book.sheet_names if other != name]
        headings = [str(cell) for cell in heading]
        self.layout = Layout(headings, None, [*columns.ignored, *others])
        self._columns = columns
        return self._rows(sheet, columns, place, errors)

    def _rows(
        self, sheet: CalamineSheet, columns: Columns, place: int, errors: Mapping[int, set[int]]
    ) -> Iterator[Line]:
        used = set(columns.places.values())
        for number, cells in enumerate(sheet.iter_rows()):
            if number <= place or not any(cell != "" for cell in cells):
                continue
            row = number + 1
            if errors.get(row, set()) & used:
                refusal = Refusal(
                    "cell_error",
                    "Dòng có ô lỗi công thức (#REF!, #N/A, ...).",
                    "The row has a cell with a formula's error (#REF!, #N/A, ...)",
                )
                yield Line(row, Read("", None, refusal), _storable(cells))
            else:
                yield Line(row, self._reader.cells(columns, cells), _storable(cells))


def _storable(cells: Sequence[Any]) -> list[Any]:
    # Dates as an officer writes them; the rest is JSON already.
    return [
        cell if isinstance(cell, (str, int, float, bool)) else _date_text(cell) for cell in cells
    ]


def _date_text(cell: Any) -> str:
    return f"{cell:%d/%m/%Y}" if hasattr(cell, "year") else str(cell)


def _limited(text: TextIO) -> Iterator[str]:
    """Yield lines; a file without line ends must not be taken into memory whole."""
    while line := text.readline(_MOST_LINE + 1):
        if len(line) > _MOST_LINE:
            raise _line_too_long()
        yield line


def _lay_out(head: str) -> tuple[str, Columns, int]:
    """Find delimiter and headings in the first lines: the reading that knows the most columns."""
    best: tuple[str, Columns, int] | None = None
    for delimiter in _DELIMITERS:
        rows = csv.reader(io.StringIO(head.removeprefix("\ufeff"), ""), delimiter=delimiter)
        found = _find_headings(rows)
        if found and (best is None or len(found[0].places) > len(best[1].places)):
            best = (delimiter, *found)
    if best is None:
        raise _no_headings()
    return best


def _find_headings(rows: Iterable[Sequence[Any]]) -> tuple[Columns, int] | None:
    # With another delimiter a CSV can look broken.
    with suppress(csv.Error):
        for place, cells in enumerate(islice(rows, _HEAD_ROWS)):
            columns = find_columns(cells)
            if columns is not None:
                return columns, place
    return None


def _find_sheet(book: CalamineWorkbook) -> tuple[str, CalamineSheet, Columns, int]:
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        found = _find_headings(sheet.iter_rows())
        if found is not None:
            return name, sheet, *found
    raise _no_headings()


def _no_headings() -> Refusal:
    return Refusal(
        "unknown_headings",
        "Không tìm thấy dòng tiêu đề có cột “Mã số doanh nghiệp” (hoặc code).",
        "No line of headings with a column 'code' (or 'Mã số doanh nghiệp') was found",
    )


def _unreadable_text() -> Refusal:
    return Refusal(
        "unknown_encoding",
        "Tệp không phải UTF-8 cũng không phải Windows-1258.",
        "The file is neither UTF-8 nor Windows-1258",
    )


def _line_too_long() -> Refusal:
    return Refusal("line_too_long", "Có dòng dài quá 1 MiB.", "There is a line of more than 1 MiB")
