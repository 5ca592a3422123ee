"""Overdue and escalated: said once per round and level, by any number of replicas."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from services.petitions.app import Service
from services.petitions.domain.calendar import Calendar, YearDecision
from services.petitions.domain.limits import DEFAULT_LIMITS
from services.petitions.handlers.automatic import Automatic
from services.petitions.handlers.rulebook import Rulebook, load_agencies
from services.petitions.settings import Settings
from shared.plumbing.clock import FixedClock
from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import As, act, assigned, file

LATE = datetime(2026, 3, 24, 2, tzinfo=UTC)  # a Tuesday at 9:00; the answer was due on Monday


async def said(sql: Connection, name: str = "%") -> list[str]:
    rows = await sql.fetch(
        "SELECT type FROM event WHERE (type LIKE '%Overdue%' OR type LIKE '%Escalated%'"
        " OR type LIKE '%DueChanged%') AND type LIKE $1 ORDER BY id",
        f"%{name}%",
    )
    return [row["type"].split(".")[2] for row in rows]


async def test_nothing_is_said_before_the_due_date_has_passed(
    as_: As, service: Service, clock: FixedClock, sql: Connection
) -> None:
    await assigned(as_)
    clock.set(datetime(2026, 3, 23, 9, 59, tzinfo=UTC))
    assert await service.automatic.alarm() == 0
    assert await said(sql) == []


async def test_nothing_is_said_outside_office_hours(
    as_: As, service: Service, clock: FixedClock, sql: Connection
) -> None:
    await assigned(as_)
    for moment in (
        datetime(2026, 3, 24, 0, 30, tzinfo=UTC),  # 7:30
        datetime(2026, 3, 24, 10, 30, tzinfo=UTC),  # 17:30
        datetime(2026, 3, 28, 3, tzinfo=UTC),  # Saturday
    ):
        clock.set(moment)
        assert await service.automatic.alarm() == 0
    assert await said(sql) == []


async def test_each_level_is_said_once_on_its_day(
    as_: As, service: Service, clock: FixedClock, sql: Connection
) -> None:
    await assigned(as_)
    counts = []
    for day in (24, 25, 26, 27, 30, 31):
        clock.set(datetime(2026, 3, day, 2, tzinfo=UTC))
        await service.automatic.alarm()
        await service.automatic.alarm()
        counts.append(len(await said(sql)))
    assert counts == [1, 2, 2, 2, 3, 3]
    clock.set(datetime(2026, 6, 1, 2, tzinfo=UTC))
    await service.automatic.alarm()
    assert await said(sql) == ["PetitionOverdue", *["PetitionEscalated"] * 3]
    reasons = await sql.fetch(
        "SELECT convert_from(data, 'utf8')::jsonb ->> 'reason' AS r FROM event"
        " WHERE type LIKE '%Escalated%' ORDER BY id"
    )
    words = ["thủ trưởng cơ quan chủ trì", "Sở Tài chính", "Văn phòng UBND tỉnh"]
    assert all(word in row["r"] for word, row in zip(words, reasons, strict=True))


async def test_after_a_long_stop_all_levels_are_said_at_once(
    as_: As, service: Service, clock: FixedClock, sql: Connection
) -> None:
    await assigned(as_)
    clock.set(datetime(2026, 6, 1, 2, tzinfo=UTC))
    await service.automatic.alarm()
    assert len(await said(sql)) == 4


async def test_many_replicas_say_it_once(
    as_: As, dsn: str, clock: FixedClock, sql: Connection
) -> None:
    for number in range(30):
        await assigned(as_, reference=f"PA-{number}")
    clock.set(LATE)
    settings = Settings(database_url=dsn, kafka="127.0.0.1:1", tokens=Path("none"))
    async with AsyncExitStack() as stack:
        replicas = [Service(settings, clock) for _ in range(5)]
        for replica in replicas:
            await stack.enter_async_context(replica.database)
        done = await asyncio.gather(*(replica.automatic.alarm() for replica in replicas))
    assert sum(done) == 30
    assert await said(sql) == ["PetitionOverdue"] * 30
    doubles = await sql.fetch("SELECT subject FROM event GROUP BY subject HAVING count(*) <> 3")
    assert doubles == []


async def test_a_new_round_is_said_anew_and_a_pause_is_not_late(
    as_: As, service: Service, clock: FixedClock, sql: Connection
) -> None:
    petition_id = await assigned(as_)
    clock.set(LATE)
    await service.automatic.alarm()
    await act(as_, petition_id, "answer", document="41/STC")
    await act(as_, petition_id, "reopen", by="VPUB", reason="phát sinh mới")
    waiting = await act(as_, petition_id, "request_supplement", reason="thiếu hồ sơ")
    assert waiting.json()["state"]["status"] == "waiting_petitioner"
    clock.set(datetime(2026, 7, 1, 2, tzinfo=UTC))
    assert await service.automatic.alarm() == 0
    await act(as_, petition_id, "receive_supplement")
    clock.set(datetime(2026, 8, 5, 2, tzinfo=UTC))
    await service.automatic.alarm()
    assert (await said(sql)).count("PetitionOverdue") == 2


async def test_history_raises_no_alarm(
    as_: As, service: Service, clock: FixedClock, sql: Connection
) -> None:
    await file(as_, on="2025-07-01", origin="backfill")
    clock.set(LATE)
    assert await service.automatic.alarm() == 0
    assert await said(sql) == []


async def test_who_is_late_is_found_by_an_index(sql: Connection) -> None:
    await sql.execute(
        "INSERT INTO petition (id, version, entries, last_on, state, ledger, tracking_code,"
        " filed_at, changed_at, workings) SELECT 'KN-' || n, 1, 1, '2026-01-01',"
        " jsonb_build_object('status', 'filed', 'field', 'land', 'due_on', '2026-01-21'), '[]',"
        " 'T-' || n, now(), now(), jsonb_build_object('alarm_on', ('2026-01-01'::date + n)::text)"
        " FROM generate_series(1, 5000) n"
    )
    await sql.execute("ANALYZE petition")
    rows = await sql.fetch(
        "EXPLAIN SELECT id FROM petition WHERE alarm_on <= '2026-01-03'"
        " ORDER BY alarm_on, id LIMIT 100 FOR UPDATE SKIP LOCKED"
    )
    plan = "\n".join(row[0] for row in rows)
    assert "using petition_by_alarm on petition" in plan
    assert "Sort" not in plan


async def test_a_changed_calendar_dates_open_petitions_again_once(
    as_: As, service: Service, clock: FixedClock, sql: Connection
) -> None:
    petition_id = await assigned(as_)
    off = (datetime(2026, 3, 23, tzinfo=UTC).date(),)
    calendar = Calendar.of([YearDecision(2026, off, (), "quyết định thử", verified=True)])
    rulebook = Rulebook(service.rulebook.directory, calendar)
    changed = Automatic(service.database, clock, rulebook)
    assert await changed.recalendar() == 1
    assert await changed.recalendar() == 0
    assert await said(sql) == ["PetitionDueChanged"]
    answer = await as_("STC").get(f"/v1/petitions/{petition_id}")
    assert answer.json()["state"]["due_on"] == "2026-03-24"


async def test_agencies_are_loaded_once_and_again(service: Service, sql: Connection) -> None:
    directory = service.rulebook.directory
    for _ in range(2):
        assert await load_agencies(service.database, directory) == len(directory.rows)
    assert await sql.fetchval("SELECT count(*) FROM agency") == len(directory.rows)
    async with service.database.connection() as conn:
        rules = await Rulebook(directory, Calendar()).rules(conn)
    assert dict(rules.directory.rows) == dict(directory.rows)


async def test_the_limits_of_the_migration_are_those_of_the_rules(
    service: Service,
) -> None:
    async with service.database.connection() as conn:
        rules = await service.rulebook.rules(conn)
    assert tuple(rules.limits.rows) == DEFAULT_LIMITS.rows


async def test_what_an_agency_led_that_has_ended_goes_to_its_successor(
    as_: As, service: Service, clock: FixedClock, sql: Connection
) -> None:
    petition_id = await assigned(as_)
    before = (await as_("STC").get(f"/v1/petitions/{petition_id}")).json()["state"]
    await load_agencies(service.database, service.rulebook.directory)
    await sql.execute(
        "UPDATE agency SET valid_to = '2026-03-04', successor = 'SXD' WHERE code = 'STC'"
    )
    clock.set(datetime(2026, 3, 4, 2, tzinfo=UTC))
    assert await service.automatic.hand_over() == 1
    assert await service.automatic.hand_over() == 0
    after = (await as_("SXD").get(f"/v1/petitions/{petition_id}")).json()["state"]
    assert (before["agency"], after["agency"]) == ("STC", "SXD")
    assert after["due_on"] == before["due_on"]
    assert after["agency_due_on"] == before["agency_due_on"]
    answer = await act(as_, petition_id, "answer", by="SXD", document="1/SXD")
    assert answer.status_code == 200


async def test_the_successor_reads_text_and_files_without_a_restart(
    as_: As, service: Service, clock: FixedClock, sql: Connection
) -> None:
    petition_id = await assigned(as_)
    await act(as_, petition_id, "answer", document="1/STC")
    files = f"/v1/petitions/{petition_id}/attachments"
    case = f"/v1/petitions/{petition_id}"
    assert (await as_("SNNMT").get(files)).status_code == 403
    await load_agencies(service.database, service.rulebook.directory)
    await sql.execute(
        "UPDATE agency SET valid_to = '2026-03-02', successor = 'SNNMT' WHERE code = 'STC'"
    )
    clock.set(datetime(2026, 3, 2, 2, 1, tzinfo=UTC))
    # Answered: nothing is handed over, and the successor reads it all the same.
    assert await service.automatic.hand_over() == 0
    assert (await as_("SNNMT").get(files)).status_code == 200
    assert (await as_("SNNMT").get(case)).json()["private"] is not None
