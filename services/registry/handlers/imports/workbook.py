"""What must be known of a workbook before it is loaded: how large it is, which cells are errors.

The reader takes a sheet into memory whole, as a rectangle up to its farthest cell.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from services.registry.domain import Refusal

MOST_UNPACKED: Final = 128 * 1024 * 1024
"""Octets of all parts of a workbook: about 300,000 rows of eight columns."""
MOST_CELLS: Final = 5_000_000
"""Cells of a sheet's rectangle, the empty ones counted; each takes about 32 octets."""
_PIECE: Final = 1024 * 1024
_SHEET: Final = re.compile(r"xl/worksheets/[^/]+\.xml")
_CELL: Final = re.compile(rb"<(?:\w+:)?c(?:\s[^>]*[^/>])?\s*>")
_ROW: Final = re.compile(rb"<(?:\w+:)?row(?:\s[^>]*)?>")
_TAGS: Final = re.compile(_CELL.pattern + b"|" + _ROW.pattern)
_ROW_NUMBER: Final = re.compile(rb'\br="([0-9]{1,7})"')
_PLACE: Final = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_ERROR: Final = re.compile(rb'\bt="e"')


@dataclass
class _Extent:
    """What lies in one sheet."""

    rows: int = 0
    columns: int = 0
    errors: dict[int, set[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class SheetParts:
    """The sheets of a workbook that is small enough. `names` are its parts in order."""

    names: tuple[str, ...]
    extents: dict[str, _Extent]

    @classmethod
    def checked(cls, path: Path) -> Self:
        """Look through a workbook, a piece in memory at a time.

        Raises Refusal `workbook_too_large`; zipfile.BadZipFile, zlib.error or KeyError for what is
        no workbook.
        """
        with zipfile.ZipFile(path) as packed:
            infos = packed.infolist()
            if sum(info.file_size for info in infos) > MOST_UNPACKED:
                raise _too_large()
            extents: dict[str, _Extent] = {}
            for info in infos:
                if _SHEET.fullmatch(info.filename):
                    extents[info.filename] = found = _look_through(packed, info.filename)
                    if found.rows * found.columns > MOST_CELLS:
                        raise _too_large()
            return cls(tuple(_parts(packed)), extents)

    def error_cells(self, place: int) -> dict[int, set[int]]:
        """Return {row: columns} of cells that hold an error; the reader gives them as empty.

        `place` is that of the sheet in the workbook; rows count from 1, columns from 0.
        """
        name = self.names[place] if place < len(self.names) else ""
        return self.extents[name].errors if name in self.extents else {}


def _look_through(packed: zipfile.ZipFile, name: str) -> _Extent:
    found, row, column = _Extent(), 0, 0
    for tag in _tags(packed, name):
        if _ROW.match(tag):
            number = _ROW_NUMBER.search(tag)
            row, column = int(number[1]) if number else row + 1, 0
            continue
        # A cell without a name follows the one before it.
        column += 1
        if place := _PLACE.search(tag):
            row, column = int(place[2]), _number(place[1])
        found.rows, found.columns = max(found.rows, row), max(found.columns, column)
        if _ERROR.search(tag):
            found.errors.setdefault(row, set()).add(column - 1)
    return found


def _tags(packed: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Yield the tags of rows, and of cells that hold something."""
    rest = b""
    with packed.open(name) as unpacked:
        while piece := unpacked.read(_PIECE):
            rest += piece
            # A tag may be cut at the end of a piece.
            whole = rest.rfind(b">") + 1
            yield from _TAGS.findall(rest[:whole])
            rest = rest[whole:]
            if len(rest) > _PIECE:
                raise zipfile.BadZipFile(f"{name} is no XML")


def _parts(packed: zipfile.ZipFile) -> Iterator[str]:
    """Yield the parts of the sheets in the order of the workbook, '' for an unknown one."""
    book = packed.read("xl/workbook.xml")
    links = re.findall(
        rb"<(?:\w+:)?Relationship\b[^>]*>", packed.read("xl/_rels/workbook.xml.rels")
    )
    for sheet in re.findall(rb'<(?:\w+:)?sheet\b[^>]*\b\w+:id="([^"]+)"', book):
        targets = (
            re.search(rb'\bTarget="([^"]+)"', link) for link in links if b'Id="%b"' % sheet in link
        )
        name = next((target[1].decode() for target in targets if target), "")
        yield name.lstrip("/") if name.startswith("/") else f"xl/{name}"


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _too_large() -> Refusal:
    return Refusal(
        "workbook_too_large",
        "Bảng tính quá lớn (khoảng 300.000 dòng, hoặc có ô ở rất xa); hãy lưu thành CSV rồi gửi.",
        "The workbook is too large (about 300,000 rows, or a cell lies far out): save it as CSV",
    )
