"""Started again, the house goes on with its data; the order of starting does not matter."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.local.services import SERVICES
from deploy.local.stack import Stack
from tests.e2e.audit import assert_sound
from tests.e2e.facts import BILLION, enterprise, petition
from tests.e2e.house import House, finish, moved, running_stack


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Stack]:
    with running_stack() as stack:
        yield stack


@pytest.fixture(scope="module")
async def own(own_stack: Stack) -> AsyncIterator[House]:
    """A house for the tests of this file, with the sample loaded."""
    house = House(own_stack)
    loaded = await finish(await house.start_load())
    assert loaded.code == 0, loaded.said
    yield house
    await house.close()


async def test_stopped_and_started_again_it_goes_on_with_its_data(own: House) -> None:
    first = await own.post("registry", "/v1/enterprises", enterprise())
    filed = await own.post("petitions", "/v1/petitions", petition())
    assert (first.status_code, filed.status_code) == (201, 201)
    await own.settled()
    before, token = await own.figures(), own.stack.token
    await own.close()

    await asyncio.to_thread(own.stack.stop)
    await asyncio.to_thread(own.stack.start)

    assert own.stack.token == token
    assert await own.figures() == before
    assert (await own.check_report()).code == 0
    again = await finish(await own.start_load())
    assert again.code == 0, again.said
    assert "9723" in again.said, "the sample was sent twice"
    body = enterprise(capital_vnd=BILLION)
    answer = await own.post("registry", "/v1/enterprises", body)
    assert answer.status_code == 201, answer.text
    petition_id = filed.json()["id"]
    path = f"/v1/petitions/{petition_id}/actions/assign"
    assert (await own.post("petitions", path, {}, "VPUB")).status_code == 200
    await own.settled()
    assert moved(before, await own.figures()) == {
        "enterprises": 1,
        "enterprises_new": 1,
        "enterprises_capital": BILLION,
        "enterprises_new_capital": BILLION,
    }
    await assert_sound(own)


async def test_each_service_restarted_cleanly_in_turn_loses_nothing(own: House) -> None:
    await own.settled()
    before = (await own.figures())["enterprises_new"]
    for expected, service in enumerate((*SERVICES, "postgres", "kafka"), before + 1):
        await asyncio.to_thread(own.stack.restart, service)
        answer = await own.post("registry", "/v1/enterprises", enterprise())
        assert answer.status_code == 201, (service, answer.text)
        await own.settled()
        assert (await own.figures())["enterprises_new"] == expected, service
    await assert_sound(own)
