"""Reading a run at once accepts only what reading one by one accepts, and comes to the same."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.analytics.domain import bulk as reading
from services.analytics.domain.batch import Batch, Partition, Progress, parked_offsets
from services.analytics.domain.bulk import Scanned, look
from services.analytics.domain.columns import Entries, Placed, joined
from services.analytics.domain.dead import Resolution, Resolutions
from services.analytics.handlers.apply import deltas_of
from tests.support.ledger import AnyEvent
from tests.support.raw import Given, fetched_of, records_of
from tests.support.strategies import registry_logs


@pytest.fixture(autouse=True, scope="module")
def _always_by_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "ORDINARY_FROM", 0)
        yield


def both(partition: Partition, records: Sequence[Given]) -> tuple[Batch, Batch]:
    single, bulk = Batch(), Batch()
    single.take(partition, Progress(), records)
    fetched = fetched_of(records)
    bulk.take_fetched(partition, Progress(), fetched, look(partition.src, fetched))
    return single, bulk


def content(batch: Batch) -> Any:
    entries: Entries = joined([part for part, _ in batch.entities])
    return (
        batch.spans,
        {name: column.tolist() for name, column in vars(entries).items()},
        {
            name: [v for _, placed in batch.entities for v in getattr(placed, name).tolist()]
            for name in (field.name for field in fields(Placed))
        },
        deltas_of(batch),
        [(d.record.offset, d.record.value, tuple(d.record.headers), d.code) for d in batch.dead],
        batch.holes,
    )


@given(registry_logs(), st.data())
def test_a_run_comes_to_what_its_records_come_to(
    events: Sequence[AnyEvent], data: st.DataObject
) -> None:
    for partition, records in records_of(events).items():
        again = data.draw(st.lists(st.sampled_from(records), max_size=3))
        mixed = [replace(r, offset=i) for i, r in enumerate([*records, *again])]
        single, bulk = both(partition, mixed)
        assert content(single) == content(bulk)


def ordinary() -> tuple[Partition, list[Given]]:
    from tests.integration.analytics.test_apply import some_events  # noqa: PLC0415

    registered = [e for e in some_events() if e.sequence == 1]
    records = [r for mine in records_of(registered).values() for r in mine]
    partition = Partition(records[0].topic, 0)
    chained = []
    for place, record in enumerate(records):
        headers = dict(record.headers)
        headers |= {"ce_position": str(place + 1).encode(), "ce_previous": str(place).encode()}
        chained.append(replace(record, partition=0, offset=place, headers=tuple(headers.items())))
    return partition, chained


def scanned(records: Sequence[Given]) -> Scanned:
    found = look(0, fetched_of(records))
    assert found is not None
    return found


def test_ordinary_records_are_read_as_a_run() -> None:
    _, records = ordinary()
    found = scanned(records)
    run = found.run(0, len(found), 0, 0)
    assert [s.ordinary for s in found.stretches()] == [True]
    assert run is not None
    assert (len(run.entries), run.mark, run.repeated) == (4, 4, 0)


def test_what_was_parked_before_is_parked_again_among_ordinary_records() -> None:
    partition, records = ordinary()
    every: tuple[Resolution, ...] = ("open", "dismissed", "applied")
    for resolution in every:
        known: Resolutions = {(partition.topic, partition.number, 1): resolution}
        single, bulk = Batch(known), Batch(known, parked_offsets(known))
        single.take(partition, Progress(), records)
        fetched = fetched_of(records)
        bulk.take_fetched(partition, Progress(), fetched, look(partition.src, fetched))
        assert content(single) == content(bulk)
        assert len(bulk.dead) == (resolution != "applied")


BAD_HEADERS: list[tuple[str, bytes | None]] = [
    ("ce_position", b"02"), ("ce_position", b"+2"), ("ce_position", b" 2"), ("ce_position", b""),
    ("ce_position", b"9" * 19), ("ce_position", None), ("ce_position", b"3"), ("ce_position", b"1"),
    ("ce_previous", b"01"), ("ce_previous", b"0"), ("ce_previous", b"2"), ("ce_previous", b"1_0"),
    ("ce_specversion", b"0.3"), ("ce_type", b"vn.caunoi.CapitalChanged.v1"), ("ce_type", b"\xff"),
    ("ce_type", None), ("ce_time", b"2025"), ("ce_time", b"2025-13-01T00:00:00Z"),
    ("ce_time", b"2025-01-01 00:00:00Z"), ("ce_time", b"2025-01-01T00:00:00+07:00"), ("ce_time", None),
    ("ce_time", b"2025-01-01T00:00:00.123Z"), ("ce_time", b"2025-01-01T24:00:00Z"),
    ("ce_time", b"2025-01-01T00:00:60Z"), ("ce_time", b"NaT"), ("ce_time", b"2025-01-01T00:00:00,12Z"),
    ("ce_time", b"2025-W01-1T00:00:00Z"), ("ce_time", b"20250101T000000.000000Z"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD_HEADERS)
def test_a_header_that_is_odd_is_judged_alike(name: str, value: bytes | None) -> None:
    partition, records = ordinary()
    headers = {**dict(records[1].headers), name: value}
    records[1] = replace(records[1], headers=tuple(headers.items()))
    single, bulk = both(partition, records)
    assert content(single) == content(bulk)


def edited(record: Given, value: bytes | None) -> Given:
    return replace(record, value=value)


def test_bytes_that_fit_only_together_are_judged_one_by_one() -> None:
    partition, records = ordinary()
    first, second = records[1].value or b"", records[2].value or b""
    cuts: list[tuple[bytes | None, bytes | None]] = [
        (first + second, b""), (first + b" " + second, b"  "), (first[:-1], b"}" + second),
        (first + b"\n" + second, b"\n"), (first.replace(b",", b",\n", 1), second), (None, second),
        (b" " + first, second), (first + b" ", second), (b"[]", second), (first, first),
        (first.replace(b'"state"', b'"state" '), second), (first[:50], first[50:]),
    ]  # fmt: skip
    for left, right in cuts:
        changed = [*records]
        changed[1], changed[2] = edited(changed[1], left), edited(changed[2], right)
        single, bulk = both(partition, changed)
        assert content(single) == content(bulk)


@settings(max_examples=300)
@given(st.data())
def test_a_field_that_is_odd_is_judged_alike(data: st.DataObject) -> None:
    from tests.unit.analytics.test_decoder import RUBBISH, paths  # noqa: PLC0415

    partition, records = ordinary()
    at = data.draw(st.integers(0, len(records) - 1))
    body = json.loads(records[at].value or b"")
    path = data.draw(st.sampled_from(paths(body)))
    holder = body
    for step in path[:-1]:
        holder = holder[step]
    value = data.draw(st.sampled_from(RUBBISH))
    holder[path[-1]] = value
    if path[0] == "state" and data.draw(st.booleans()):
        inner = body["asserts"][0]["after"] if isinstance(body["asserts"], list) else None
        for step in path[1:-1]:
            inner = inner[step] if isinstance(inner, dict) and step in inner else None
        if isinstance(inner, dict) and len(path) > 1:
            inner[path[-1]] = value
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    records[at] = edited(records[at], text)
    single, bulk = both(partition, records)
    assert content(single) == content(bulk)
