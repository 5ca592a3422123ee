"""Faults between poll and commit: whatever dies, the figures are those of the topic."""

import asyncio
import os
import random
import signal

import pytest

from deploy.local.stack import Stack
from tests.conftest import LONG
from tests.faults.rig import Rig
from tests.support.history import random_log

PLACES = (
    "polled", "built", "begun", "offsets_moved", "ledger_written", "before_commit", "committed",
    "before_kafka_commit",
)  # fmt: skip
EVENTS = 1_500
pytestmark = pytest.mark.faults


def chosen(places: tuple[str, ...], share: int) -> list[str]:
    """All in the long run, a seeded few in the short one."""
    dice = random.Random(int(os.environ.get("TEST_SEED", "20250912")))
    return list(places) if LONG else dice.sample(places, share)


@pytest.mark.parametrize("place", chosen(PLACES, 2))
async def test_kill_between_poll_and_commit(rig: Rig, dice: random.Random, place: str) -> None:
    nth = 1 if place == "before_kafka_commit" else dice.randrange(1, 4)
    armed = rig.start(CAUNOI_FAILPOINT=f"{place}:{nth}", CAUNOI_BATCH_RECORDS="200")
    await rig.send(rig.stamp(random_log(dice.randrange(10**6), 200, EVENTS)))
    await armed.died()
    assert armed.process.returncode == -signal.SIGKILL
    rig.start()
    await rig.caught_up()
    await rig.check()


async def test_kills_at_random_while_events_flow(rig: Rig, dice: random.Random) -> None:
    records = rig.stamp(random_log(dice.randrange(10**6), 300, EVENTS * 2))
    for start in range(0, len(records), len(records) // (12 if LONG else 3)):
        worker = rig.start(CAUNOI_BATCH_RECORDS="100")
        sending = asyncio.create_task(
            rig.send(records[start : start + len(records) // (12 if LONG else 3)])
        )
        await worker.ready()
        await asyncio.sleep(dice.random() * 0.3)
        worker.kill()
        await sending
    rig.start()
    await rig.caught_up()
    await rig.check()


async def test_a_frozen_consumer_that_wakes_after_its_partitions_were_taken(
    rig: Rig, dice: random.Random
) -> None:
    frozen = rig.start("1", CAUNOI_BATCH_RECORDS="50")
    await frozen.ready()
    records = rig.stamp(random_log(dice.randrange(10**6), 200, EVENTS))
    sending = asyncio.create_task(rig.send(records[: EVENTS // 2]))
    await asyncio.sleep(dice.random() * 0.2)
    frozen.signal(signal.SIGSTOP)
    await sending
    second = rig.start("2")
    await second.ready()
    await rig.send(records[EVENTS // 2 :])
    # Past the session time-out the other holds everything, and applies what the frozen one held.
    await rig.caught_up()
    frozen.signal(signal.SIGCONT)
    await rig.send(rig.stamp(random_log(dice.randrange(10**6), 50, 200)))
    await rig.caught_up()
    await rig.check()


async def test_postgres_killed_and_restarted(rig: Rig, stack: Stack, dice: random.Random) -> None:
    await rig.start(CAUNOI_BATCH_RECORDS="100").ready()
    records = rig.stamp(random_log(dice.randrange(10**6), 200, EVENTS))
    sending = asyncio.create_task(rig.send(records))
    for _ in range(5 if LONG else 2):
        await asyncio.sleep(dice.random() * 0.4)
        await asyncio.to_thread(stack.kill, "postgres")
        await asyncio.to_thread(stack.wait_ready, "postgres")
    await sending
    await rig.caught_up()
    await rig.check()


async def test_the_broker_killed_and_restarted(rig: Rig, stack: Stack, dice: random.Random) -> None:
    await rig.start(CAUNOI_BATCH_RECORDS="100").ready()
    records = rig.stamp(random_log(dice.randrange(10**6), 200, EVENTS))
    await rig.send(records[: EVENTS // 2])
    await asyncio.sleep(dice.random() * 0.2)
    await asyncio.to_thread(stack.kill, "kafka")
    await asyncio.to_thread(stack.wait_ready, "kafka")
    await rig.send(records[EVENTS // 2 :])
    await rig.caught_up()
    await rig.check()


async def test_rebalances_while_events_flow(rig: Rig, dice: random.Random) -> None:
    await rig.start("1", CAUNOI_BATCH_RECORDS="100").ready()
    records = rig.stamp(random_log(dice.randrange(10**6), 200, EVENTS * 2))
    sending = asyncio.create_task(rig.send(records))
    for round_ in range(30 if LONG else 3):
        # Each comes and goes under a name of its own: two rebalances, none of them static.
        other = rig.start(f"r{round_}", CAUNOI_BATCH_RECORDS="100")
        await other.ready()
        other.signal(signal.SIGTERM)
        await other.died()
    await sending
    await rig.caught_up()
    counts = await rig.check()
    assert counts["applied"] >= len(records)
