"""What a broker sends is cut into batches: of each codec, in part, damaged."""

import random

import pytest
from aiokafka.errors import CorruptRecordException  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.consumer.cutting import cut
from services.analytics.domain.bulk import look
from services.analytics.domain.fetched import Area, Fetched
from tests.support.raw import Given, octets_of
from tests.unit.analytics.test_bulk import ordinary

TOPIC = "caunoi.registry.events.v1"


def given_records() -> list[Given]:
    return ordinary()[1]


@pytest.mark.parametrize("codec", [0, 1, 2, 3, 4], ids=["none", "gzip", "snappy", "lz4", "zstd"])
def test_a_batch_of_any_codec_is_read(codec: int) -> None:
    records = given_records()
    found = cut(TOPIC, 0, octets_of(records, codec), 0)
    assert (found.records, found.next) == (4, 4)
    assert [(r.offset, r.key, r.value) for r in found.fetched.records] == [
        (r.offset, r.key, r.value) for r in records
    ]
    # Snappy has a framing of its own and is left to the parser that knows it.
    assert (found.fetched.areas is None) == (codec == 2)


def test_a_batch_that_was_sent_in_part_is_left_for_the_next_answer() -> None:
    octets = octets_of(given_records())
    for end in (0, 1, 60, 61, len(octets) - 1):
        found = cut(TOPIC, 0, octets[:end], 0)
        assert (found.records, found.next) == (0, 0)
    found = cut(TOPIC, 0, octets + octets[:-1], 0)
    assert (found.records, found.next) == (4, 4)


def test_a_batch_whose_checksum_is_wrong_is_refused() -> None:
    octets = bytearray(octets_of(given_records(), 0))
    octets[-20] ^= 1
    with pytest.raises(CorruptRecordException):
        cut(TOPIC, 0, bytes(octets), 0)


def test_only_what_was_asked_for_counts() -> None:
    fetched = cut(TOPIC, 0, octets_of(given_records()), 0).fetched
    assert [r.offset for r in fetched.part(1, 3).records] == [1, 2]
    assert [r.offset for r in fetched.part(1).part(0, 2).records] == [1]
    assert (fetched.first_offset, fetched.part(2).first_offset) == (0, 2)


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_damaged_bytes_are_never_read_beyond_their_end(seed: int, wounds: int) -> None:
    """The lengths inside a batch are a producer's word: any may be wrong, none may be believed."""
    fetched = cut(TOPIC, 0, octets_of(given_records(), 0), 0).fetched
    assert fetched.areas is not None
    dice = random.Random(seed)
    octets = bytearray(fetched.areas[0].octets)
    for _ in range(wounds):
        octets[dice.randrange(len(octets))] = dice.randrange(256)
    del octets[dice.randrange(1, len(octets) + 1) :]
    damaged = Fetched([Area(bytes(octets), 0, 4)], lambda: (), 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.analytics.domain.bulk.ORDINARY_FROM", 0)
        found = look(0, damaged)
    assert found is None or len(found) == 4
