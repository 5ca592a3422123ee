"""Cutting what a broker sent into record batches (the format: Kafka's documentation, section 5.3).

Only the heads of batches are read here, and the bytes after them uncompressed. A batch that is not
of today's format, or that nobody here can uncompress, is left to aiokafka's own parser.
"""

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import cramjam
from aiokafka.errors import CorruptRecordException  # type: ignore[import-untyped]
from aiokafka.record.util import calc_crc32c  # type: ignore[import-untyped]

from services.analytics.domain.fetched import Area, Fetched
from shared.plumbing.kafka.lenient import LenientRecords

_HEAD: Final = struct.Struct(">qiibIhi")  # base offset, length, epoch, magic, crc, attributes, last
_COUNT: Final = struct.Struct(">i")
_HEAD_BYTES: Final = 61
_BEFORE_LENGTH: Final = 12
_CRC_FROM: Final = 21
_CODEC: Final = 0x07
_CONTROL: Final = 0x20
_NEWEST_MAGIC: Final = 2

Uncompress = Callable[[memoryview], bytes]


def _by(codec: Callable[[memoryview], "cramjam.Buffer"]) -> Uncompress:
    return lambda octets: bytes(codec(octets))


UNCOMPRESS: Final[Mapping[int, Uncompress]] = {
    0: bytes,
    1: _by(cramjam.gzip.decompress),
    3: _by(cramjam.lz4.decompress),
    4: _by(cramjam.zstd.decompress),
}
"""By number of a codec; 2 is snappy in a framing of its own."""


class Read(NamedTuple):
    """A record that was read by itself."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Cut(NamedTuple):
    """A partition's part of an answer; `next` is the offset after its last whole batch."""

    fetched: Fetched
    records: int
    next: int


def cut(topic: str, partition: int, octets: bytes, begin: int) -> Cut:
    """Cut a partition's bytes. Raises CorruptRecordException when a checksum is wrong.

    A batch that was sent in part, at the end, is left out; `records` counts whole batches.
    """
    areas: list[Area] | None = []
    count, end, after = 0, 0, begin
    for batch, base, magic, attributes, last in _batches(octets):
        end += len(batch)
        after = base + last + 1
        if magic != _NEWEST_MAGIC:
            areas = None
        elif not attributes & _CONTROL:
            (n,) = _COUNT.unpack_from(batch, _HEAD_BYTES - 4)
            count += n
            uncompress = UNCOMPRESS.get(attributes & _CODEC)
            if uncompress is None:
                areas = None
            elif areas is not None:
                areas.append(Area(uncompress(batch[_HEAD_BYTES:]), base, n))
    whole = octets[:end]
    fetched = Fetched(areas, lambda: list(_one_by_one(topic, partition, whole)), begin)
    if areas is None:
        records = fetched.records
        return Cut(fetched, len(records), max(after, *(r.offset + 1 for r in records), begin))
    return Cut(fetched, count, max(after, begin))


def _batches(octets: bytes) -> Iterator[tuple[memoryview, int, int, int, int]]:
    """Yield whole batches: bytes, base offset, magic, attributes, last offset's distance."""
    view, at = memoryview(octets), 0
    while at + _HEAD_BYTES <= len(octets):
        base, length, _, magic, crc, attributes, last = _HEAD.unpack_from(octets, at)
        end = at + _BEFORE_LENGTH + length
        if end > len(octets):
            return
        batch = view[at:end]
        if magic == _NEWEST_MAGIC and calc_crc32c(bytes(batch[_CRC_FROM:])) != crc:
            raise CorruptRecordException(f"the checksum of the batch at offset {base} is wrong")
        yield batch, base, magic, attributes, last if magic == _NEWEST_MAGIC else 0
        at = end


def _one_by_one(topic: str, partition: int, octets: bytes) -> Iterator[Read]:
    batches = LenientRecords(octets)
    while (batch := batches.next_batch()) is not None:
        if getattr(batch, "is_control_batch", False):
            continue
        for r in batch:
            yield Read(topic, partition, r.offset, r.key, r.value, r.headers)
