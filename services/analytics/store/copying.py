"""COPY of the entities' ledger in Postgres's binary format, made column by column.

A client that encodes each value of each row would spend more on this table than on reading the
events. All columns but the subject are of fixed width, so a batch is a numpy record array per
length of subject, and its bytes are what COPY takes (PostgreSQL manual, COPY, "Binary Format").
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any, Final

import numpy as np

from services.analytics.domain.columns import EPOCH, Entries, Placed

_TYPES: Final = {
    "src": ">i2", "offset": ">i8", "position": ">i8", "recorded_at": ">i8", "sequence": ">i4",
    "backfill": ">i1", "sign": ">i2", "number": ">i4", "fact": ">i2", "detail": ">i2",
    "on_date": ">i4", "before_key": ">i8", "before_vnd": ">i8", "after_key": ">i8",
    "after_vnd": ">i8",
}  # fmt: skip
COLUMNS: Final = (*_TYPES, "subject")
_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER: Final = b"\xff\xff"
# Postgres counts days and microseconds from 2000-01-01.
_EPOCH_DAYS: Final = date(2000, 1, 1).toordinal() - EPOCH
_EPOCH_MICROS: Final = 946_684_800_000_000


def entity_copy(
    parts: Sequence[tuple[Entries, Placed]],
) -> tuple[AsyncIterator[bytes], int]:
    """Return ledger lines as a binary COPY, and how many there are."""
    made = [_part(entries, placed) for entries, placed in parts]
    lines = sum(len(entries) for entries, _ in parts)
    return _octets([_HEADER, *made, _TRAILER]), lines


async def _octets(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    # From a file object the driver makes a class of each call, a cycle that holds all the octets
    # until the collector comes by.
    for part in parts:
        yield part


def _part(entries: Entries, placed: Placed) -> bytes:
    columns = {
        "src": placed.src,
        "offset": placed.offset,
        "position": placed.position,
        "recorded_at": placed.micros - _EPOCH_MICROS,
        "sequence": placed.sequence,
        "backfill": placed.backfill,
        "sign": entries.sign,
        "number": entries.number,
        "fact": entries.fact,
        "detail": entries.detail,
        "on_date": entries.day - _EPOCH_DAYS,
        "before_key": entries.before_key,
        "before_vnd": entries.before_vnd,
        "after_key": entries.after_key,
        "after_vnd": entries.after_vnd,
    }
    subjects = placed.subject
    lengths = np.char.str_len(subjects)
    made = []
    for length in np.unique(lengths).tolist():
        mine = lengths == length
        made.append(_encode({k: v[mine] for k, v in columns.items()}, subjects[mine], length))
    return b"".join(made)


def _encode(columns: dict[str, Any], subjects: Any, length: int) -> bytes:
    """Encode rows whose subjects have one length: number of fields, then size and value."""
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in (*_TYPES.items(), ("subject", f"S{length}")):
        fields += [(f"{name} size", ">i4"), (name, kind)]
    table = np.zeros(len(subjects), dtype=fields)
    table["fields"] = len(COLUMNS)
    for name in COLUMNS:
        table[f"{name} size"] = table.dtype[name].itemsize
        table[name] = subjects if name == "subject" else columns[name]
    return table.tobytes()
