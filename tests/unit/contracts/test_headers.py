"""Reading the CloudEvents headers: absent, doubled, null or odd ones are refused, never a crash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.catalogue import Refused
from shared.contracts.headers import Place, place_of, type_of

Headers = list[tuple[str, bytes | None]]


def place(position: bytes | None, previous: bytes | None) -> Headers:
    return [("ce_id", None), ("ce_position", position), ("ce_previous", previous)]


@pytest.mark.parametrize(
    ("position", "previous", "found"),
    [
        (b"1", b"0", Place(1, 0)),
        (b"12", b"7", Place(12, 7)),
        (b"9" * 18, b"9" * 17 + b"8", Place(10**18 - 1, 10**18 - 2)),
    ],
)
def test_a_place_is_read(position: bytes, previous: bytes, found: Place) -> None:
    assert place_of(place(position, previous)) == found


@pytest.mark.parametrize(
    ("position", "previous"),
    [
        (None, b"0"),
        (b"1", None),
        (b"", b"0"),
        (b"1", b""),
        (b"0", b"0"),
        (b"5", b"5"),
        (b"5", b"6"),
        (b"-1", b"0"),
        (b"+1", b"0"),
        (b"01", b"0"),
        (b"1.0", b"0"),
        (b" 1", b"0"),
        (b"1\n", b"0"),
        (b"1" * 19, b"0"),
        ("١".encode(), b"0"),
        (b"\xff", b"0"),
    ],
)
def test_what_is_no_place_is_refused(position: bytes | None, previous: bytes | None) -> None:
    with pytest.raises(Refused) as caught:
        place_of(place(position, previous))
    assert caught.value.code == "no_place"


def test_a_record_without_headers_has_no_place_and_no_type() -> None:
    for read in (place_of, type_of):
        with pytest.raises(Refused):
            read([])


def test_a_type_is_read() -> None:
    headers = [("ce_specversion", b"1.0"), ("ce_type", b"vn.caunoi.PetitionFiled.v1")]
    assert type_of(headers) == "vn.caunoi.PetitionFiled.v1"


@pytest.mark.parametrize(
    "headers",
    [
        [("ce_type", b"x")],
        [("ce_specversion", b"0.3"), ("ce_type", b"x")],
        [("ce_specversion", None), ("ce_type", b"x")],
        [("ce_specversion", b"1.0")],
        [("ce_specversion", b"1.0"), ("ce_type", None)],
        [("ce_specversion", b"1.0"), ("ce_type", b"")],
        [("ce_specversion", b"1.0"), ("ce_type", "kiến".encode())],
    ],
)
def test_headers_that_name_no_type_are_refused(headers: Headers) -> None:
    with pytest.raises(Refused) as caught:
        type_of(headers)
    assert caught.value.code == "bad_headers"


names = st.sampled_from(["ce_position", "ce_previous", "ce_type", "ce_specversion", "x"])
values = st.none() | st.binary(max_size=20) | st.integers(0, 50).map(lambda n: str(n).encode())


@given(st.lists(st.tuples(names, values), max_size=6))
def test_no_headers_make_reading_crash(headers: Headers) -> None:
    for read in (place_of, type_of):
        try:
            read(headers)
        except Refused:
            continue
