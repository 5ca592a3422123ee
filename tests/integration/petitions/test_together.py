"""What comes at the same time is done in one transaction, and nobody can tell by the answers."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import pytest

from services.petitions.api.actions import BODIES
from services.petitions.api.bodies import FileIn
from services.petitions.api.problems import conflict_of, problem_of
from services.petitions.api.views import acted_answer, filed_answer
from services.petitions.app import Service, application
from services.petitions.domain.private import tracking_code_of
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.workflow import Action
from services.petitions.handlers import Caller, Key, VersionConflict
from services.petitions.handlers.asked import Acting, Filing, Job, key_of
from services.petitions.handlers.desk import Desk, needs_more
from services.petitions.settings import Settings
from services.petitions.store import acts
from shared.contracts.envelope import Source
from shared.plumbing import ids
from shared.plumbing.auth import Principal
from shared.plumbing.clock import FixedClock
from shared.plumbing.errors import Problem
from shared.plumbing.idempotency import Answer
from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import As, act, assigned, file, filing, problem
from tests.integration.petitions.conftest import MORNING, PRINCIPALS, Tokens
from tests.support.servers import Servers, cloned, until


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


@asynccontextmanager
async def replica(dsn: str) -> AsyncIterator[Service]:
    settings = Settings(database_url=dsn, kafka="127.0.0.1:1", tokens=Path("none"))
    service = Service(settings, FixedClock(MORNING))
    async with service.database:
        yield service


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


# -- One transaction or many: the same ---------------------------------------------------------

PORTAL, STC, SXD, DESK, REVIEWER = (
    next(p for p in PRINCIPALS if p.name == name)
    for name in ("portal", "STC", "SXD", "VPUB", "reviewer")
)
ACTS: list[tuple[Action, Principal, dict[str, Any]]] = [
    ("assign", DESK, {}),
    ("assign", DESK, {"agency": "SXD"}),
    ("answer", STC, {"document": "1/STC", "outcome": "accepted"}),
    ("answer", SXD, {"document": "1/SXD"}),
    ("resolve", STC, {"document": "2/STC"}),
    ("confirm", PORTAL, {}),
    ("dispute", PORTAL, {"reason": "chưa thanh toán"}),
    ("transfer", STC, {"agency": "SXD", "reason": "đúng lĩnh vực hơn"}),
    ("extend", STC, {"days": 5, "reason": "cần xác minh", "legal_basis": "Điều 5"}),
    ("review", REVIEWER, {"recommendation": "làm dứt điểm", "due_on": "2026-03-31"}),
    ("reject", STC, {"reason": "gọi 0912 345 678"}),
    ("withdraw", DESK, {}),
    ("correct", STC, {"reason": "ghi nhầm", "field": "land"}),
    ("correct", STC, {"reason": "ghi nhầm", "undo": True}),
    ("mark_duplicate", STC, {"original": "KN-2026-000001"}),
]


def jobs(dice: random.Random, count: int) -> list[Job]:
    """Make requests about a few petitions, in no sensible order; some come twice."""
    made: list[Job] = []
    for number in range(count):
        if made and dice.random() < 0.1:
            made.append(dice.choice(made))
        elif number < 3 or dice.random() < 0.2:
            made.append(_filing(dice))
        else:
            made.append(_acting(dice))
    return made


def _caller(dice: random.Random, principal: Principal) -> Caller:
    key = dice.choice([None] * 5 + [f"k-{dice.randrange(30)}"])
    return Caller(principal, Key(key, dice.randbytes(32)) if key else None)


def _filing(dice: random.Random) -> Filing:
    reference = f"PA-{dice.randrange(8)}"
    kind = dice.choice(["petition"] * 5 + ["complaint"])
    text = dice.choice(["Nợ đọng xây dựng cơ bản nhiều năm.", "Thủ tục đất đai còn chậm."])
    body = FileIn.model_validate_json(
        orjson.dumps(filing(reference=reference, kind=kind, text=text))
    )
    source = Source(system="/vn/lang-son/http/portal", reference=reference)
    return Filing(body.command(), body.private(), source, _caller(dice, PORTAL), filed_answer)


def _acting(dice: random.Random) -> Acting:
    action, principal, said = dice.choice(ACTS)
    body = BODIES[action].model_validate_json(orjson.dumps(said))
    named = dice.random() < 0.3
    number = dice.randrange(1, 5)
    return Acting(
        petition_id=f"KN-2026-{number:06d}",
        command=body.command(),
        expected=dice.choice([None] * 8 + [1, 2, 3]),
        source=Source(system="s", reference=f"R-{dice.randrange(40)}" if named else "own"),
        is_named=named,
        tracking_code=code_of(number) if principal is PORTAL else None,
        caller=_caller(dice, principal),
        render=acted_answer,
    )


def code_of(number: int) -> str:
    """Return the tracking code that the n-th new petition gets in these tests."""
    return tracking_code_of(f"secret {number}")


def _words(settled: Answer | Exception) -> object:
    """Return what a caller would see."""
    if isinstance(settled, Refusal):
        settled = problem_of(settled)
    if isinstance(settled, VersionConflict):
        settled = conflict_of(settled)
    if isinstance(settled, Problem):
        return settled.status, orjson.dumps(settled.to_json()), dict(settled.headers)
    assert isinstance(settled, Answer), repr(settled)
    return settled.status, settled.body, dict(settled.headers)


async def _alone(service: Service, asked: Sequence[Job]) -> list[object]:
    said = []
    for job in asked:
        try:
            said.append(_words(await service.commands._do_one(job)))
        except (Refusal, Problem, VersionConflict) as refusal:
            said.append(_words(refusal))
    return said


async def _at_once(service: Service, asked: Sequence[Job], dice: random.Random) -> list[object]:
    """Do them in transactions of some size; nobody has a key twice in one, as `Together` sees."""
    said: list[object] = []
    rest = list(asked)
    while rest:
        batch: list[Job] = []
        most = dice.randrange(1, 20)
        known = {name for one in said for name in _filed(one)}
        while rest and len(batch) < most and not _meets(batch, rest[0], known):
            batch.append(rest.pop(0))
        settled = await service.commands._do_some(batch)
        for job, one in zip(batch, settled, strict=True):
            said += [_words(one)] if one is not None else await _alone(service, [job])
    return said


def _filed(said: object) -> list[str]:
    assert isinstance(said, tuple)
    return [orjson.loads(said[1])["id"]] if said[0] == 201 else []


def _meets(batch: Sequence[Job], job: Job, known: set[str]) -> bool:
    """Say whether a job cannot be in this transaction, or not be done in its turn."""

    def alone(one: Job) -> bool:
        # An id that was guessed may be given in the same transaction.
        return needs_more(one) or (isinstance(one, Acting) and one.petition_id not in known)

    key = key_of(job)
    return (bool(batch) and (alone(job) or alone(batch[0]))) or (
        key is not None and key in {key_of(one) for one in batch}
    )


async def _left(dsn: str) -> dict[str, list[tuple[Any, ...]]]:
    conn = await asyncpg.connect(dsn)
    questions = {
        "petition": "SELECT id, version, entries, last_on, state::text, workings::text,"
        " ledger::text, tracking_code FROM petition ORDER BY id",
        "private": "SELECT * FROM petition_private ORDER BY 1",
        "likeness": "SELECT * FROM petition_likeness ORDER BY 1",
        "event": "SELECT subject, sequence, type, data FROM event ORDER BY subject, sequence",
        "reference": "SELECT * FROM reference ORDER BY 1, 2",
        "review": "SELECT * FROM petition_review ORDER BY 1, 2",
        "idempotency": "SELECT principal, key, request, status, body FROM idempotency ORDER BY 1, 2",
    }
    try:
        return {
            name: [tuple(row) for row in await conn.fetch(question)]
            for name, question in questions.items()
        }
    finally:
        await conn.close()


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make the tracking codes those of `code_of`; calling it begins anew."""
    numbers: Iterator[int] = iter(())

    def restart() -> None:
        nonlocal numbers
        numbers = iter(range(1, 1_000))

    monkeypatch.setattr(ids, "new_token", lambda: f"secret {next(numbers)}")
    return restart


@pytest.mark.parametrize("walk", range(6))
async def test_done_together_comes_to_the_same_as_one_after_another(
    servers: Servers, template: str, secrets: Callable[[], None], seed: int, long: bool, walk: int
) -> None:
    for turn in range(15 if long else 1):
        dice = random.Random(f"{seed} {walk} {turn}")
        asked = jobs(dice, 80)
        async with cloned(servers.postgres, template) as one, replica(one) as service:
            await _a_session(one)
            secrets()
            said = await _alone(service, asked)
            left = await _left(one)
        async with cloned(servers.postgres, template) as many, replica(many) as service:
            await _a_session(many)
            secrets()
            assert await _at_once(service, asked, dice) == said
            assert await _left(many) == left
        assert any(_filed(one) for one in said)


async def _a_session(dsn: str) -> None:
    conn = await asyncpg.connect(dsn)
    await conn.execute(
        "INSERT INTO conference_session (id, name, held_on, place, chair, recorded_at)"
        " VALUES ('HN-2026-03', 'a', $1, 'b', 'c', now())",
        date(2026, 3, 1),
    )
    await conn.close()


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
