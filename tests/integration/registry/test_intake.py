"""The use case behind the intake door, on a real Postgres, without Kafka."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.registry.app import Service
from services.registry.consumer import read
from services.registry.domain import Decision, act
from services.registry.handlers import Outcome
from services.registry.handlers.work import Work
from shared.plumbing.clock import FixedClock
from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.postgres import Connection
from tests.integration.registry.bodies import (
    BRANCH,
    CODE,
    OTHER,
    Topic,
    branch,
    change,
    enterprise,
    rows,
)

PATIENCE = timedelta(seconds=60)


async def take(service: Service, records: Sequence[RawRecord]) -> list[Outcome]:
    arrivals = [read(record) for record in records]
    return await service.registrar.transaction(
        lambda conn: service.registrar.take_in(conn, arrivals)
    )


async def statuses(conn: Connection) -> dict[str, str]:
    return {r[0]: r[1] for r in await conn.fetch("SELECT code, status FROM entity")}


async def test_a_batch_sees_what_it_did_itself(service: Service, conn: Connection) -> None:
    topic = Topic()
    outcomes = await take(
        service,
        [
            topic.fact("EnterpriseRegistered", enterprise()),
            topic.fact("BranchRegistered", branch()),
            topic.fact(
                "CapitalChanged",
                change("CapitalChanged", "2025-05-15", "R-3", code=CODE, capital_vnd=15),
            ),
            topic.fact(
                "EntityDissolved",
                change("EntityDissolved", "2025-06-15", "R-4", code=CODE, why="revoked"),
            ),
        ],
    )
    assert [o.sequence for o in outcomes] == [1, 1, 2, 3]
    assert await statuses(conn) == {CODE: "ended", BRANCH: "ended"}
    assert (await rows(conn))["event"] == 5


async def test_a_refused_record_is_parked_whole_and_does_not_disturb_the_others(
    service: Service, conn: Connection
) -> None:
    topic = Topic()
    good = topic.fact("EnterpriseRegistered", enterprise())
    bad = [
        topic.raw(None, None),
        topic.raw(b"\xff\x00", b"\x00\xff", {"a\x00": b"\xff", "ce_type": b"\xff"}),
        topic.fact("EnterpriseRegistered", enterprise(reference="R-9")),
        topic.fact("CapitalChanged", {**change("", "2025-05-01", "R-8"), "code": OTHER}),
        topic.fact("EntityResumed", change("EntityResumed", "2025-05-01", "R-7", code=OTHER)),
    ]
    after = topic.fact("EnterpriseRegistered", enterprise(OTHER, "R-6"))
    outcomes = await take(service, [good, *bad, after])
    assert [o.recorded for o in outcomes] == [True, *[False] * 5, True]
    parked = await conn.fetch("SELECT * FROM rejected ORDER BY id")
    assert [r["code"] for r in parked] == [
        "null_value",
        "bad_headers",
        "already_registered",
        "invalid_field",
        "unknown_entity",
    ]
    assert [(r["partition"], r["offset"], r["key"], r["value"]) for r in parked] == [
        (b.partition, b.offset, b.key, b.value) for b in bad
    ]
    assert parked[1]["header_names"] == [b"a\x00", b"ce_type"]
    assert [r["reference"] for r in parked] == [None, None, "R-9", "R-8", "R-7"]
    assert all(r["reason_vi"] and r["reason_en"] for r in parked)
    assert (await rows(conn))["event"] == 2


async def test_a_record_sent_twice_is_one_fact(service: Service, conn: Connection) -> None:
    topic = Topic()
    await take(service, [topic.fact("EnterpriseRegistered", enterprise())])
    (again,) = await take(service, [topic.fact("EnterpriseRegistered", enterprise())])
    assert again.repeated
    counted = await rows(conn)
    assert (counted["event"], counted["rejected"]) == (1, 0)


async def test_one_reference_by_two_doors_is_one_fact(
    service: Service, http: httpx.AsyncClient, conn: Connection
) -> None:
    posted = await http.post("/v1/enterprises", json=enterprise())
    record = Topic().fact("EnterpriseRegistered", enterprise())
    (outcome,) = await take(service, [record])
    assert outcome.repeated
    assert outcome.event_id == posted.json()["event_id"]
    assert (await rows(conn))["event"] == 1


async def test_a_branch_that_overtakes_its_parent_waits_with_all_that_follows(
    service: Service, conn: Connection
) -> None:
    topic = Topic()
    waiting = [
        topic.fact("BranchRegistered", branch()),
        topic.fact("EntitySuspended", change("EntitySuspended", "2025-05-01", "R-3", code=BRANCH)),
    ]
    assert all(o.waits for o in await take(service, waiting))
    last = topic.fact("EntityResumed", change("EntityResumed", "2025-06-01", "R-4", code=BRANCH))
    assert [o.waits for o in await take(service, [last])] == [True]
    assert (await rows(conn))["waiting"] == 3
    parent = topic.fact("EnterpriseRegistered", enterprise())
    assert [o.recorded for o in await take(service, [parent])] == [True] * 4
    assert await statuses(conn) == {CODE: "active", BRANCH: "active"}
    counted = await rows(conn)
    assert (counted["waiting"], counted["rejected"], counted["event"]) == (0, 0, 4)


async def test_a_waiting_branch_is_taken_when_its_parent_comes_by_http(
    service: Service, http: httpx.AsyncClient, conn: Connection
) -> None:
    await take(service, [Topic().fact("BranchRegistered", branch())])
    await http.post("/v1/enterprises", json=enterprise(reference="R-9"))
    assert await statuses(conn) == {CODE: "active", BRANCH: "active"}
    assert (await rows(conn))["waiting"] == 0


async def test_what_waits_too_long_is_refused_with_what_stands_behind_it(
    service: Service, conn: Connection, clock: FixedClock
) -> None:
    topic = Topic()
    await take(
        service,
        [
            topic.fact("BranchRegistered", branch()),
            topic.fact("EntityResumed", change("EntityResumed", "2025-06-01", "R-4", code=BRANCH)),
        ],
    )
    clock.set(clock.now() + timedelta(seconds=59))
    assert await service.registrar.give_up_waiting(PATIENCE) == 0
    clock.set(clock.now() + timedelta(seconds=2))
    assert await service.registrar.give_up_waiting(PATIENCE) == 2
    parked = await conn.fetch("SELECT code FROM rejected ORDER BY id")
    assert [r["code"] for r in parked] == ["unknown_parent", "unknown_entity"]
    counted = await rows(conn)
    assert (counted["waiting"], counted["entity"]) == (0, 0)


async def test_facts_of_a_family_in_any_order_between_its_subjects_end_in_the_same_states(
    service: Service, conn: Connection, seed: int
) -> None:
    # What Kafka keeps is the order of each subject; between subjects anything can happen.
    dice = random.Random(seed)
    own = [
        ("EnterpriseRegistered", enterprise()),
        ("EntityDissolved", change("", "2025-06-01", "P-2", code=CODE, why="dissolved")),
        ("EntityReinstated", change("", "2025-07-01", "P-3", code=CODE)),
    ]
    units = [
        [
            ("BranchRegistered", branch(reference="B-1")),
            ("EntityDissolved", change("", "2025-05-01", "B-2", code=BRANCH, why="dissolved")),
        ],
        [("BranchRegistered", branch(f"{CODE}-002", "B-3"))],
    ]
    for number in range(15):
        await conn.execute("TRUNCATE entity, reference, waiting, rejected")
        await conn.execute("SET session_replication_role = replica; DELETE FROM event; RESET ALL")
        queues, topic = [list(q) for q in (own, *units)], Topic()
        while any(queues):
            queue = dice.choice([q for q in queues if q])
            fact, body = queue.pop(0)
            await take(service, [topic.fact(fact, body)])
        assert await statuses(conn) == {
            CODE: "active",
            BRANCH: "ended",
            f"{CODE}-002": "active",
        }, number
        counted = await rows(conn)
        assert (counted["waiting"], counted["rejected"]) == (0, 0)


async def test_a_mistake_of_ours_parks_the_record_and_the_next_one_is_taken(
    service: Service, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_for_one(register: Work, code: str, *rest: Any) -> tuple[Decision, ...]:
        if code == CODE:
            raise RuntimeError("a mistake of ours")
        return act(register, code, *rest)

    monkeypatch.setattr("services.registry.handlers.work.act", fails_for_one)
    topic = Topic()
    outcomes = await take(
        service,
        [
            topic.fact("EnterpriseRegistered", enterprise()),
            topic.fact("EnterpriseRegistered", enterprise(OTHER, "R-5")),
        ],
    )
    assert [o.recorded for o in outcomes] == [False, True]
    assert await conn.fetchval("SELECT code FROM rejected") == "internal"


async def test_what_was_recorded_under_older_rules_can_still_be_read_and_changed(
    service: Service, http: httpx.AsyncClient, conn: Connection
) -> None:
    await http.post("/v1/enterprises", json=enterprise())
    # The same amount again: the rules of today would not record it.
    await conn.execute(
        "UPDATE entity SET version = 2, facts = facts || "
        """'[{"number":2,"name":"CapitalChanged","on":"2025-04-01","""
        """"sets":{"capital_vnd":10000000000}}]'"""
    )
    record = Topic().fact("EntitySuspended", change("", "2025-05-01", "R-2", code=CODE))
    (outcome,) = await take(service, [record])
    assert outcome.sequence == 3
