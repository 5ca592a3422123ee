"""The service as a process of its own, on real Kafka and Postgres."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from aiokafka import (  # type: ignore[import-untyped]
    AIOKafkaConsumer,
    AIOKafkaProducer,
    TopicPartition,
)
from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]

from shared.contracts.catalogue import parse
from shared.contracts.headers import place_of, type_of
from shared.contracts.topics import (
    REGISTRY_EVENTS_TOPIC,
    REGISTRY_INTAKE_TOPIC,
    REGISTRY_REJECTED_TOPIC,
    Topic,
    topics_of,
)
from shared.plumbing.kafka.records import RawRecord, raw_record
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics
from shared.plumbing.outbox import verify
from shared.plumbing.postgres import Database
from tests.integration.registry.bodies import (
    CODE,
    OTHER,
    branch,
    change,
    enterprise,
    headers_of,
    rows,
)
from tests.support.servers import Servers, until

ROOT = Path(__file__).parents[3]
Sent = tuple[bytes | None, bytes | None, dict[str, bytes]]


def fact(name: str, body: dict[str, object]) -> Sent:
    code = str(body["code"])
    data = {key: value for key, value in body.items() if key != "fact"}
    return code.encode(), json.dumps(data).encode(), headers_of(name, code)


@pytest.fixture
async def kafka(servers: Servers) -> str:
    """Kafka with the registry's topics made anew: a log belongs to one database."""
    specs = [TopicSpec(t.name, t.partitions, t.retention_ms) for t in topics_of("registry")]
    names = {spec.name for spec in specs}
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka)
    await admin.start()
    try:
        old = names & set(await admin.list_topics())
        if old:
            await admin.delete_topics(sorted(old))

        async def gone() -> bool:
            return not names & set(await admin.list_topics())

        await until(gone, what="the old topics are gone")
    finally:
        await admin.close()
    await ensure_topics(servers.kafka, specs)
    return servers.kafka


@dataclass
class Process:
    """A service in a process, and how to reach it."""

    environment: dict[str, str]
    url: str
    folder: Path
    running: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        with (self.folder / "log").open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "services.registry", "serve"],
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
            )
        await until(self.ready, what=f"the service is ready: {self.folder / 'log'}")

    async def ready(self) -> bool:
        return await self.status("readyz") == 200

    async def status(self, path: str) -> int:
        try:
            async with httpx.AsyncClient(timeout=2) as client:
                return (await client.get(f"{self.url}/{path}")).status_code
        except httpx.HTTPError:
            return 0

    def end(self, how: signal.Signals) -> int:
        """End it with a signal; its exit code."""
        assert self.running is not None
        self.running.send_signal(how)
        code = self.running.wait(30)
        self.running = None
        return code


@pytest.fixture
async def process(dsn: str, kafka: str, tmp_path: Path) -> AsyncIterator[Process]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    tokens = tmp_path / "tokens.json"
    scopes = ["registry:feed", "registry:read"]
    token = {"token": "dkkd", "name": "dkkd", "agency": None, "scopes": scopes}
    tokens.write_text(json.dumps({"tokens": [token]}), "utf-8")
    environment = {
        "CAUNOI_DATABASE_URL": dsn,
        "CAUNOI_KAFKA": kafka,
        "CAUNOI_HOST": "127.0.0.1",
        "CAUNOI_PORT": str(port),
        "CAUNOI_TOKENS": str(tokens),
        "CAUNOI_WAITING_SECONDS": "1",
    }
    made = Process(environment, f"http://127.0.0.1:{port}", tmp_path)
    await made.start()
    yield made
    if made.running is not None:
        made.end(signal.SIGKILL)


async def send(kafka: str, records: Sequence[Sent]) -> None:
    """Send records to the intake topic, in order for each key."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True, linger_ms=5)
    await producer.start()
    try:
        sent = [
            await producer.send(
                REGISTRY_INTAKE_TOPIC.name, value, key, headers=list(headers.items())
            )
            for key, value, headers in records
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def everything(kafka: str, topic: Topic) -> list[RawRecord]:
    """Read a topic from its first record to its present end."""
    places = [TopicPartition(topic.name, n) for n in range(topic.partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    await consumer.start()
    found: list[RawRecord] = []
    try:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                found += [raw_record(record) for record in records]
    finally:
        await consumer.stop()
    return found


def check_log(records: Sequence[RawRecord]) -> dict[str, int]:
    """Check the partition chains and sequences of published events; events by subject.

    A repeated delivery is allowed where its place says so.
    """
    marks: dict[int, int] = {}
    sequences: dict[str, int] = {}
    for record in records:
        place = place_of(record.headers)
        if place.position <= marks.get(record.partition, 0):
            continue
        assert place.previous == marks.get(record.partition, 0)
        marks[record.partition] = place.position
        assert record.value is not None
        event = parse(type_of(record.headers), record.value, record.topic)
        assert event.sequence == sequences.get(event.subject, 0) + 1
        sequences[event.subject] = event.sequence
    return sequences


def codes(count: int) -> list[str]:
    """Return valid codes."""
    weights = (31, 29, 23, 19, 17, 13, 7, 5, 3)
    found: list[str] = []
    number = 490_100_000
    while len(found) < count:
        number += 1
        rest = sum(w * int(d) for w, d in zip(weights, str(number), strict=True)) % 11
        if rest:
            found.append(f"{number}{(10 - rest) % 10}" if rest < 10 else f"{number}0")
    return found


async def test_a_rubbish_record_is_parked_and_sent_back_and_the_next_one_is_published(
    process: Process, kafka: str, dsn: str
) -> None:
    rubbish: list[Sent] = [
        (b"x", b"\x00\xff", {"content-type": b"\xff", "keep": b"me"}),
        (CODE.encode(), None, headers_of("EnterpriseRegistered", CODE)),
        fact("BranchRegistered", branch(f"{OTHER}-001", "lost")),
    ]
    good = fact("EnterpriseRegistered", enterprise())
    await send(kafka, [*rubbish, good])
    async with Database(dsn, name="test") as database, database.connection() as conn:

        async def done() -> bool:
            counted = await rows(conn)
            unsent = await conn.fetchval("SELECT count(*) FROM rejected WHERE sent_at IS NULL")
            return (counted["rejected"], counted["event"], counted["outbox"], unsent) == (
                3,
                1,
                0,
                0,
            )

        await until(done, what="three parked and sent, one recorded")
    back = {r.key: r for r in await everything(kafka, REGISTRY_REJECTED_TOPIC)}
    assert {key: r.header("caunoi-code") for key, r in back.items()} == {
        b"x": "bad_headers",
        CODE.encode(): "null_value",
        f"{OTHER}-001".encode(): "unknown_parent",
    }
    first = back[b"x"]
    assert (first.value, first.header("keep")) == (b"\x00\xff", "me")
    assert first.header("caunoi-reason-vi")
    assert back[f"{OTHER}-001".encode()].header("caunoi-reference") == "lost"

    async def published() -> bool:
        return check_log(await everything(kafka, REGISTRY_EVENTS_TOPIC)) == {CODE: 1}

    await until(published, what="the good record is published")
    assert process.end(signal.SIGTERM) in {0, -signal.SIGTERM}


def structured(name: str, body: dict[str, object]) -> Sent:
    """The same fact as one JSON object, attributes and data together."""
    code, value, headers = fact(name, body)
    assert code is not None
    assert value is not None
    names = ("specversion", "id", "type", "source", "subject")
    event = {**{n: headers[f"ce_{n}"].decode() for n in names}, "data": json.loads(value)}
    return code, json.dumps(event).encode(), {"content-type": b"application/cloudevents+json"}


async def test_the_same_by_http_and_by_the_topic_in_both_modes_is_published_once(
    process: Process, kafka: str, dsn: str
) -> None:
    subjects = codes(200)
    bodies = [enterprise(code, f"A-{code}") for code in subjects]
    records = [
        (structured if number % 2 else fact)("EnterpriseRegistered", body)
        for number, body in enumerate(bodies)
    ]
    # Of each tenth the topic says something else.
    conflicts = subjects[::10]
    for code in conflicts:
        other = enterprise(code, f"A-{code}", capital_vnd=1)
        records[subjects.index(code)] = fact("EnterpriseRegistered", other)
    headers = {"authorization": "Bearer dkkd"}
    async with httpx.AsyncClient(base_url=process.url, headers=headers, timeout=60) as client:
        answers, _ = await asyncio.gather(
            asyncio.gather(*(client.post("/v1/enterprises", json=body) for body in bodies)),
            send(kafka, records),
        )
    posted = {body["code"]: answer for body, answer in zip(bodies, answers, strict=True)}
    refused = {code for code, answer in posted.items() if answer.status_code == 409}
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert {posted[code].json()["code"] for code in refused} <= {"reference_conflict"}
    assert refused <= set(conflicts)
    async with Database(dsn, name="test") as database, database.connection() as conn:

        async def everything_is_settled() -> bool:
            taken = await conn.fetchval("SELECT sum(next) FROM consumed")
            sent = await conn.fetchval("SELECT sent_through FROM relay")
            return (taken, sent) == (len(records), len(subjects))

        await until(everything_is_settled, what="all records taken, all events sent")
        rejected = await conn.fetch("SELECT key, code FROM rejected")
    # Whichever door came second was refused.
    assert {(r["key"].decode(), r["code"]) for r in rejected} == {
        (code, "reference_conflict") for code in set(conflicts) - refused
    }
    published = check_log(await everything(kafka, REGISTRY_EVENTS_TOPIC))
    assert published == dict.fromkeys(subjects, 1)


async def test_killed_in_the_middle_of_the_intake_everything_is_there_once(
    process: Process, kafka: str, dsn: str
) -> None:
    subjects = codes(1_500)
    records = [
        *(fact("EnterpriseRegistered", enterprise(c, f"A-{c}")) for c in subjects),
        *(
            fact("CapitalChanged", change("", "2025-05-15", f"B-{c}", code=c, capital_vnd=7))
            for c in subjects
        ),
    ]
    async with Database(dsn, name="test") as database, database.connection() as conn:
        sending = asyncio.create_task(send(kafka, records))
        for part in (0.1, 0.4, 0.7):

            async def so_far(part: float = part) -> bool:
                return (await rows(conn))["reference"] >= part * len(records)

            await until(so_far, what=f"{part} of the records")
            process.end(signal.SIGKILL)
            await process.start()
        await sending

        async def all_sent() -> bool:
            counted = await rows(conn)
            through = await conn.fetchval("SELECT sent_through FROM relay")
            return counted["reference"] == len(records) and through == counted["event"]

        await until(all_sent, what="everything recorded and published")
        counted = await rows(conn)
        assert (counted["entity"], counted["event"]) == (len(subjects), len(records))
        assert (counted["rejected"], counted["waiting"]) == (0, 0)
        assert await verify(conn) is None
    published = check_log(await everything(kafka, REGISTRY_EVENTS_TOPIC))
    assert published == dict.fromkeys(subjects, 2)


async def test_the_service_goes_on_after_its_database_connections_were_cut(
    process: Process, kafka: str, dsn: str
) -> None:
    await send(kafka, [fact("EnterpriseRegistered", enterprise())])
    async with Database(dsn, name="test") as database, database.connection() as conn:

        async def events(number: int) -> bool:
            through = await conn.fetchval("SELECT sent_through FROM relay")
            return bool(through == number)

        await until(lambda: events(1), what="the first is published")
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await send(kafka, [fact("EnterpriseRegistered", enterprise(OTHER, "R-2"))])
        await until(lambda: events(2), what="the second is published")
    assert await process.status("healthz") == 200


async def test_a_service_that_stops_answers_those_who_wait_for_events(
    process: Process,
) -> None:
    headers = {"authorization": "Bearer dkkd"}
    async with httpx.AsyncClient(base_url=process.url, headers=headers, timeout=60) as client:

        async def position(after: int) -> int:
            feed = (await client.get("/v1/events", params={"after": after, "wait": 30})).json()
            return int(feed["head"])

        async def all_wait() -> bool:
            metrics = (await client.get("/metrics")).text
            return "caunoi_registry_feed_waiting 20.0" in metrics

        assert (await client.post("/v1/enterprises", json=enterprise())).status_code == 201
        assert await position(0) == 1
        answers = [asyncio.create_task(position(1)) for _ in range(20)]
        await until(all_wait, what="twenty wait")
        # Without an answer the connection would be cut, which httpx raises.
        code = await asyncio.to_thread(process.end, signal.SIGTERM)
        assert await asyncio.gather(*answers) == [1] * 20
    assert code in {0, -signal.SIGTERM}
