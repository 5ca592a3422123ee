"""What the intake door reads out of a record, and what it refuses."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.consumer import Arrival, in_parts, read
from services.registry.domain import Fact
from services.registry.handlers import Request, Unreadable
from shared.contracts.reorganizations import ReorganizationIn
from shared.plumbing.kafka.offsets import Span
from shared.plumbing.kafka.records import RawRecord
from tests.unit.registry.support import CODE

BODY: dict[str, Any] = {
    "code": CODE,
    "on": "2025-05-15",
    "origin": "live",
    "reference": "R-1",
    "capital_vnd": 15,
}
OTHERS = ["4900000070", "4900000031", "0100233488", "0312687878"]
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


@pytest.mark.parametrize(
    ("source", "meant"),
    [
        ("/vn/lang-son/dkkd", "/vn/lang-son/dkkd"),
        ("/vn/lang-son/http/dkkd", "/vn/lang-son/dkkd"),
        ("/vn/lang-son/http/", "/vn/lang-son/http/"),
        ("urn:tax", "urn:tax"),
    ],
)
def test_an_upstream_system_is_one_source_by_whatever_name(source: str, meant: str) -> None:
    arrival = read(record(ce_source=source.encode()))
    assert isinstance(arrival, Request)
    assert arrival.system == meant


MERGER: dict[str, Any] = {
    "code": CODE,
    "kind": "merger",
    "on": "2025-05-15",
    "reference": "X-1",
    "predecessors": [CODE, "4900000070"],
    "successors": [{"code": "4900000070", "capital_vnd": 7}],
}
REORGANIZED = b"vn.caunoi.intake.EntitiesReorganized.v1"


def test_a_reorganization_is_read_as_the_act_that_http_takes() -> None:
    arrival = read(record(MERGER, ce_type=REORGANIZED))
    assert isinstance(arrival, Request)
    assert arrival.codes == (CODE, "4900000070")
    posted = {name: value for name, value in MERGER.items() if name != "code"}
    assert arrival.reported == ReorganizationIn.model_validate(posted)


@pytest.mark.parametrize(
    ("body", "key", "code"),
    [
        ({**MERGER, "code": "4900000070"}, b"4900000070", "not_first_predecessor"),
        (MERGER, b"4900000070", "key_mismatch"),
        ({**MERGER, "predecessors": []}, CODE.encode(), "invalid_field"),
        ({**MERGER, "kind": "party"}, CODE.encode(), "invalid_field"),
    ],
)
def test_a_reorganization_that_cannot_be_read_is_refused(
    body: dict[str, Any], key: bytes, code: str
) -> None:
    arrival = read(record(body, key=key, ce_type=REORGANIZED, ce_subject=None))
    assert refusal(arrival) == code


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(1, 9))
def test_the_parts_of_a_batch_are_all_of_it_and_move_each_offset_once(
    named: list[int], most: int
) -> None:
    arrivals: list[Arrival] = []
    ends = dict.fromkeys(range(3), 100)
    for number in named:
        partition = number % 3
        body = {**MERGER, "predecessors": [CODE, *OTHERS[:number]]}
        raw = record(body, ce_type=REORGANIZED, ce_source=None if number == 4 else b"x")
        ends[partition] += 2  # a control record between two
        arrivals.append(read(replace(raw, partition=partition, offset=ends[partition] - 2)))
    spans = [Span("t", n, 100, end) for n, end in ends.items() if end > 100]
    parts = list(in_parts(spans, arrivals, most))
    assert [one for _, part in parts for one in part] == arrivals
    moved = dict.fromkeys(ends, 100)
    for part_spans, part in parts:
        assert len(part) == 1 or sum(len(one.codes) for one in requests(part)) <= most
        for span in part_spans:
            assert span.low == moved[span.partition] < span.high
            moved[span.partition] = span.high
        for one in part:
            assert one.record is not None
            assert one.record.offset < moved[one.record.partition]
    assert moved == ends


def requests(arrivals: Sequence[Arrival]) -> list[Request]:
    return [one for one in arrivals if isinstance(one, Request)]


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
