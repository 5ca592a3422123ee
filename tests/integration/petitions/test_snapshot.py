"""A snapshot stands at one position of the log: with what follows it, it is the whole log."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest

from shared.plumbing.outbox import stamping
from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import As, act, file, problem

PARTITIONS = 12
TOPIC = "caunoi.petitions.events.v1"


@pytest.fixture
async def relay(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await stamping.connect(dsn, "test-relay")
    await conn.execute("SET idle_session_timeout = 0")
    yield conn
    await conn.close()


async def stamp(relay: Connection, rows: int) -> int:
    """Stamp as the relay does; the position it then stands at."""
    at = await stamping.load(relay, TOPIC, PARTITIONS)
    new, _ = await stamping.stamp(relay, at, at.stamped, rows=rows, octets=10**9)
    return new.stamped


async def snapshot(as_: As) -> tuple[dict[str, Any], dict[str, dict[str, Any]], dict[str, Any]]:
    answer = await as_("reader").get("/v1/snapshot")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    first, *middle, last = [orjson.loads(line) for line in answer.content.splitlines()]
    assert last == {"petitions": len(middle)}
    return first, {line["id"]: line for line in middle}, last


async def follow(
    as_: As, states: dict[str, dict[str, Any]], after: int
) -> dict[str, dict[str, Any]]:
    """Apply every event of the feed after a position; each is the next of its petition."""
    found = dict(states)
    feed = (await as_("reader").get("/v1/events", params={"after": after, "limit": 1000})).json()
    for event in feed["events"]:
        have = found.get(event["subject"], {"sequence": 0})
        assert event["sequence"] == have["sequence"] + 1
        found[event["subject"]] = {
            "id": event["subject"],
            "sequence": event["sequence"],
            "state": event["data"]["state"],
        }
    return found


async def walk(as_: As, number: int) -> str:
    filed = await file(as_, reference=f"PA-{number}")
    await act(as_, filed["id"], "assign", by="VPUB")
    if number % 2:
        await act(as_, filed["id"], "answer", document=f"{number}/STC")
    found: str = filed["id"]
    return found


async def test_at_every_position_snapshot_and_what_follows_make_the_whole(
    as_: As, relay: Connection
) -> None:
    for number in range(6):
        await walk(as_, number)
    cuts = []
    position = -1
    # The outbox is stamped one event at a time; before each there is a snapshot, in the middle of
    # petitions whose later events still wait.
    while (reached := await stamp(relay, 1)) != position:
        position = reached
        cuts.append(await snapshot(as_))
    assert [first["position"] for first, _, _ in cuts] == list(range(1, position + 1))
    whole = cuts[-1][1]
    assert len(whole) == 6
    for first, states, _ in cuts:
        assert await follow(as_, states, first["position"]) == whole


async def test_a_snapshot_knows_where_each_partition_ends(as_: As, relay: Connection) -> None:
    for number in range(5):
        await walk(as_, number)
    await stamp(relay, 1000)
    first, _, _ = await snapshot(as_)
    feed = (await as_("reader").get("/v1/events", params={"limit": 1000})).json()
    ends = [0] * PARTITIONS
    for event in feed["events"]:
        assert event["previous"] == ends[event["partition"]]
        ends[event["partition"]] = event["position"]
    assert first["partitions"] == ends
    assert first["position"] == max(ends) == feed["head"]


async def test_a_snapshot_while_petitions_are_filed_never_runs_ahead_of_its_position(
    as_: As, relay: Connection
) -> None:
    done = asyncio.Event()

    async def write() -> None:
        for number in range(12):
            await walk(as_, number)
        done.set()

    async def publish() -> None:
        while not done.is_set():
            await stamp(relay, 3)
            await asyncio.sleep(0)

    async def look() -> list[tuple[dict[str, Any], dict[str, dict[str, Any]], dict[str, Any]]]:
        found = []
        while not done.is_set():
            found.append(await snapshot(as_))
        return found

    _, _, cuts = await asyncio.gather(write(), publish(), look())
    await stamp(relay, 1000)
    _, whole, _ = await snapshot(as_)
    assert cuts
    for first, states, _ in cuts:
        assert await follow(as_, states, first["position"]) == whole


async def test_an_empty_service_has_an_empty_snapshot(as_: As) -> None:
    assert await snapshot(as_) == ({"position": 0, "partitions": []}, {}, {"petitions": 0})


async def test_who_waits_at_the_end_of_the_log_gets_the_next_event(
    as_: As, relay: Connection
) -> None:
    await walk(as_, 0)
    end = await stamp(relay, 1000)
    waiting = [
        asyncio.create_task(as_("reader").get(f"/v1/events?after={end}&wait=30")) for _ in range(20)
    ]
    filed = await file(as_, reference="PA-9")
    await stamp(relay, 1000)
    for answer in await asyncio.gather(*waiting):
        (event,) = answer.json()["events"]
        assert event["subject"] == filed["id"]


async def test_who_waits_in_vain_gets_an_empty_page(as_: As, relay: Connection) -> None:
    await walk(as_, 0)
    end = await stamp(relay, 1000)
    answer = await as_("reader").get(f"/v1/events?after={end}&wait=0.2")
    assert answer.json() == {"events": [], "next": end, "head": end}
    assert problem(await as_("reader").get("/v1/events?wait=31"), 422)


async def test_the_snapshot_is_for_those_who_read_events(as_: As) -> None:
    assert problem(await as_("portal").get("/v1/snapshot"), 403) == "forbidden"
    assert problem(await as_("").get("/v1/snapshot"), 401) == "unauthenticated"
