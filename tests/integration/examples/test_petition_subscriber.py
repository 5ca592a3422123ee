"""The reference subscriber on real Kafka: redelivery, a hole, a restart."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import (  # type: ignore[import-untyped]
    AIOKafkaConsumer,
    AIOKafkaProducer,
    TopicPartition,
)
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete  # type: ignore[import-untyped]

from examples.petition_subscriber.follow import TOPIC
from examples.petition_subscriber.mine import MyList
from services import petitions
from shared.contracts.topics import topics_of
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics
from shared.plumbing.migrate import migrate
from tests.support.servers import Servers, named, run_sql, until

ROOT = Path(__file__).parents[3]
MIGRATIONS = Path(petitions.__file__).parent / "migrations"


@pytest.fixture
async def kafka(servers: Servers) -> str:
    """Kafka with the topics of the petitions made anew: a log belongs to one database."""
    specs = [TopicSpec(t.name, t.partitions, t.retention_ms) for t in topics_of("petitions")]
    names = {spec.name for spec in specs}
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka)
    await admin.start()
    try:
        if old := names & set(await admin.list_topics()):
            await admin.delete_topics(sorted(old))

        async def gone() -> bool:
            return not names & set(await admin.list_topics())

        await until(gone, what="the old topics are gone")
    finally:
        await admin.close()
    await ensure_topics(servers.kafka, specs)
    return servers.kafka


@contextlib.contextmanager
def process(log: Path, *command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as out:
        running = subprocess.Popen(
            (sys.executable, "-m", *command),
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=out,
            stderr=out,
        )
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.wait(30)


@dataclass(frozen=True)
class System:
    """The petitions service, and a client of it that may do everything."""

    kafka: str
    url: str
    client: httpx.AsyncClient

    async def file(self, number: int) -> str:
        body = {
            "field": "land",
            "petitioner_kind": "person",
            "title": "Đất đai",
            "text": f"Kiến nghị số {number}",
            "petitioner": {"name": "Nguyễn Văn Mẫu"},
            "reference": f"PA-{number}",
        }
        answer = await self.client.post("/v1/petitions", json=body)
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["id"]
        return found

    async def act(self, petition_id: str, action: str, **body: Any) -> None:
        answer = await self.client.post(f"/v1/petitions/{petition_id}/actions/{action}", json=body)
        assert answer.status_code == 200, answer.text

    async def walk(self, numbers: range) -> None:
        for number in numbers:
            petition_id = await self.file(number)
            await self.act(petition_id, "assign")
            if number % 3 == 0:
                await self.act(petition_id, "answer", document=f"{number}/SNNMT")

    async def states(self) -> dict[str, tuple[int, dict[str, Any]]]:
        lines = (await self.client.get("/v1/snapshot")).content.splitlines()[1:-1]
        rows = [json.loads(line) for line in lines]
        return {row["id"]: (row["sequence"], row["state"]) for row in rows}

    async def published(self) -> int:
        """The position that the log has reached when nothing waits any more."""

        async def idle() -> bool:
            metrics = (await self.client.get("/metrics")).text
            return 'caunoi_outbox_rows{topic="caunoi.petitions.events.v1"} 0.0' in metrics

        await until(idle, what="the outbox is empty")
        return int((await self.client.get("/v1/events?limit=1")).json()["head"])


@pytest.fixture
async def system(servers: Servers, kafka: str, tmp_path: Path) -> AsyncIterator[System]:
    database = f"subscriber_{uuid.uuid4().hex[:12]}"
    dsn = named(servers.postgres, database)
    await migrate(dsn, MIGRATIONS)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    scopes = ["petitions:file", "petitions:handle", "figures:read"]
    token = {"token": "t", "name": "one", "agency": "SNNMT", "scopes": scopes}
    (tmp_path / "tokens.json").write_text(json.dumps({"tokens": [token]}), "utf-8")
    environment = {
        "CAUNOI_DATABASE_URL": dsn,
        "CAUNOI_KAFKA": kafka,
        "CAUNOI_PORT": str(port),
        "CAUNOI_TOKENS": str(tmp_path / "tokens.json"),
    }
    prepared = await asyncio.to_thread(
        subprocess.run,
        (sys.executable, "-m", "services.petitions", "migrate"),
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
    assert prepared.returncode == 0
    url = f"http://127.0.0.1:{port}"
    headers = {"authorization": "Bearer t"}
    with process(tmp_path / "petitions.log", "services.petitions", "serve", **environment):
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:

            async def ready() -> bool:
                with contextlib.suppress(httpx.HTTPError):
                    return (await client.get("/readyz")).status_code == 200
                return False

            await until(ready, what=f"the service is ready: {tmp_path / 'petitions.log'}")
            yield System(kafka, url, client)
    await run_sql(named(servers.postgres, "postgres"), f"DROP DATABASE {database} WITH (FORCE)")


@dataclass(frozen=True)
class Subscriber:
    """The example as a process of its own, and its list."""

    system: System
    path: Path
    group: str
    log: Path

    def running(self) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
        return process(
            self.log,
            "examples.petition_subscriber",
            f"--kafka={self.system.kafka}",
            f"--petitions={self.system.url}",
            f"--list={self.path}",
            f"--group={self.group}",
            CAUNOI_TOKEN="t",
        )

    @property
    def mine(self) -> MyList:
        return MyList(self.path)

    async def catches_up(self) -> None:
        head = await self.system.published()
        states = await self.system.states()

        async def there() -> bool:
            return self.mine.petitions() == states

        await until(there, what=f"the list is as the service's at {head}: {self.log}", seconds=60)


@pytest.fixture
def subscriber(system: System, tmp_path: Path) -> Subscriber:
    group = f"example-{uuid.uuid4().hex[:8]}"
    return Subscriber(system, tmp_path / "mine.sqlite", group, tmp_path / "subscriber.log")


async def test_it_begins_with_the_snapshot_and_follows(
    system: System, subscriber: Subscriber
) -> None:
    await system.walk(range(10))
    await system.published()
    with subscriber.running():
        await subscriber.catches_up()
        assert "begun with 10 petitions" in subscriber.log.read_text("utf-8")
        await system.walk(range(10, 20))
        await subscriber.catches_up()
    assert sum(subscriber.mine.by_status().values()) == 20


async def test_what_is_delivered_again_changes_nothing(
    system: System, subscriber: Subscriber
) -> None:
    await system.walk(range(6))
    with subscriber.running():
        await subscriber.catches_up()
    before = subscriber.mine.petitions()
    await send_all_again(system.kafka)
    with subscriber.running():
        await system.walk(range(6, 8))
        await subscriber.catches_up()
    after = subscriber.mine.petitions()
    assert {name: after[name] for name in before} == before
    assert "repeat" in subscriber.log.read_text("utf-8")


async def test_a_hole_is_filled_from_the_feed(system: System, subscriber: Subscriber) -> None:
    await system.walk(range(6))
    with subscriber.running():
        await subscriber.catches_up()
    await system.walk(range(6, 20))
    await system.published()
    # While it was away, the topic lost all that it had not read, and more came: enough that each
    # partition has a later event, for only that shows what is missing before it.
    await cut_the_topic(system.kafka)
    await system.walk(range(20, 60))
    with subscriber.running():
        await subscriber.catches_up()
    assert "hole:" in subscriber.log.read_text("utf-8")


async def test_killed_without_warning_it_goes_on_where_its_list_stands(
    system: System, subscriber: Subscriber
) -> None:
    writing = asyncio.create_task(system.walk(range(15)))
    kills = 0
    while not writing.done() or kills < 2:
        with subscriber.running() as running:
            have = len(subscriber.mine.petitions())

            async def moved(have: int = have) -> bool:
                return len(subscriber.mine.petitions()) > have or writing.done()

            await until(moved, what=f"it goes on: {subscriber.log}")
            running.send_signal(signal.SIGKILL)
            kills += 1
    await writing
    with subscriber.running():
        await subscriber.catches_up()


async def send_all_again(kafka: str) -> None:
    """Write every record of the topic once more, with the same headers."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest")
    async with producer, consumer:
        places = [TopicPartition(TOPIC, number) for number in range(12)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        for place, end in ends.items():
            await consumer.seek_to_beginning(place)
            while await consumer.position(place) < end:
                records = await consumer.getmany(place, timeout_ms=500)
                for record in records.get(place, ()):
                    await producer.send_and_wait(
                        TOPIC,
                        record.value,
                        record.key,
                        partition=place.partition,
                        headers=list(record.headers),
                    )


async def cut_the_topic(kafka: str) -> None:
    """Delete every record that the topic holds now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        async with consumer:
            places = [TopicPartition(TOPIC, number) for number in range(12)]
            ends = await consumer.end_offsets(places)
        await admin.delete_records(
            {place: RecordsToDelete(before_offset=end) for place, end in ends.items()}
        )
    finally:
        await admin.close()
