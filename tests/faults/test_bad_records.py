"""Rubbish on the topic: each record is parked whole, and the next one is applied."""

import asyncio
import json
import random
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]

from tests.conftest import LONG
from tests.faults.rig import TOPIC, Rig
from tests.support.bad_records import BAD, Bad, bad
from tests.support.event_log import EventLog, Stamped
from tests.support.history import random_log

pytestmark = pytest.mark.faults
# What a stranger writes does not break the chain; what our own relay stamped is part of it. A
# record without a readable place can only be a stranger's.
PLACELESS = {
    "no headers", "no position", "no previous", "position not a number", "negative position",
    "position of 30 digits", "previous above position", "huge position",
}  # fmt: skip


async def send_raw(kafka: str, records: Sequence[Bad | Stamped]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True)
    await producer.start()
    try:
        for r in records:
            await producer.send_and_wait(
                TOPIC.name, r.value, r.key, partition=r.partition, headers=list(r.headers)
            )
    finally:
        await producer.stop()


def registrations(seed: int, n: int) -> list[tuple[str, str, bytes]]:
    return random_log(seed, n, n * 12)


async def test_every_kind_of_rubbish_is_parked_and_the_rest_is_applied(
    rig: Rig, log: EventLog, dice: random.Random
) -> None:
    worker = rig.start(CAUNOI_RUBBISH_SHARE="1")
    good = iter(random_log(dice.randrange(10**6), 100, 400))
    firsts = (e for e in random_log(dice.randrange(10**6), 400, 4000) if is_first(e))
    records: list[Bad | Stamped] = []
    for name in dice.sample(list(BAD), len(BAD)):
        records += [log.stamp(*next(good)) for _ in range(dice.randrange(1, 4))]
        own = name not in PLACELESS and dice.random() < 0.5
        records.append(bad(log, name, next(firsts), in_chain=own))
    records += [log.stamp(*event) for event in good]
    await send_raw(rig.kafka, records)
    await rig.caught_up()
    counts = await rig.check()
    assert counts["parked"] == len(BAD)
    rows = await rig.query("SELECT code, count(*) AS n FROM dead_letter GROUP BY code")
    assert sum(row["n"] for row in rows) == len(BAD)
    assert {row["code"] for row in rows} <= {
        "no_place", "bad_headers", "unknown_type", "invalid_data", "no_value", "key_mismatch",
    }  # fmt: skip
    await worker.ready()


def is_first(event: tuple[str, str, bytes]) -> bool:
    body = json.loads(event[2])
    return bool(body["sequence"] == 1 and len(body["asserts"]) == 1)


async def test_some_rubbish_in_a_busy_topic(rig: Rig, log: EventLog, dice: random.Random) -> None:
    rig.start(CAUNOI_RUBBISH_SHARE="1", CAUNOI_BATCH_RECORDS="300")
    share = dice.uniform(0.01, 0.05)
    records: list[Bad | Stamped] = []
    firsts = [e for e in random_log(dice.randrange(10**6), 400, 4000) if is_first(e)]
    for event in random_log(dice.randrange(10**6), 200, 6_000 if LONG else 800):
        records.append(log.stamp(*event))
        if dice.random() < share:
            name = dice.choice(sorted(BAD))
            own = name not in PLACELESS and dice.random() < 0.5
            records.append(bad(log, name, dice.choice(firsts), in_chain=own))
    await send_raw(rig.kafka, records)
    await rig.caught_up()
    await rig.check()


async def test_after_a_fix_dead_letters_are_applied_as_of_their_own_place(
    rig: Rig, log: EventLog, dice: random.Random
) -> None:
    """An event whose type was unknown is parked; once it is known it is applied, then rebuilt."""
    rig.start(CAUNOI_RUBBISH_SHARE="1")
    event = next(e for e in random_log(dice.randrange(10**6), 50, 500) if is_first(e))
    parked = bad(log, "unknown version", event, in_chain=True)
    await send_raw(rig.kafka, [parked, *rig.stamp(random_log(dice.randrange(10**6), 20, 100))])
    await rig.caught_up()
    await rig.check()
    code, said = await rig.command("apply-dead-letters")
    assert (code, "still refused" in said) == (1, True)
    before = await rig.query("SELECT sum(next) AS n, sum(applied) AS a FROM consumed")
    # The fix: the stored type is one that is known.
    await rig.query(
        """UPDATE dead_letter SET header_values = array_replace(header_values,
             'vn.caunoi.EnterpriseRegistered.v9'::bytea, 'vn.caunoi.EnterpriseRegistered.v1'::bytea)
           WHERE code = 'unknown_type' RETURNING id"""
    )
    code, said = await rig.command("apply-dead-letters")
    after = await rig.query("SELECT sum(next) AS n, sum(applied) AS a FROM consumed")
    assert after[0]["n"] == before[0]["n"]
    assert after[0]["a"] > before[0]["a"]
    code, said = await rig.command("verify")
    assert code == 0, said


async def test_when_nearly_all_is_rubbish_the_consumer_stops_and_parks_nothing_more(
    rig: Rig, log: EventLog, dice: random.Random
) -> None:
    worker = rig.start(CAUNOI_BATCH_RECORDS="200")
    await rig.caught_up()
    parked = (await rig.query("SELECT count(*) AS n FROM dead_letter"))[0]["n"]
    aside = EventLog(TOPIC, position=log.position, ends=dict(log.ends))
    events = random_log(dice.randrange(10**6), 100, 1_000)
    flood = [BAD["unknown version"](aside.stamp(*event)) for event in events]
    await send_raw(rig.kafka, flood)
    while not await worker.metric("caunoi_consumer_halted_partitions"):
        await asyncio.sleep(0.05)
    now = (await rig.query("SELECT count(*) AS n FROM dead_letter"))[0]["n"]
    assert now - parked < 500
    # An operator looks, and lets it through on purpose.
    worker.kill()
    rig.start(CAUNOI_RUBBISH_SHARE="1")
    await rig.caught_up()
    await rig.check()
