"""After a storm: nothing lost, nothing twice, and each account agrees with the next one."""

from collections import defaultdict

from shared.contracts.topics import (
    PETITION_EVENTS_TOPIC,
    REGISTRY_EVENTS_TOPIC,
    REGISTRY_INTAKE_TOPIC,
    Topic,
)
from shared.plumbing.kafka.records import RawRecord
from tests.e2e.house import House
from tests.e2e.rubbish import read

EVENTS = {"registry": REGISTRY_EVENTS_TOPIC, "petitions": PETITION_EVENTS_TOPIC}


async def assert_sound(house: House) -> None:
    """Hold the log, the topic, the offsets and the ledger of each service against each other."""
    await house.settled()
    await assert_intake_taken(house)
    for service, topic in EVENTS.items():
        said = await house.operate(service, "verify")
        assert said.code == 0, said.said
        await assert_published_once(house, service, topic)
        await assert_applied_once(house, topic)


async def assert_intake_taken(house: House) -> None:
    """The registry stands at the end of its intake, with nothing waiting and nothing refused."""
    rows = await house.sql("registry", "SELECT partition, next FROM consumed")
    ends = await house.ends(REGISTRY_INTAKE_TOPIC)
    assert dict(rows) == {partition: end for partition, end in ends.items() if end}
    assert await house.rows("registry", "waiting", "rejected") == {"waiting": 0, "rejected": 0}


async def assert_published_once(house: House, service: str, topic: Topic) -> None:
    """The topic holds the rows of the event log, each under one position, in order, as written."""
    records = await read(house.kafka, topic)
    assert_chained(records)
    published = {r.header("ce_id"): (r.key, r.header("ce_type"), r.value) for r in records}
    rows = await house.sql(service, "SELECT ce_id::text, subject, type, data FROM event")
    written = {r["ce_id"]: (r["subject"].encode(), r["type"], r["data"]) for r in rows}
    assert len(published) == len(written)
    assert published == written
    sequences = await house.sql(
        service, "SELECT subject FROM event GROUP BY subject HAVING max(sequence) <> count(*)"
    )
    assert sequences == []


def assert_chained(records: list[RawRecord]) -> None:
    """Positions grow within a partition and name the one before; what repeats repeats itself."""
    shares: defaultdict[int, list[RawRecord]] = defaultdict(list)
    for record in records:
        shares[record.partition].append(record)
    places: dict[int, str | None] = {}
    for partition, share in shares.items():
        mark = 0
        for record in sorted(share, key=lambda r: r.offset):
            position = int(record.header("ce_position") or "")
            previous = int(record.header("ce_previous") or "")
            event = record.header("ce_id")
            assert places.setdefault(position, event) == event, "one position, two events"
            if position > mark:
                assert previous == mark, f"a hole in partition {partition} before {position}"
                mark = position
    assert sorted(places) == list(range(1, len(places) + 1)), "the log has gaps"


async def assert_applied_once(house: House, topic: Topic) -> None:
    """Every record of the topic was applied, or found to be a repeat; the ledger has each once."""
    rows = await house.sql(
        "analytics",
        "SELECT partition, next, applied, repeated, parked_count FROM g1.consumed WHERE topic = $1",
        topic.name,
    )
    ends = await house.ends(topic)
    assert {r["partition"]: r["next"] for r in rows if r["next"]} == {
        p: e for p, e in ends.items() if e
    }
    for row in rows:
        assert row["applied"] + row["repeated"] + row["parked_count"] == row["next"], dict(row)
        assert row["parked_count"] == 0
    service = next(name for name, found in EVENTS.items() if found is topic)
    events = await house.number(service, "SELECT count(*) FROM event")
    assert sum(row["applied"] for row in rows) == events
    ledger = "g1.entity_fact" if service == "registry" else "g1.petition_fact"
    told = await house.number(
        "analytics", f"SELECT count(DISTINCT (subject, sequence)) FROM {ledger}"
    )
    assert told == events
