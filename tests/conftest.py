"""Fixtures for all tests: servers, and how long is long."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.servers import Servers, servers_of_the_session

LONG = os.environ.get("TEST_LONG") == "1"
SEED = int(os.environ.get("TEST_SEED", "20250912"))

settings.register_profile(
    "short",
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("long", parent=settings.get_profile("short"), max_examples=600)
settings.load_profile("long" if LONG else "short")


def pytest_report_header() -> str:
    """Say the seed, so that a failure can be had again."""
    return f"seed {SEED} (TEST_SEED), {'long' if LONG else 'short'} (TEST_LONG)"


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Kafka and Postgres for the whole session."""
    with servers_of_the_session() as found:
        yield found


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of what is random."""
    return SEED


@pytest.fixture(scope="session")
def long() -> bool:
    """Whether what is long and random runs in full; else a tenth of it."""
    return LONG
