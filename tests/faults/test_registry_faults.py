"""The registry under load while its processes and servers are killed at random moments."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from tests.faults.registry_rig import House, Replica, new_house
from tests.support.servers import Servers, until

# Within this another relay must lead; the takeover itself takes three seconds and a half.
TAKEOVER = 10.0
Fault = Callable[[House, Stack], Awaitable[None]]


@pytest.fixture(scope="module")
def servers(stack: Stack) -> Servers:
    """The servers that are killed."""
    return Servers(stack.database_url(), stack.addresses.kafka)


@pytest.fixture(scope="module")
async def house(
    servers: Servers, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    folder: Path = tmp_path_factory.mktemp("registry")
    async with new_house(servers, folder, random.Random(f"{seed} callers")) as found:
        yield found


async def _again(replica: Replica) -> None:
    replica.start()
    await until(replica.ready, what=f"{replica.log} ready again", seconds=90)


async def _kill_a_service(house: House, stack: Stack) -> None:
    replica = house.dice.choice(house.replicas)
    replica.kill()
    await _again(replica)


async def _kill_the_relay_in_the_middle_of_a_send(house: House, stack: Stack) -> None:
    leader = await house.leader()
    await house.sending()
    leader.kill()
    await house.leader(house.others(leader), TAKEOVER)
    await _again(leader)


async def _freeze_the_relay(house: House, stack: Stack) -> None:
    zombie = await house.leader()
    await house.sending()
    zombie.send(signal.SIGSTOP)
    try:
        heir = await house.leader(house.others(zombie), TAKEOVER)
        before = len(house.acknowledged)

        async def more() -> bool:
            return len(house.acknowledged) > before + 20

        await until(more, what="posts after the takeover")
        await house.sending()
    finally:
        zombie.send(signal.SIGCONT)
    await until(zombie.ready, what="the zombie serves again")
    assert await heir.leads()


async def _kill_postgres(house: House, stack: Stack) -> None:
    await asyncio.to_thread(_kill, stack, "postgres")


async def _kill_the_broker(house: House, stack: Stack) -> None:
    await asyncio.to_thread(_kill, stack, "kafka")


def _kill(stack: Stack, name: str) -> None:
    stack.kill(name, hold=True)
    stack.start_process(name)


FAULTS: list[Fault] = [
    _kill_a_service,
    _kill_the_relay_in_the_middle_of_a_send,
    _freeze_the_relay,
    _kill_postgres,
    _kill_the_broker,
]


async def test_whatever_is_killed_each_acknowledged_post_is_published_once_and_in_order(
    house: House, stack: Stack, dice: random.Random, long: bool
) -> None:
    faults = dice.sample(FAULTS, 3) if not long else [dice.choice(FAULTS) for _ in range(30)]
    async with house.load():
        for fault in faults:
            before = len(house.acknowledged)
            moment = dice.randrange(10, 150)

            async def so_far(least: int = before + moment) -> bool:
                return len(house.acknowledged) >= least

            await until(so_far, what=f"{moment} posts before {fault.__name__}", seconds=90)
            await fault(house, stack)
            await house.all_ready()
    await house.audit()
    await house.verify()


async def test_a_relay_that_was_frozen_and_replaced_publishes_nothing_new(
    house: House, stack: Stack
) -> None:
    async with house.load():
        await _freeze_the_relay(house, stack)
    await house.audit()
    await house.verify()
