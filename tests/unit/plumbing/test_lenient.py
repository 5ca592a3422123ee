"""Records are read as aiokafka reads them, and those that it cannot read are read too."""

import pytest
from aiokafka.consumer import fetcher  # type: ignore[import-untyped]
from aiokafka.record.default_records import (  # type: ignore[import-untyped]
    _DefaultRecordBatchBuilderPy,
)
from aiokafka.record.memory_records import MemoryRecords  # type: ignore[import-untyped]

from shared.plumbing.kafka import clients
from shared.plumbing.kafka.lenient import LenientRecords

Headers = list[tuple[str, bytes | None]]
Content = tuple[bytes | None, bytes | None, Headers]


class RawName(str):
    """A header name of any octets: a C client writes such."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe"


def batch(codec: int, *records: Content) -> bytes:
    builder = _DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, -1, 1_000_000)
    for number, (key, value, headers) in enumerate(records):
        builder.append(number, 1_700_000_000_000 + number, key, value, headers)
    return bytes(builder.build())


GOOD: tuple[Content, ...] = (
    (b"k", b"v" * 2000, [("ce_type", b"t"), ("tên", None)]),
    (None, None, []),
    (b"", b"", [("x", b"")]),
)


def seen(records: object) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    while records.has_next():  # type: ignore[attr-defined]
        one = records.next_batch()  # type: ignore[attr-defined]
        assert one.validate_crc()
        found += [(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in one]
    return found


@pytest.mark.parametrize("codec", [0, 1, 2, 3, 4], ids=["plain", "gzip", "snappy", "lz4", "zstd"])
def test_good_records_are_read_the_same(codec: int) -> None:
    octets = batch(codec, *GOOD) + batch(codec, *GOOD)
    assert seen(LenientRecords(octets)) == seen(MemoryRecords(octets))


@pytest.mark.parametrize("codec", [0, 3])
def test_a_header_name_that_is_not_utf_8_hides_neither_its_record_nor_others(codec: int) -> None:
    odd: Content = (b"k", b"w", [("ce_type", b"t"), (RawName("??"), b"x")])
    octets = batch(codec, *GOOD, odd, *GOOD)
    with pytest.raises(UnicodeDecodeError):
        seen(MemoryRecords(octets))
    found = seen(LenientRecords(octets))
    usual = seen(MemoryRecords(batch(codec, *GOOD, GOOD[0], *GOOD)))
    assert found[:3] + found[4:] == usual[:3] + usual[4:]
    expected = (b"k", b"w", [("ce_type", b"t"), ("\\xff\\xfe", b"x")])
    assert found[3] == (*usual[3][:2], *expected)


def test_whoever_makes_a_client_reads_leniently() -> None:
    assert clients
    assert fetcher.MemoryRecords is LenientRecords
