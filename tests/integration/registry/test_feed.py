"""A subscriber begins with the snapshot and goes on by the feed or by the topic."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]
from prometheus_client import CollectorRegistry

from services.registry.app import SOURCE, Service
from shared.contracts.headers import place_of
from shared.plumbing.clock import SystemClock
from shared.plumbing.ids import new_event_id
from shared.plumbing.kafka.records import raw_record
from shared.plumbing.kafka.topics import TopicSpec, ensure_topics
from shared.plumbing.outbox import OutboxMetrics, Relay
from shared.plumbing.postgres import Connection
from tests.integration.registry.bodies import CODE, OTHER, change, enterprise
from tests.support.servers import Servers, until

PARTITIONS = 3
States = dict[str, tuple[int, Any]]


@pytest.fixture
async def topic(servers: Servers) -> str:
    name = f"registry.{new_event_id()}"
    await ensure_topics(servers.kafka, [TopicSpec(name, PARTITIONS, None)])
    return name


@pytest.fixture
async def relay(servers: Servers, dsn: str, service: Service, topic: str) -> AsyncIterator[Relay]:
    """A relay that is not running yet; the watch listens."""
    async with service.watch.running():
        yield Relay(
            dsn=dsn,
            bootstrap=servers.kafka,
            topic=topic,
            partitions=PARTITIONS,
            source=SOURCE,
            name="test",
            clock=SystemClock(),
            metrics=OutboxMetrics(CollectorRegistry(), topic),
            rows=7,
        )


def code_of(number: int) -> str:
    """A group's internal id: codes without a check digit."""
    return f"THT-{number:010d}"


async def register(http: httpx.AsyncClient, number: int) -> None:
    body = enterprise(code_of(number), f"R-{number}", kind="cooperative_group")
    del body["legal_form"]
    assert (await http.post("/v1/cooperatives", json=body)).status_code == 201


async def set_capital(http: httpx.AsyncClient, number: int, amount: int) -> None:
    body = change("CapitalChanged", "2025-06-01", f"C-{number}-{amount}", capital_vnd=amount)
    path = f"/v1/entities/{code_of(number)}/changes"
    assert (await http.post(path, json=body)).status_code == 200


async def snapshot(http: httpx.AsyncClient) -> tuple[dict[str, Any], States]:
    lines = [json.loads(line) for line in (await http.get("/v1/snapshot")).text.splitlines()]
    states = {line["code"]: (line["sequence"], line["state"]) for line in lines[1:-1]}
    assert lines[-1] == {"entities": len(states)}
    return lines[0], states


def keep(states: States, event: dict[str, Any]) -> None:
    """Do what a subscriber does: keep the highest sequence."""
    if event["sequence"] > states.get(event["subject"], (0, None))[0]:
        states[event["subject"]] = (event["sequence"], event["state"])


async def register_says(http: httpx.AsyncClient) -> States:
    lines = (await http.get("/v1/entities.ndjson")).text.splitlines()
    return {e["code"]: (e["version"], e["state"]) for e in map(json.loads, lines)}


async def replayed(http: httpx.AsyncClient, through: int) -> States:
    """The states that the events up to a position say."""
    states: States = {}
    feed = (await http.get("/v1/events", params={"limit": 1000})).json()
    for event in feed["events"]:
        if event["position"] <= through:
            keep(states, event["data"])
    return states


async def busy(http: httpx.AsyncClient, numbers: range) -> None:
    for number in numbers:
        await register(http, number)
        await set_capital(http, number - numbers.start, number)


async def test_the_snapshot_says_exactly_what_the_events_up_to_its_position_say(
    http: httpx.AsyncClient, relay: Relay, service: Service
) -> None:
    async with relay.running():
        for number in range(5):
            await register(http, number)
        await until(lambda: stamped(service, 5), what="five are stamped")
    # Nobody stamps now: what follows waits.
    await set_capital(http, 0, 1)
    await set_capital(http, 0, 2)
    await register(http, 9)
    cut, states = await snapshot(http)
    assert cut["position"] == 5
    assert sorted(cut["partitions"])[-1] == 5
    assert states == await replayed(http, 5)
    assert code_of(9) not in states
    assert states[code_of(0)][0] == 1


async def stamped(service: Service, position: int) -> bool:
    async with service.database.connection() as conn:
        return bool(await conn.fetchval("SELECT stamped_through >= $1 FROM relay", position))


async def test_a_subscriber_by_snapshot_and_feed_ends_with_the_states_while_writes_go_on(
    http: httpx.AsyncClient, relay: Relay
) -> None:
    async with relay.running():
        await busy(http, range(10))
        writing = asyncio.create_task(busy(http, range(10, 60)))
        cut, states = await snapshot(http)
        assert states == await replayed(http, cut["position"])
        after = cut["position"]
        while not (writing.done() and states == await register_says(http)):
            asked = {"after": after, "limit": 7, "wait": 1}
            feed = (await http.get("/v1/events", params=asked)).json()
            positions = [event["position"] for event in feed["events"]]
            assert positions == list(range(after + 1, after + 1 + len(positions)))
            for event in feed["events"]:
                keep(states, event["data"])
            after = feed["next"]
        await writing
    assert len(states) == 60


async def test_a_subscriber_by_snapshot_and_topic_ends_with_the_states_while_writes_go_on(
    http: httpx.AsyncClient, relay: Relay, servers: Servers, topic: str
) -> None:
    async with relay.running():
        await busy(http, range(10))
        writing = asyncio.create_task(busy(http, range(10, 40)))
        cut, states = await snapshot(http)
        marks = dict(enumerate(cut["partitions"]))
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=servers.kafka, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            while not (writing.done() and states == await register_says(http)):
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    for record in records:
                        place = place_of(raw_record(record).headers)
                        if place.position <= marks[record.partition]:
                            continue  # in the snapshot already
                        assert place.previous == marks[record.partition]
                        marks[record.partition] = place.position
                        keep(states, json.loads(record.value))
        finally:
            await consumer.stop()
        await writing
    assert len(states) == 40


async def test_who_waits_is_woken_by_the_event(
    http: httpx.AsyncClient, relay: Relay, service: Service
) -> None:
    async with relay.running():
        waiting = asyncio.create_task(http.get("/v1/events", params={"wait": 30}))
        await register(http, 1)
        feed = (await waiting).json()
    assert [event["position"] for event in feed["events"]] == [1]


async def test_a_reader_that_waits_asks_the_server_nothing(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    async with service.watch.running():
        answers = [
            asyncio.create_task(http.get("/v1/events", params={"wait": 30})) for _ in range(20)
        ]
        await until(lambda: all_wait(service, 20), what="twenty wait")
        # All connections of the pool are free.
        assert service.database.pool.get_idle_size() == service.database.pool.get_size() - 1
    # At its end the watch lets everybody go.
    feeds = [(await answer).json() for answer in answers]
    assert feeds == [{"events": [], "next": 0, "head": 0}] * 20


async def test_nobody_waits_for_a_service_that_stops(
    http: httpx.AsyncClient, service: Service
) -> None:
    async with service.watch.running():
        early = asyncio.create_task(http.get("/v1/events", params={"wait": 30}))
        await until(lambda: all_wait(service, 1), what="one waits")
        service.watch.release()
        late = asyncio.create_task(http.get("/v1/events", params={"wait": 30}))
        feeds = [(await answer).json() for answer in (early, late)]
    assert feeds == [{"events": [], "next": 0, "head": 0}] * 2


async def all_wait(service: Service, number: int) -> bool:
    return service.watch.waiting == number


async def test_without_an_event_the_answer_comes_when_its_time_is_over(
    http: httpx.AsyncClient,
) -> None:
    feed = await http.get("/v1/events", params={"wait": 0.05})
    assert feed.json() == {"events": [], "next": 0, "head": 0}
    for wait in ("31", "-1", "x", "nan"):
        assert (await http.get("/v1/events", params={"wait": wait})).status_code == 422


async def test_more_exports_than_the_pool_can_bear_are_told_to_come_again(
    http: httpx.AsyncClient, service: Service
) -> None:
    await http.post("/v1/enterprises", json=enterprise(CODE))
    await http.post("/v1/enterprises", json=enterprise(OTHER, "R-2"))
    held = [service.feed.streams.snapshot() for _ in range(4)]
    for one in held:
        await one.__aenter__()
    busy = await http.get("/v1/snapshot")
    assert (busy.status_code, busy.json()["code"]) == (503, "busy")
    assert (await http.get("/v1/entities.csv")).status_code == 503
    for one in held:
        await one.__aexit__(None, None, None)
    assert (await http.get("/v1/snapshot")).status_code == 200
