"""The house: one for all tests that leave it standing; whoever breaks it has one of its own."""

from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.local.stack import Stack
from tests.e2e.house import House, finish, running_stack


@pytest.fixture(scope="session")
def standing_stack() -> Iterator[Stack]:
    """The processes of the house that is left standing."""
    with running_stack() as stack:
        yield stack


@pytest.fixture(scope="session")
async def standing(standing_stack: Stack) -> AsyncIterator[House]:
    """The whole system, whatever is in it."""
    house = House(standing_stack)
    yield house
    await house.close()


@pytest.fixture(scope="session")
async def house(standing: House) -> House:
    """The whole system with the sample loaded. What tests add to it is of today."""
    loaded = await finish(await standing.start_load())
    assert loaded.code == 0, loaded.said
    return standing


@pytest.fixture
def fragile_stack() -> Iterator[Stack]:
    """The processes of a house that may be broken."""
    with running_stack() as stack:
        yield stack


@pytest.fixture
async def fragile(fragile_stack: Stack) -> AsyncIterator[House]:
    """A whole system of the test's own, with nothing in it."""
    house = House(fragile_stack)
    yield house
    await house.close()
