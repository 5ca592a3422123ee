"""kill -9 while the sample loads: afterwards every published figure is exact."""

import asyncio
import random
from asyncio.subprocess import Process
from collections.abc import Iterable
from typing import Any

import httpx
import pytest

from deploy.local.services import SERVICES
from deploy.local.stack import SERVERS
from tests.conftest import LONG, SEED
from tests.e2e.audit import assert_sound
from tests.e2e.facts import enterprise, petition
from tests.e2e.house import House, finish
from tests.support.servers import until

SAMPLE = 9_000  # events of the register when nearly all of the sample is in it
ROUNDS = range(10 if LONG else 1)


async def recorded(house: House) -> int:
    """Return how many events the register has; -1 while nobody can say."""
    try:
        return await house.number("registry", "SELECT count(*) FROM event")
    except Exception:  # the database may be the one that was killed
        return -1


async def storm(house: House, plan: list[tuple[int, str]], load: Process) -> None:
    """Kill each victim when the load has come to its place."""
    for number, (place, name) in enumerate(plan):

        async def reached(place: int = place, name: str = name) -> bool:
            return house.stack.pid(name) is not None and await recorded(house) >= place

        await until(reached, what=f"event {place} recorded", seconds=200)
        assert number or load.returncode is None, "the load was over before the storm"
        await asyncio.to_thread(house.stack.kill, name)


async def insist(house: House, service: str, path: str, body: dict[str, Any]) -> int:
    """Post until it is answered, as a careful client does: same body, same key."""
    headers = {"idempotency-key": body["reference"]}

    async def answered() -> bool:
        try:
            answer = await house.post(service, path, body, **headers)
        except httpx.TransportError:
            return False
        statuses.append(answer.status_code)
        return answer.status_code < 500

    statuses: list[int] = []
    await until(answered, what=f"{path} answered", seconds=200)
    return statuses[-1]


async def keep_posting(house: House, enough: asyncio.Event) -> list[int]:
    """Register and file by HTTP meanwhile, one after another; return the answers."""
    answers = []
    while not enough.is_set():
        answers.append(await insist(house, "registry", "/v1/enterprises", enterprise()))
        answers.append(await insist(house, "petitions", "/v1/petitions", petition()))
    return answers


async def weather(house: House, victims: Iterable[str], seed: int) -> None:
    """Load the sample through a storm, with others posting, and look at everything after it."""
    enough, rng = asyncio.Event(), random.Random(seed)
    killed = sorted((rng.randrange(SAMPLE), name) for name in victims)
    load = await house.start_load()
    posting = asyncio.create_task(keep_posting(house, enough))
    try:
        await storm(house, killed, load)
        loaded = await finish(load)
    finally:
        enough.set()
        answers = await posting
    assert loaded.code == 0, (killed, loaded.said)
    for name in SERVICES:
        await asyncio.to_thread(house.stack.wait_ready, name)
    await assert_sound(house)
    report = await house.check_report()
    assert report.code == 0, (killed, report.said)
    assert set(answers) <= {200, 201}
    figures = await house.figures()
    assert figures["enterprises_new"] == len(answers) // 2, killed
    assert figures["petitions_filed"] == len(answers) // 2, killed


STORMS = {
    # The short way has all in one: each process once.
    "everything": [*SERVICES, *SERVERS],
    "services": [*SERVICES, *SERVICES],
    "servers": list(SERVERS),
    "again and again": [*SERVICES, *SERVICES, *SERVERS, *SERVERS],
}


@pytest.mark.parametrize(
    ("victims", "number"),
    [(victims, number) for victims in (STORMS if LONG else ["everything"]) for number in ROUNDS],
)
async def test_whatever_is_killed_while_the_sample_loads_the_figures_are_exact(
    fragile: House, victims: str, number: int
) -> None:
    await weather(fragile, STORMS[victims], SEED + number)
