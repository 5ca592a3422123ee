"""What the intake door reads out of a record, and what it refuses."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.consumer import read
from services.registry.domain import Fact
from services.registry.handlers import Request, Unreadable
from shared.plumbing.kafka.records import RawRecord
from tests.unit.registry.support import CODE

BODY: dict[str, Any] = {
    "code": CODE,
    "on": "2025-05-15",
    "origin": "live",
    "reference": "R-1",
    "capital_vnd": 15,
}
HEADERS: dict[str, bytes | None] = {
    "content-type": b"application/json",
    "ce_specversion": b"1.0",
    "ce_type": b"vn.caunoi.intake.CapitalChanged.v1",
    "ce_source": b"/vn/lang-son/dkkd",
    "ce_subject": CODE.encode(),
    "ce_id": b"1",
}


def record(
    body: Any = None,
    *,
    value: bytes | None = b"",
    key: bytes | None = CODE.encode(),
    **headers: bytes | None,
) -> RawRecord:
    if value == b"":
        value = json.dumps(BODY if body is None else body).encode()
    named = {
        **HEADERS,
        **{name.replace("content_type", "content-type"): v for name, v in headers.items()},
    }
    return RawRecord("t", 3, 7, key, value, tuple(named.items()), 0)


def refusal(arrival: Request | Unreadable) -> str:
    assert isinstance(arrival, Unreadable)
    assert arrival.refusal.vi
    assert arrival.refusal.en
    return arrival.refusal.code


def test_a_record_in_binary_mode_is_read() -> None:
    arrival = read(record())
    assert isinstance(arrival, Request)
    assert (arrival.code, arrival.key) == (CODE, ("/vn/lang-son/dkkd", "R-1"))
    assert isinstance(arrival.fact, Fact)
    assert arrival.fact.sets.capital_vnd == 15


def test_a_record_in_structured_mode_is_read_as_the_same_fact() -> None:
    envelope = {
        "specversion": "1.0",
        "id": "1",
        "type": "vn.caunoi.intake.CapitalChanged.v1",
        "source": "/vn/lang-son/dkkd",
        "subject": CODE,
        "data": BODY,
    }
    structured = RawRecord(
        "t",
        3,
        7,
        CODE.encode(),
        json.dumps(envelope).encode(),
        (("content-type", b"application/cloudevents+json; charset=UTF-8"),),
        0,
    )
    arrival, binary = read(structured), read(record())
    assert isinstance(arrival, Request)
    assert isinstance(binary, Request)
    assert (arrival.reported, arrival.key) == (binary.reported, binary.key)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in BODY.items() if key != name}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (record(value=None), "null_value"),
        (record(value=b"\xff\x00rubbish"), "malformed_json"),
        (record(value=b"[" * 100_000), "malformed_json"),
        (record(value=b"3"), "invalid_field"),
        (record(key=None), "key_mismatch"),
        (record(key=b"4900000070"), "key_mismatch"),
        (record(ce_subject=b"4900000070"), "subject_mismatch"),
        (record(ce_specversion=None), "bad_headers"),
        (record(ce_specversion=b"0.3"), "bad_headers"),
        (record(ce_source=None), "bad_headers"),
        (record(ce_source=b"\xff"), "bad_headers"),
        (record(ce_source=b"a\x00b"), "bad_headers"),
        (record(ce_type=None), "unknown_type"),
        (record(ce_type=b"vn.caunoi.intake.EntityDivided.v1"), "unknown_type"),
        (record(ce_type=b"vn.caunoi.intake.CapitalChanged.v2"), "unknown_type"),
        (record(content_type=b"application/cloudevents+json"), "bad_headers"),
        (record({**BODY, "code": "4900000018"}), "invalid_check_digit"),
        (record({**BODY, "code": "49-0000-0017"}), "invalid_code"),
        (record({**BODY, "capital_vnd": -1}), "negative_capital"),
        (record({**BODY, "capital_vnd": 1.5}), "invalid_capital"),
        (record({**BODY, "on": "15/05/2025"}), "invalid_date"),
        (record({**BODY, "reference": "a\x00b"}), "invalid_text"),
        (record({**BODY, "capitalvnd": 3}), "invalid_field"),
        (record(without("capital_vnd")), "invalid_field"),
    ],
)
def test_what_is_no_reported_fact_is_refused_with_its_code(bad: RawRecord, code: str) -> None:
    assert refusal(read(bad)) == code


def test_the_reference_of_a_refused_record_is_kept_where_it_can_be_read() -> None:
    arrival = read(record({**BODY, "capital_vnd": -1, "reference": "R\x002"}))
    assert isinstance(arrival, Unreadable)
    assert arrival.reference == "R?2"


@given(
    st.none() | st.binary(),
    st.none() | st.binary(),
    st.lists(
        st.tuples(
            st.sampled_from([*HEADERS, "other"]) | st.text(max_size=5), st.none() | st.binary()
        )
    ),
)
def test_nothing_that_a_record_can_hold_raises(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    assert isinstance(read(RawRecord("t", 0, 0, key, value, tuple(headers), 0)), Unreadable)
