"""One Kafka and one Postgres of the faults' own: they are killed too."""

import random
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.local.ports import Ports
from deploy.local.stack import Stack
from tests.faults.rig import TOPIC, Rig, new_rig
from tests.support.event_log import EventLog
from tests.support.servers import Servers


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Servers that a test may kill."""
    with tempfile.TemporaryDirectory(prefix="caunoi-faults-") as folder:
        Path(folder).chmod(0o755)
        with Stack(Path(folder), ports=Ports.free(), services=()) as found:
            yield found


@pytest.fixture(scope="module")
def log() -> EventLog:
    """The producer's log goes on from test to test, as the topic does."""
    return EventLog(TOPIC)


@pytest.fixture
async def rig(stack: Stack, log: EventLog, tmp_path: Path) -> AsyncIterator[Rig]:
    servers = Servers(stack.database_url(), stack.addresses.kafka)
    async with new_rig(servers, tmp_path, log) as found:
        yield found


@pytest.fixture
def dice(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """Random numbers of the session's seed, different for each test."""
    return random.Random(f"{seed} {request.node.name}")
