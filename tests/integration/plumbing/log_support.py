"""What the tests of the event log share: events to write, a relay to run, a topic to read."""

import asyncio
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from shared.plumbing import outbox
from shared.plumbing.clock import SystemClock
from shared.plumbing.ids import new_event_id
from shared.plumbing.kafka.clients import read_ends
from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.outbox.relay import ProducerFactory
from shared.plumbing.postgres import Database

PARTITIONS = 4


def some_events(count: int, *, start: int = 0, sequence: int = 1) -> list[outbox.NewEvent]:
    return [
        outbox.NewEvent(
            ce_id=new_event_id(),
            subject=f"subject-{number}",
            sequence=sequence,
            type="vn.caunoi.Something.v1",
            recorded_at=datetime.now(UTC),
            data=b'{"number":%d}' % number,
        )
        for number in range(start, start + count)
    ]


async def write(database: Database, events: Sequence[outbox.NewEvent]) -> None:
    async with database.transaction() as conn:
        await outbox.append(conn, events)


def make_relay(
    dsn: str, kafka: str, topic: str, *, factory: ProducerFactory | None = None, rows: int = 100
) -> outbox.Relay:
    return outbox.Relay(
        dsn=dsn,
        bootstrap=kafka,
        topic=topic,
        partitions=PARTITIONS,
        source="/caunoi/test",
        name="test",
        clock=SystemClock(),
        metrics=outbox.OutboxMetrics(CollectorRegistry(), topic),
        rows=rows,
        producer_factory=factory,
    )


def start_relay_process(dsn: str, kafka: str, topic: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.integration.plumbing.relay_process", dsn, kafka, topic]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


async def sent(database: Database) -> int:
    async with database.connection() as conn:
        return (await outbox.head(conn)).sent


async def read_topic(kafka: str, topic: str) -> dict[int, list[RawRecord]]:
    return dict(await read_ends(kafka, topic, PARTITIONS, depth=1_000_000))


def position(record: RawRecord) -> int:
    return int(record.header("ce_position") or "")


def assert_whole(topic: dict[int, list[RawRecord]], count: int) -> None:
    """A reader that drops repeats sees every position once, without a hole in any partition."""
    ids: defaultdict[int, set[str | None]] = defaultdict(set)
    for partition, records in topic.items():
        mark = 0
        for record in records:
            here, previous = position(record), int(record.header("ce_previous") or "")
            ids[here].add(record.header("ce_id"))
            if here <= mark:
                continue  # a repeat
            assert previous == mark, f"a hole in partition {partition} before {here}"
            mark = here
    assert sorted(ids) == list(range(1, count + 1))
    assert all(len(found) == 1 for found in ids.values()), "one position, two events"


async def leads(relay: outbox.Relay) -> bool:
    await asyncio.sleep(0)
    return relay.state == "leading"
