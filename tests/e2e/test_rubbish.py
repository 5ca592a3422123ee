"""Rubbish on any topic is parked whole with its reason, and the next record is applied."""

import json
from dataclasses import replace

from shared.contracts.topics import (
    PETITION_EVENTS_TOPIC,
    REGISTRY_EVENTS_TOPIC,
    REGISTRY_INTAKE_TOPIC,
    REGISTRY_REJECTED_TOPIC,
    Topic,
)
from shared.plumbing.kafka.clients import partition_of
from shared.plumbing.kafka.records import RawRecord
from tests.e2e.facts import enterprise, new_code, petition
from tests.e2e.house import House, moved
from tests.e2e.rubbish import LARGE, Edits, Sent, read, send, send_raw_name, spoilt
from tests.support.servers import until

PARTITION = 5
FAR = 10**6  # above the mark: positions that no log of these tests comes near
ODD = (("x-note", None), ("x-seal", b"\xff\xfe\x00"))
"""Headers that are nobody's business: a record that has them is as good as another."""


def reported(code: str) -> Sent:
    """Return a registration as an upstream system sends it."""
    fact = enterprise(code)
    body = json.dumps(fact, ensure_ascii=False).encode()
    headers = {
        "ce_specversion": "1.0",
        "ce_id": fact["reference"],
        "ce_type": "vn.caunoi.intake.EnterpriseRegistered.v1",
        "ce_source": "/vn/lang-son/dkkd-test",
        "ce_time": "2025-09-12T03:00:00Z",
        "ce_subject": code,
        "content-type": "application/json",
    }
    pairs = tuple((name, text.encode()) for name, text in headers.items())
    return Sent("good", "", code.encode(), body, pairs)


INTAKE_CODES = {
    "null key": "key_mismatch",
    "null value": "null_value",
    "empty value": "malformed_json",
    "null header": "unknown_type",
    "header that is not UTF-8": "bad_headers",
    "no headers": "bad_headers",
    "other specversion": "bad_headers",
    "not JSON": "malformed_json",
    "truncated": "malformed_json",
    "an array": "invalid_field",
    "unknown type": "unknown_type",
    "unknown version": "unknown_type",
    "type of another topic": "unknown_type",
    "wrong type of a field": "invalid_capital",
    "value that cannot be": "negative_capital",
    "large": "invalid_field",
    "other key": "key_mismatch",
}
INTAKE_EDITS = Edits(
    b"vn.caunoi.EnterpriseRegistered.v1",
    lambda data: data.update(capital_vnd="much"),
    lambda data: data.update(capital_vnd=-1),
    lambda data: data.update(name="x" * LARGE),
)


async def test_rubbish_on_the_intake_topic_is_rejected_whole_and_the_next_fact_is_recorded(
    house: House,
) -> None:
    await house.settled()
    before = await house.figures()
    good = [reported(new_code(REGISTRY_INTAKE_TOPIC, PARTITION)) for _ in range(3)]
    good = [replace(one, headers=(*one.headers, *ODD)) for one in good]
    bad = list(spoilt(reported(new_code()), INTAKE_CODES, INTAKE_EDITS))
    whole = [good[0], *bad[:8], good[1], *bad[8:], good[2]]
    sent = await send(house.kafka, REGISTRY_INTAKE_TOPIC, PARTITION, whole)
    await house.settled()
    assert moved(before, await house.figures()) == {
        "enterprises": 3,
        "enterprises_new": 3,
        "enterprises_capital": 15_000_000_000,
        "enterprises_new_capital": 15_000_000_000,
    }
    await assert_rejected(house, [one for one in sent if one.code])


async def assert_rejected(house: House, bad: list[Sent]) -> None:
    rows = await house.sql(
        "registry",
        'SELECT * FROM rejected WHERE topic = $1 AND partition = $2 AND "offset" = ANY ($3)',
        *(REGISTRY_INTAKE_TOPIC.name, PARTITION, [one.offset for one in bad]),
    )
    kept = {row["offset"]: row for row in rows}
    told = await rejected_topic(
        house, {f"{REGISTRY_INTAKE_TOPIC.name}/{PARTITION}/{o}" for o in kept}
    )
    for one in bad:
        row = kept[one.offset]
        names = [name.decode() for name in row["header_names"]]
        assert row["code"] == one.code, one.name
        assert (row["key"], row["value"]) == (one.key, one.value), one.name
        assert tuple(zip(names, row["header_values"], strict=True)) == one.headers, one.name
        assert row["reason_en"]
        assert not row["reason_vi"].isascii(), one.name
        copy = told[f"{REGISTRY_INTAKE_TOPIC.name}/{PARTITION}/{one.offset}"]
        assert (copy.key, copy.value) == (one.key, one.value), one.name
        assert set(one.headers) <= set(copy.headers), one.name
        assert copy.header("caunoi-code") == one.code
        assert copy.header("caunoi-reason-vi") == row["reason_vi"]


async def test_a_header_name_that_is_no_text_stops_no_topic(house: House) -> None:
    before = await house.figures()
    odd = replace(
        reported(new_code()), name="name that is not UTF-8", code="malformed_json", value=b"{"
    )
    bad = await send_raw_name(house.kafka, REGISTRY_INTAKE_TOPIC, PARTITION, odd)
    good = [reported(new_code(REGISTRY_INTAKE_TOPIC, PARTITION)) for _ in range(2)]
    await send_raw_name(house.kafka, REGISTRY_INTAKE_TOPIC, PARTITION, good[0])
    await send(house.kafka, REGISTRY_INTAKE_TOPIC, PARTITION, good[1:])
    for topic in (REGISTRY_EVENTS_TOPIC, PETITION_EVENTS_TOPIC):
        for partition in range(topic.partitions):
            await send_raw_name(house.kafka, topic, partition, odd)
    await house.settled()
    assert moved(before, await house.figures())["enterprises"] == 2
    await assert_rejected(house, [bad])
    parked = "SELECT count(*) FROM dead_letter WHERE $1 = ANY (header_names)"
    assert await house.number("analytics", parked, bad.headers[-1][0]) == 24


async def rejected_topic(house: House, origins: set[str]) -> dict[str, RawRecord]:
    """Return the records of the rejected topic by where they came from, when all are there."""
    found: dict[str, RawRecord] = {}

    async def all_told() -> bool:
        for record in await read(house.kafka, REGISTRY_REJECTED_TOPIC):
            found[record.header("caunoi-origin") or ""] = record
        return origins <= found.keys()

    await until(all_told, what="the refused records in their topic")
    return found


EVENT_CODES = {
    "null key": "key_mismatch",
    "null value": "no_value",
    "empty value": "no_value",
    "null header": "bad_headers",
    "header that is not UTF-8": "bad_headers",
    "no headers": "no_place",
    "other specversion": "bad_headers",
    "not JSON": "invalid_data",
    "truncated": "invalid_data",
    "an array": "invalid_data",
    "unknown type": "unknown_type",
    "unknown version": "unknown_type",
    "type of another topic": "unknown_type",
    "wrong type of a field": "invalid_data",
    "value that cannot be": "invalid_data",
    "large": "invalid_data",
    "other key": "key_mismatch",
}
ENTITY_EDITS = Edits(
    b"vn.caunoi.PetitionFiled.v1",
    lambda data: data.update(sequence="1"),
    lambda data: data["asserts"][0]["after"].update(capital_vnd=-1),
    lambda data: data["state"].update(name="x" * LARGE),
)
PETITION_EDITS = Edits(
    b"vn.caunoi.EnterpriseRegistered.v1",
    lambda data: data.update(sequence="1"),
    lambda data: data["asserts"][0]["after"].update(status="lost"),
    lambda data: data.update(reason="x" * LARGE),
)


async def newest(house: House, topic: Topic, subject: str) -> RawRecord:
    """Return the newest event of a subject as it lies in its topic."""
    await house.settled()
    key = subject.encode()
    records = [r for r in await read(house.kafka, topic) if r.key == key]
    return max(records, key=lambda record: record.offset)


async def pretend(house: House, record: RawRecord) -> Sent:
    """Return an event's record made to look like the next one of its partition."""
    mark = await house.number(
        "analytics",
        "SELECT mark FROM g1.consumed WHERE topic = $1 AND partition = $2",
        *(record.topic, record.partition),
    )
    looks = Sent("", "", record.key, record.value, record.headers)
    return looks.with_header("ce_previous", str(mark).encode()).with_header(
        "ce_position", str(mark + FAR).encode()
    )


async def park(house: House, topic: Topic, record: RawRecord, edits: Edits) -> None:
    """Send rubbish after an event and see it parked whole, and nothing else moved."""
    before = await house.figures()
    good = await pretend(house, record)
    first = int(dict(good.headers)["ce_position"] or b"")
    bad = [
        one.with_header("ce_position", str(first + number).encode())
        for number, one in enumerate(spoilt(good, EVENT_CODES, edits))
    ]
    beyond = good.with_header("ce_position", str(10**17).encode())
    bad.append(replace(beyond, name="position out of reach", code="no_place"))
    repeat = Sent("repeat", "", record.key, record.value, record.headers)
    sent = await send(house.kafka, topic, record.partition, [*bad, repeat])
    await house.settled()
    assert moved(before, await house.figures()) == {}
    rows = await house.sql(
        "analytics",
        'SELECT * FROM dead_letter WHERE topic = $1 AND partition = $2 AND "offset" >= $3',
        *(topic.name, record.partition, sent[0].offset),
    )
    kept = {row["offset"]: row for row in rows}
    assert kept.keys() == {one.offset for one in sent if one.code}
    for one in sent[:-1]:
        row = kept[one.offset]
        assert row["code"] == one.code, (one.name, row["detail"])
        assert (row["key"], row["value"]) == (one.key, one.value), one.name
        headers = zip(row["header_names"], row["header_values"], strict=True)
        assert tuple(headers) == one.headers, one.name
        assert row["detail"]


async def counted(house: House) -> tuple[int, int]:
    """Return (records read, records accounted for)."""
    ((read_, accounted),) = await house.sql(
        "analytics",
        "SELECT sum(next), sum(applied + repeated + parked_count) FROM g1.consumed",
    )
    return int(read_), int(accounted)


async def test_rubbish_among_the_registrys_events_is_parked_whole_and_the_next_is_applied(
    house: House,
) -> None:
    first, second = (new_code(REGISTRY_EVENTS_TOPIC, PARTITION) for _ in range(2))
    answer = await house.post("registry", "/v1/enterprises", enterprise(first))
    assert answer.status_code == 201, answer.text
    record = await newest(house, REGISTRY_EVENTS_TOPIC, first)
    assert record.partition == PARTITION
    await park(house, REGISTRY_EVENTS_TOPIC, record, ENTITY_EDITS)
    before = await house.figures()
    answer = await house.post("registry", "/v1/enterprises", enterprise(second))
    assert answer.status_code == 201, answer.text
    await house.settled()
    assert moved(before, await house.figures())["enterprises"] == 1
    read_, accounted = await counted(house)
    assert read_ == accounted


async def file(house: House) -> str:
    answer = await house.post("petitions", "/v1/petitions", petition(), "portal")
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


async def test_rubbish_among_the_petitions_events_is_parked_whole_and_the_next_is_applied(
    house: House,
) -> None:
    record = await newest(house, PETITION_EVENTS_TOPIC, await file(house))
    await park(house, PETITION_EVENTS_TOPIC, record, PETITION_EDITS)
    before, filed = await house.figures(), 0
    partitions = PETITION_EVENTS_TOPIC.partitions
    while True:
        filed += 1
        if partition_of((await file(house)).encode(), partitions) == record.partition:
            break
    await house.settled()
    assert moved(before, await house.figures())["petitions_filed"] == filed
    read_, accounted = await counted(house)
    assert read_ == accounted


async def test_what_was_refused_shows_in_the_gauges(house: House) -> None:
    bad = replace(reported(new_code()), value=b"rubbish")
    await send(house.kafka, REGISTRY_INTAKE_TOPIC, PARTITION, [bad])
    await house.settled()
    rows = await house.sql("registry", "SELECT code, count(*) FROM rejected GROUP BY code")
    series = await house.series("registry")
    shown = {
        dict(labels)["code"]: number
        for (name, labels), number in series.items()
        if name == "caunoi_registry_rejected_records"
    }
    assert shown == dict(rows)
    assert shown["malformed_json"] >= 1
