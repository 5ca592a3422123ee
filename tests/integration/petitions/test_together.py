"""What comes at the same time is done in one transaction, and nobody can tell by the answers."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from services.petitions.app import application
from services.petitions.domain.workflow import Action
from services.petitions.handlers.desk import Desk
from services.petitions.store import acts
from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import As, act, assigned, file, filing, problem
from tests.integration.petitions.conftest import PRINCIPALS, Tokens
from tests.integration.petitions.replicas import replica
from tests.support.servers import until


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many requests were in each transaction."""
    sizes: list[int] = []
    open_desk = Desk.open

    async def count(*given: Any, **named: Any) -> Desk:
        sizes.append(len(given[3]))
        return await open_desk(*given, **named)

    monkeypatch.setattr(Desk, "open", count)
    return sizes


async def waits_for_a_lock(sql: Connection, least: int = 1) -> None:
    """Return when so many sessions of the database wait for a lock."""

    async def waiting() -> bool:
        return bool(
            await sql.fetchval(
                "SELECT count(*) >= $1 FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock'",
                least,
            )
        )

    await until(waiting, what="somebody who waits for a lock")


async def test_what_comes_at_once_is_one_transaction_and_each_has_its_own_answer(
    as_: As, sql: Connection, batches: list[int]
) -> None:
    led = [await assigned(as_, reference=f"A-{n}") for n in range(5)]
    del batches[:]
    answers = await asyncio.gather(
        *(as_("portal").post("/v1/petitions", json=filing(reference=f"B-{n}")) for n in range(20)),
        *(act(as_, one, "answer", document="1/STC") for one in led),
        act(as_, led[0], "resolve", by="SXD", document="2/SXD"),
        act(as_, "KN-2020-1", "answer", document="3/STC"),
        as_("portal").post("/v1/petitions", json=filing(reference="A-0", text="Việc khác.")),
        as_("portal").post("/v1/petitions", json=filing(reference="C-1", kind="complaint")),
    )
    assert len(batches) < len(answers) / 2
    assert [one.status_code for one in answers[:25]] == [201] * 20 + [200] * 5
    assert len({one.json()["id"] for one in answers[:20]}) == 20
    assert len({one.json()["tracking_code"] for one in answers[:20]}) == 20
    codes = [problem(one, one.status_code) for one in answers[25:]]
    assert codes[0] in {"not_lead_agency", "wrong_state"}
    assert codes[1:] == ["unknown_petition", "reference_conflict", "not_a_petition"]
    for petition in led:
        found = await sql.fetchrow("SELECT version, status FROM petition WHERE id = $1", petition)
        assert found is not None
        assert tuple(found) == (3, "answered")
    assert await sql.fetchval("SELECT count(*) FROM event") == 10 + 25
    assert await sql.fetchval("SELECT count(*) FROM petition_likeness") == 25


async def test_what_is_refused_takes_no_number(as_: As, sql: Connection) -> None:
    kinds = ["petition", "complaint"] * 8
    answers = await asyncio.gather(
        *(
            as_("portal").post("/v1/petitions", json=filing(reference=f"B-{n}", kind=kind))
            for n, kind in enumerate(kinds)
        )
    )
    assert [one.status_code for one in answers] == [201, 422] * 8
    assert await sql.fetchval("SELECT last_value FROM petition_number") == 8


async def test_petitions_of_one_transaction_that_say_the_same_are_offered_too(
    as_: As, batches: list[int]
) -> None:
    answers = await asyncio.gather(
        *(as_("portal").post("/v1/petitions", json=filing(reference=f"B-{n}")) for n in range(8))
    )
    assert len(batches) < 8
    said = sorted((one.json() for one in answers), key=lambda one: str(one["id"]))
    assert [len(one["possible_duplicates"]) for one in said] == [0, 1, 2, 3, 4, 5, 5, 5]


async def test_whose_petition_somebody_holds_waits_alone(as_: As, sql: Connection) -> None:
    held, free = await assigned(as_, reference="A"), await assigned(as_, reference="B")
    async with sql.transaction():
        await sql.execute("SELECT FROM petition WHERE id = $1 FOR UPDATE", held)
        waiting = asyncio.create_task(act(as_, held, "answer", document="1/STC"))
        answers = await asyncio.gather(
            act(as_, free, "answer", document="2/STC"), file(as_, reference="C")
        )
        assert answers[0].status_code == 200
        await waits_for_a_lock(sql)
        assert not waiting.done()
    assert (await waiting).status_code == 200


async def test_a_changed_limit_holds_for_the_next_petition(as_: As, sql: Connection) -> None:
    before = await file(as_, reference="A")
    await sql.execute("UPDATE time_limit SET amount = 10 WHERE step = 'answer'")
    after = await file(as_, reference="B")
    assert (before["state"]["due_on"], after["state"]["due_on"]) == ("2026-03-23", "2026-03-12")


async def test_a_key_is_one_requests_alone_however_many_come_at_once(
    as_: As, sql: Connection
) -> None:
    headers = {"idempotency-key": "k-1"}
    answers = await asyncio.gather(
        *(
            as_("portal").post(
                "/v1/petitions", json=filing(reference=f"B-{n % 3}"), headers=headers
            )
            for n in range(30)
        )
    )
    won = [one for one in answers if one.status_code == 201]
    assert len({one.content for one in won}) == 1
    assert len(won) == 10
    for lost in (one for one in answers if one not in won):
        assert problem(lost, 422) == "idempotency_key_reused"
    assert await sql.fetchval("SELECT count(*) FROM petition") == 1


# -- Postgres goes away ------------------------------------------------------------------------

TABLES = ("petition", "petition_private", "petition_likeness", "reference", "event", "outbox")


async def rows(sql: Connection) -> dict[str, int]:
    return {
        table: await sql.fetchval(f"SELECT count(*) FROM {table}")
        for table in (*TABLES, "idempotency")
    }


@pytest.mark.parametrize("table", ["petition", "petition_private", "reference", "event"])
async def test_when_postgres_goes_away_in_the_middle_everybody_is_told_and_nothing_is_half_in(
    as_: As, sql: Connection, dsn: str, table: str
) -> None:
    led = [await assigned(as_, reference=f"A-{n}") for n in range(6)]
    before, states = await rows(sql), await sql.fetch("SELECT * FROM petition ORDER BY id")

    def everything() -> "asyncio.Future[list[httpx.Response]]":
        return asyncio.gather(
            *(
                as_("portal").post(
                    "/v1/petitions",
                    json=filing(reference=f"B-{n}"),
                    headers={"idempotency-key": f"k-{n}"},
                )
                for n in range(10)
            ),
            *(act(as_, one, "answer", document="1/STC", reference=f"R-{one}") for one in led),
        )

    async with stuck(dsn, table):
        asked = everything()
        await waits_for_a_lock(sql)
        # Everybody who comes is ended, as by a server that goes down, until all were told.
        while not asked.done():
            await sql.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'petitions'"
            )
            await asyncio.sleep(0)
    for answer in await asked:
        assert problem(answer, 503) == "unavailable"
        assert answer.headers["retry-after"]
    assert await rows(sql) == before
    assert await sql.fetch("SELECT * FROM petition ORDER BY id") == states
    # The same requests again are done once.
    assert [one.status_code for one in await everything()] == [201] * 10 + [200] * 6
    assert [one.status_code for one in await everything()] == [201] * 10 + [200] * 6
    assert (await rows(sql))["event"] == before["event"] + 16


@asynccontextmanager
async def stuck(dsn: str, table: str) -> AsyncIterator[None]:
    """Let nobody write into a table within the block."""
    conn = await asyncpg.connect(dsn)
    try:
        async with conn.transaction():
            await conn.execute(f"LOCK TABLE {table} IN SHARE MODE")
            yield
    finally:
        await conn.close()


# -- Replicas ----------------------------------------------------------------------------------


async def test_of_fifty_officers_at_two_replicas_one_wins_each_round(
    as_: As, dsn: str, sql: Connection
) -> None:
    petition_id = await assigned(as_)
    course: list[tuple[Action, dict[str, Any]]] = [
        ("answer", {"document": "1/STC"}),
        ("reopen", {"reason": "còn vướng"}),
        ("answer", {"document": "2/STC"}),
        ("resolve", {"document": "3/STC"}),
    ]
    async with replica(dsn) as first, replica(dsn) as second:
        clients = [
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=application(one, Tokens(*PRINCIPALS))),
                base_url="http://petitions",
                headers={"authorization": "Bearer STC"},
            )
            for one in (first, second)
        ]
        for version, (action, body) in enumerate(course, start=2):
            url, seen = (
                f"/v1/petitions/{petition_id}/actions/{action}",
                {"if-match": f'"{version}"'},
            )
            answers = await asyncio.gather(
                *(clients[n % 2].post(url, json=body, headers=seen) for n in range(50))
            )
            won = [one for one in answers if one.status_code == 200]
            assert len(won) == 1
            for lost in (one for one in answers if one not in won):
                assert problem(lost, 412) == "version_conflict"
                assert lost.headers["etag"] == f'"{version + 1}"'
                facts = lost.json()["facts"]
                assert facts["version"] == version + 1
                assert facts["state"] == won[0].json()["state"]
        for client in clients:
            await client.aclose()
    sequences = await sql.fetch("SELECT sequence FROM event WHERE subject = $1", petition_id)
    assert [row["sequence"] for row in sequences] == [1, 2, 3, 4, 5, 6]


async def test_one_reference_at_two_replicas_files_once(dsn: str, sql: Connection) -> None:
    async with replica(dsn) as first, replica(dsn) as second:
        clients = [
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=application(one, Tokens(*PRINCIPALS))),
                base_url="http://petitions",
                headers={"authorization": "Bearer portal"},
            )
            for one in (first, second)
        ]
        answers = await asyncio.gather(
            *(
                clients[n % 2].post("/v1/petitions", json=filing(reference=f"B-{n // 2 % 5}"))
                for n in range(60)
            )
        )
        for client in clients:
            await client.aclose()
    assert {one.status_code for one in answers} == {200, 201}
    assert sum(one.status_code == 201 for one in answers) == 5
    assert len({(one.json()["id"], one.json()["tracking_code"]) for one in answers}) == 5
    assert await sql.fetchval("SELECT count(*) FROM petition") == 5


# -- Plans -------------------------------------------------------------------------------------


async def test_statements_of_a_group_go_by_the_indexes_however_small_the_tables(
    sql: Connection,
) -> None:
    async with sql.transaction():
        await acts.open_desk(sql)
        for statement in (acts.UPDATE, acts.HOLD, acts.HOLD_FREE, acts.ALIKE):
            plan = await explain(sql, statement)
            assert "Seq Scan" not in plan, plan
            assert "Index" in plan, plan


async def test_alike_texts_are_found_by_their_bands(sql: Connection) -> None:
    await sql.execute(
        "INSERT INTO petition (id, version, entries, last_on, state, ledger, tracking_code,"
        " filed_at, changed_at) SELECT 'KN-' || n, 1, 1, '2026-01-01', jsonb_build_object("
        "'status', 'filed', 'field', 'land', 'due_on', '2026-01-21'), '[]', 'T-' || n, now(), now()"
        " FROM generate_series(1, 5000) n"
    )
    await sql.execute("INSERT INTO petition_private SELECT id, 'a', 'b', '{}' FROM petition")
    await sql.execute(
        "INSERT INTO petition_likeness SELECT id, 'land', array_fill(1, ARRAY[64]),"
        " (SELECT array_agg(hashtext(id || k)) FROM generate_series(1, 16) k) FROM petition"
    )
    await sql.execute("ANALYZE petition_likeness")
    plan = await explain(sql, acts.ALIKE)
    assert "Bitmap Index Scan on petition_likeness_by_band" in plan
    assert "Seq Scan" not in plan
    # Nothing waits beside the index: every filing would read it whole.
    assert "fastupdate=off" in await sql.fetchval(
        "SELECT reloptions::text FROM pg_class WHERE relname = 'petition_likeness_by_band'"
    )


async def explain(sql: Connection, statement: str) -> str:
    """Return the plan that a prepared statement is given for good."""
    count = max(int(number) for number in re.findall(r"\$(\d+)", statement))
    await sql.execute(f"PREPARE asked AS {statement}")
    try:
        await sql.execute("SET plan_cache_mode = force_generic_plan")
        rows = await sql.fetch(f"EXPLAIN EXECUTE asked ({', '.join(['NULL'] * count)})")
    finally:
        await sql.execute("DEALLOCATE asked")
    return "\n".join(row[0] for row in rows)
