"""What became of rows, as the report keeps it."""

from collections.abc import Iterable, Sequence
from typing import Final

from services.registry.domain import Refusal
from services.registry.handlers.imports.bulk import Done, Reported
from services.registry.handlers.imports.reading import Line
from services.registry.store.imports import RowResult
from services.registry.store.imports_rows import WAITS

DEPENDS: Final = "depends_on_earlier_row"
_UNKNOWN_PARENT: Final = "unknown_parent"
_BROKEN: Final = Refusal(
    "internal",
    "Hệ thống gặp lỗi khi xử lý dòng này; các dòng khác không bị ảnh hưởng.",
    "Something went wrong here with this row; the others are not touched",
)


def facts_in(lines: Iterable[Line]) -> list[Reported]:
    """Return the facts of the lines that say one, in their order."""
    found = (line.read.first or line.read.reported for line in lines)
    return [fact for fact in found if fact is not None]


def results(
    lines: Sequence[Line],
    outcomes: Sequence[Done],
    waits: Iterable[str] | None = None,
    *,
    broken: bool = False,
) -> list[RowResult]:
    """Return what became of each line; `outcomes` are those of `facts_in`.

    A unit whose parent is not known waits for the end of the file, and so does every later row of
    its code that is refused; `waits` are the codes that wait from before, None: nothing waits any
    more. `broken`: all of them failed by a mistake of ours.
    """
    found, rows = iter(outcomes), []
    waiting = set(waits or ())
    for line in lines:
        read = line.read
        if broken:
            rows.append(_refused(line, _BROKEN))
            continue
        if read.refusal is not None:
            rows.append(_refused(line, read.refusal))
            continue
        done = next(found)
        if done.refusal is None:
            result = "repeated" if done.repeated else "recorded"
            rows.append(RowResult(line.row, read.code, result, done.sequence, read.reference))
        elif waits is not None and (done.refusal.code == _UNKNOWN_PARENT or read.code in waiting):
            waiting.add(read.code)
            rows.append(_refused(line, done.refusal, WAITS))
        else:
            rows.append(_refused(line, done.refusal))
    return rows


def depends(code: str) -> Done:
    """Return that a dry run cannot judge a row."""
    return Done(
        None,
        refusal=Refusal(
            DEPENDS,
            f"{code}: chạy thử không xét được vì dựa trên một dòng khác trong tệp.",
            f"{code}: a dry run cannot judge it, it builds on another row of the file",
        ),
    )


def _refused(line: Line, refusal: Refusal, result: str | None = None) -> RowResult:
    vi, en = _storable(refusal.vi), _storable(refusal.en)
    code = _storable(line.read.code) or None
    cells = _storable_cells(line.cells)
    reference = line.read.reference
    return RowResult(line.row, code, result or refusal.code, None, reference, vi, en, cells)


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _storable_cells(cells: object) -> object:
    if isinstance(cells, str):
        return _storable(cells)
    if isinstance(cells, list):
        return [_storable_cells(cell) for cell in cells]
    if isinstance(cells, dict):
        return {_storable(str(name)): _storable_cells(value) for name, value in cells.items()}
    return cells
