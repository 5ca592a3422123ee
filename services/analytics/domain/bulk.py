"""Reading ordinary records all at once, as columns.

Nearly all records are ordinary: sound headers, the next position or a repeat, one entry asserted.
`scan` reads those straight from the bytes; here their places in the chain are judged by columns.
Whatever is not ordinary, anything at all, is read one by one (`batch`), which decides; so this file
may only ever accept what that accepts (a test holds the two against each other).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.analytics.domain.columns import Entries, Placed
from services.analytics.domain.fetched import Fetched

Numbers = NDArray[np.int64]
ORDINARY_FROM: Final = 200
"""Records that it takes for machine code to be worth while: below, loading it costs more."""


# The rows of a scan that are needed without its module.
_OK, _OFFSET, _POSITION, _PREVIOUS = range(4)


class Run(NamedTuple):
    """A run that was read: its columns, the new mark, how many were repeats, the newest moment."""

    entries: Entries
    placed: Placed
    mark: int
    before: int
    repeated: int
    newest_micros: int


class Stretch(NamedTuple):
    """Neighbouring records, from the `start`th to before the `stop`th."""

    start: int
    stop: int
    ordinary: bool


@cache
def _machine() -> tuple[Any, tuple[Any, ...]]:
    # Imported here: whoever reads a few records at a time never needs the compiler.
    from services.analytics.domain import scan  # noqa: PLC0415
    from services.analytics.domain.vocabulary import vocabulary  # noqa: PLC0415

    rows = (scan.OK, scan.OFFSET, scan.POSITION, scan.PREVIOUS)
    assert rows == (_OK, _OFFSET, _POSITION, _PREVIOUS), "scan numbers its rows otherwise now"
    return scan, vocabulary()


def load() -> None:
    """Load the machine code; the first time on a machine it is compiled, which takes seconds."""
    _machine()


@dataclass(frozen=True)
class Scanned:
    """The records of a partition that were looked at: a row a number, a column a record."""

    src: int
    rows: Numbers
    subjects: NDArray[np.bytes_]

    def __len__(self) -> int:
        return int(self.rows.shape[1])

    def stretches(self, one_by_one: Numbers | None = None) -> Iterator[Stretch]:
        """Yield the neighbours that are ordinary, and those that are not or are named by offset."""
        ordinary = self.rows[_OK] == 1
        if one_by_one is not None:
            ordinary &= ~np.isin(self.rows[_OFFSET], one_by_one)
        cuts = np.flatnonzero(np.diff(ordinary)) + 1
        for start, stop in zip([0, *cuts.tolist()], [*cuts.tolist(), len(self)], strict=True):
            if stop > start:
                yield Stretch(start, stop, bool(ordinary[start]))

    def end_of(self, stop: int) -> int:
        """Return the offset after the record before the `stop`th."""
        return int(self.rows[_OFFSET, stop - 1]) + 1

    def run(self, start: int, stop: int, mark: int, before_mark: int) -> Run | None:
        """Return ordinary records as a run after a mark; None when their places are not."""
        rows, subjects = self.rows[:, start:stop], self.subjects[start:stop]
        positions = rows[_POSITION]
        before = np.maximum.accumulate(np.concatenate(([mark], positions)))[:-1]
        fresh = positions > before
        repeated = int(len(fresh) - fresh.sum())
        if repeated:
            again = positions[~fresh]
            seen = np.isin(again, positions[fresh]) | (again == mark) | (again <= before_mark)
            if not seen.all():
                return None
            rows, subjects, before = rows[:, fresh], subjects[fresh], before[fresh]
        if not rows.shape[1] or (rows[_PREVIOUS] != before).any():
            return None
        return self._made(rows, subjects, repeated)

    def _made(self, rows: Numbers, subjects: NDArray[np.bytes_], repeated: int) -> Run:
        ok, offset, position, previous, micros, sequence, backfill, number, *rest = rows
        fact, detail, day, before_key, before_vnd, after_key, after_vnd = rest
        entries = Entries(
            ok, number, fact, detail, day, before_key, before_vnd, after_key, after_vnd
        )
        src = np.full(len(ok), self.src, dtype=np.int64)
        placed = Placed(src, offset, position, micros, sequence, backfill, subjects)
        return Run(entries, placed, int(position[-1]), int(previous[-1]), repeated, int(micros[-1]))


def look(src: int, fetched: Fetched) -> Scanned | None:
    """Look at a partition's bytes; None when they can only be read one by one.

    Holds the interpreter's lock hardly at all, so it can be done beside other work.
    """
    areas = fetched.areas
    if areas is None or fetched.records_at_most < ORDINARY_FROM:
        return None
    scan, words = _machine()
    counts = np.array([area.records for area in areas], dtype=np.int64)
    ends = np.cumsum([len(area.octets) for area in areas], dtype=np.int64)
    starts = np.concatenate((np.zeros(1, dtype=np.int64), ends[:-1]))
    bases = np.array([area.base for area in areas], dtype=np.int64)
    octets = np.frombuffer(b"".join(area.octets for area in areas), dtype=np.uint8)
    rows = np.zeros((scan.ROWS, int(counts.sum())), dtype=np.int64)
    names = np.zeros((rows.shape[1], scan.SUBJECT_BYTES), dtype=np.uint8)
    n = scan.scan(
        *(octets, starts, ends, counts, bases, fetched.begin, fetched.limit),
        *words,
        *(rows, names),
    )
    if n < 0:
        return None
    return Scanned(src, rows[:, :n], names.view(f"S{scan.SUBJECT_BYTES}")[:n, 0])
