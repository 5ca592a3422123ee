"""Lets aiokafka read records whose header names are not UTF-8.

Its parser raises for such a name, out of the middle of a poll and every time anew: one record that
a C client can write would stop every partition of a consumer for ever. There is no place to
intervene from outside, so the class that cuts a fetched answer into batches is replaced with one
that reads a batch of this kind by itself. A name that is not UTF-8 shows as `\\xff\\xfe`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from aiokafka.consumer import fetcher  # type: ignore[import-untyped]
from aiokafka.record.default_records import (  # type: ignore[import-untyped]
    DefaultRecordBatch,
    _DefaultRecordBatchPy,
)
from aiokafka.record.memory_records import _MemoryRecordsPy  # type: ignore[import-untyped]
from aiokafka.record.util import decode_varint  # type: ignore[import-untyped]


def install() -> None:
    """Have every consumer of this process read leniently. Once or more often is the same."""
    assert hasattr(fetcher, "MemoryRecords"), "aiokafka reads records elsewhere now"
    fetcher.MemoryRecords = LenientRecords


class LenientRecords(_MemoryRecordsPy):  # type: ignore[misc]
    """The batches of one fetched answer."""

    def next_batch(self) -> Any:
        """Return the next batch, None after the last."""
        octets = self._next_slice
        batch = super().next_batch()
        # Older formats have no headers.
        return _Batch(batch, octets) if isinstance(batch, DefaultRecordBatch) else batch


class _Batch:
    """A batch as aiokafka's own parser reads it, or else as ours does."""

    def __init__(self, batch: Any, octets: memoryview) -> None:
        self._batch, self._octets = batch, octets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        record = None
        try:
            for record in self._batch:
                yield record
        except UnicodeDecodeError:
            last = -1 if record is None else record.offset
            yield from (one for one in _lenient(self._octets) if one.offset > last)


class _Record(NamedTuple):
    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    checksum: None = None


def _lenient(octets: memoryview) -> Iterator[_Record]:
    batch = _DefaultRecordBatchPy(octets)
    records = batch._header_data[12]
    batch._maybe_uncompress()
    buffer, at = batch._buffer, batch._pos
    for _ in range(records):
        length, at = decode_varint(buffer, at)
        yield _read(batch, bytearray(buffer[at : at + length]))
        at += length


def _read(batch: Any, octets: bytearray) -> _Record:
    # Attributes, time and offset against those of the batch; key, value; then the headers.
    _, at = decode_varint(octets, 0)
    later, at = decode_varint(octets, at)
    further, at = decode_varint(octets, at)
    key, at = _octets(octets, at)
    value, at = _octets(octets, at)
    count, at = decode_varint(octets, at)
    headers: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        name, at = _octets(octets, at)
        content, at = _octets(octets, at)
        headers.append(((name or b"").decode("utf-8", "backslashreplace"), content))
    appended = batch.timestamp_type == batch.LOG_APPEND_TIME
    timestamp = batch.max_timestamp if appended else batch.first_timestamp + later
    offset = batch.base_offset + further
    return _Record(offset, timestamp, batch.timestamp_type, key, value, headers)


def _octets(octets: bytearray, at: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(octets, at)
    return (None, at) if length < 0 else (bytes(octets[at : at + length]), at + length)
