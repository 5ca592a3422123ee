"""Ledger lines as columns: what the fold adds up and what is written, without a row in between."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]
EPOCH: Final = date(1970, 1, 1).toordinal()
MICROS: Final = 1_000_000


class Line(NamedTuple):
    """One ledger line: an entry asserted (sign 1) or retracted (sign -1).

    `before_key`/`after_key` are `measured` keys (0: no state), amounts are VND (0 where null).
    """

    sign: int
    number: int
    fact: int
    detail: int
    on: date
    before_key: int
    before_vnd: int
    after_key: int
    after_vnd: int


@dataclass(frozen=True)
class Entries:
    """Lines of the entities' ledger as columns; `day` counts from 1970-01-01, amounts are VND."""

    sign: Column
    number: Column
    fact: Column
    detail: Column
    day: Column
    before_key: Column
    before_vnd: Column
    after_key: Column
    after_vnd: Column

    def __len__(self) -> int:
        return len(self.sign)

    def halves(self) -> tuple["Entries", "Entries"]:
        """Return the two halves."""
        at = len(self) // 2
        names = [field.name for field in fields(Entries)]
        return (
            Entries(*(getattr(self, name)[:at] for name in names)),
            Entries(*(getattr(self, name)[at:] for name in names)),
        )


@dataclass(frozen=True)
class Placed:
    """Where each line was found: one column a property of the record, `micros` since 1970."""

    src: Column
    offset: Column
    position: Column
    micros: Column
    sequence: Column
    backfill: Column
    subject: NDArray[np.bytes_]


def entries_of(lines: Sequence[Line]) -> Entries:
    """Lay lines out as columns."""
    if not lines:
        return Entries(*(np.zeros(0, dtype=np.int64) for _ in fields(Entries)))
    sign, number, fact, detail, days, *rest = zip(*lines, strict=True)
    day = np.array([d.toordinal() for d in days], dtype=np.int64) - EPOCH
    head = [np.array(c, dtype=np.int64) for c in (sign, number, fact, detail)]
    return Entries(*[*head, day, *(np.array(c, dtype=np.int64) for c in rest)])


def joined(parts: Sequence[Entries]) -> Entries:
    """Return entries one after another."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return entries_of([])
    names = [field.name for field in fields(Entries)]
    return Entries(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def names_of(subjects: Sequence[bytes]) -> NDArray[np.bytes_]:
    """Return codes as a column; the longest has 14 letters."""
    return np.array(subjects, dtype="S14")


def micros_of(moment: datetime) -> int:
    """Return microseconds since 1970 of an aware moment."""
    return round(moment.timestamp() * MICROS)
