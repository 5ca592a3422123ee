"""Writing the event log, reading it, and proving it."""

from dataclasses import replace

import asyncpg
import pytest

from shared.plumbing import outbox
from shared.plumbing.outbox import stamping
from shared.plumbing.outbox.chain import partition_of
from shared.plumbing.postgres import Database
from tests.integration.plumbing.log_support import PARTITIONS, some_events, write


async def _stamp_all(dsn: str) -> None:
    conn = await stamping.connect(dsn, "test")
    try:
        at, batch = await stamping.load(conn, "topic", PARTITIONS), [None]
        while batch:
            at, batch = await stamping.stamp(conn, at, 0, rows=7, octets=10**6)  # type: ignore[assignment]
    finally:
        await conn.close()


async def _tamper(dsn: str, statement: str) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        for table in ("event", "stamp"):
            await conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await conn.execute(statement)
    finally:
        await conn.close()


async def _verify(database: Database) -> outbox.Misfit | None:
    async with database.connection() as conn:
        return await outbox.verify(conn)


async def test_events_are_stamped_in_the_order_in_which_they_were_written(
    dsn: str, database: Database
) -> None:
    events = some_events(30) + some_events(30, sequence=2)
    await write(database, events)
    await _stamp_all(dsn)
    async with database.connection() as conn:
        logged = await outbox.feed(conn, 0, 100)
    assert [event.ce_id for event in logged] == [event.ce_id for event in events]
    assert [event.position for event in logged] == list(range(1, 61))
    assert [event.data for event in logged] == [event.data for event in events]
    assert [event.recorded_at for event in logged] == [event.recorded_at for event in events]
    last = dict.fromkeys(range(PARTITIONS), 0)
    for event in logged:
        assert event.partition == partition_of(event.subject, PARTITIONS)
        assert event.previous == last[event.partition]
        last[event.partition] = event.position


async def test_many_events_at_once_leave_what_few_leave(dsn: str, database: Database) -> None:
    events = [*some_events(30), *some_events(30, sequence=2)]
    events[3] = replace(events[3], traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    seen = []
    for first, second in ((outbox.append, outbox.append_many), (outbox.append_many, outbox.append)):
        async with database.transaction() as conn:
            await first(conn, events[:30])
            await second(conn, events[30:])
        async with database.connection() as conn:
            seen.append(
                await conn.fetch(
                    "SELECT row_number() OVER (ORDER BY e.id), ce_id, subject, sequence, type, "
                    "recorded_at, traceparent, data, octets FROM event e "
                    "JOIN outbox o ON o.event_id = e.id ORDER BY e.id"
                )
            )
        await _tamper(dsn, "DELETE FROM event")
        await _tamper(dsn, "DELETE FROM outbox")
    assert seen[0] == seen[1]
    assert [str(row["ce_id"]) for row in seen[0]] == [event.ce_id for event in events]


async def test_many_events_are_refused_as_few_are(database: Database) -> None:
    await write(database, some_events(1))
    for wrong, error in (
        (some_events(2), outbox.SequenceTaken),
        ([replace(some_events(1)[0], data=b"")], ValueError),
    ):
        with pytest.raises(error):
            async with database.transaction() as conn:
                await outbox.append_many(conn, wrong)


async def test_the_feed_goes_on_after_a_position(dsn: str, database: Database) -> None:
    await write(database, some_events(10))
    await _stamp_all(dsn)
    async with database.connection() as conn:
        assert [event.position for event in await outbox.feed(conn, 4, 3)] == [5, 6, 7]
        assert await outbox.feed(conn, 10, 3) == []
        assert (await outbox.head(conn)).position == 10


async def test_what_is_rolled_back_leaves_nothing(dsn: str, database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as conn:
            await outbox.append(conn, some_events(3))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await _stamp_all(dsn)
    async with database.connection() as conn:
        assert await outbox.feed(conn, 0, 10) == []


async def test_a_taken_sequence_is_said_by_its_name(database: Database) -> None:
    await write(database, some_events(1))
    with pytest.raises(outbox.SequenceTaken):
        await write(database, some_events(1))


async def test_what_fits_no_record_is_never_written(database: Database) -> None:
    (event,) = some_events(1)
    for data in (b"", b"x" * 900_001):
        with pytest.raises(ValueError, match="cannot be published"):
            await write(
                database, [outbox.NewEvent(event.ce_id, "s", 1, "t", event.recorded_at, data)]
            )


async def test_a_sound_log_is_proved(dsn: str, database: Database) -> None:
    assert await _verify(database) is None
    await write(database, some_events(20))
    await _stamp_all(dsn)
    await write(database, some_events(5, start=20))
    assert await _verify(database) is None


@pytest.mark.parametrize(
    ("statement", "position", "reason"),
    [
        ("UPDATE event SET data = '{}' WHERE id = 5", 5, "hash"),
        ("UPDATE event SET recorded_at = recorded_at + interval '1 s' WHERE id = 5", 5, "hash"),
        ("UPDATE event SET sequence = 2 WHERE id = 5", 5, "hash"),
        ("UPDATE event SET traceparent = '' WHERE id = 5", 5, "hash"),
        ("DELETE FROM event WHERE id = 5", 5, "event is missing"),
        ("DELETE FROM stamp WHERE position = 5", 6, "position 5 is missing"),
        ("DELETE FROM stamp WHERE position = 20", 19, "the relay stands at 20"),
        ("UPDATE stamp SET previous = 0 WHERE position = 20", 20, "previous is 0"),
        ("UPDATE stamp SET partition = (partition + 1) % 4 WHERE position = 5", 5, "partition"),
        ("DELETE FROM outbox", 0, "neither stamped nor waiting"),
    ],
)
async def test_the_first_row_that_does_not_fit_is_found(
    dsn: str, database: Database, statement: str, position: int, reason: str
) -> None:
    await write(database, some_events(20))
    await _stamp_all(dsn)
    await write(database, some_events(1, start=20))
    await _tamper(dsn, statement)
    misfit = await _verify(database)
    assert misfit is not None
    assert misfit.position == position
    assert reason in misfit.reason


async def test_the_log_refuses_to_be_changed(dsn: str, database: Database) -> None:
    await write(database, some_events(2))
    await _stamp_all(dsn)
    for statement in (
        "UPDATE event SET data = '{}'",
        "DELETE FROM stamp",
        "TRUNCATE event",
    ):
        async with database.connection() as conn:
            with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
                await conn.execute(statement)


async def test_who_does_not_stand_where_the_log_stands_cannot_stamp(
    dsn: str, database: Database
) -> None:
    conn = await stamping.connect(dsn, "test")
    try:
        stale = await stamping.load(conn, "topic", PARTITIONS)
        await write(database, some_events(3))
        await stamping.stamp(conn, stale, 0, rows=2, octets=10**6)
        with pytest.raises(stamping.RelayRefused, match="another relay"):
            await stamping.stamp(conn, stale, 0, rows=2, octets=10**6)
    finally:
        await conn.close()
    await _stamp_all(dsn)
    assert await _verify(database) is None


async def test_a_batch_ends_at_its_octets_but_holds_one_event_at_least(
    dsn: str, database: Database
) -> None:
    await write(database, some_events(10))
    conn = await stamping.connect(dsn, "test")
    try:
        at = await stamping.load(conn, "topic", PARTITIONS)
        at, batch = await stamping.stamp(conn, at, 0, rows=10, octets=1)
        assert len(batch) == 1
        at, batch = await stamping.stamp(conn, at, 0, rows=10, octets=30)
        assert len(batch) == 3
        assert len(await stamping.stamped(conn, 0, 10, 1)) == 1
    finally:
        await conn.close()


async def test_a_cut_end_and_a_rewritten_log_show_by_a_head_that_was_written_down(
    dsn: str, database: Database
) -> None:
    await write(database, some_events(20))
    await _stamp_all(dsn)
    async with database.connection() as conn:
        mark = outbox.Mark.parse((await outbox.head(conn)).mark)
        assert await outbox.verify(conn, mark) is None
    await write(database, some_events(5, start=20))
    await _stamp_all(dsn)
    async with database.connection() as conn:
        assert await outbox.verify(conn, mark) is None, "the log only went on"
        other = await outbox.verify(conn, outbox.Mark(7, mark.hash))
    assert other is not None
    assert other.position == 7
    assert "rewritten" in other.reason
    # The last six are cut off with all that points at them: what is left fits in itself.
    await _tamper(dsn, "DELETE FROM event WHERE id > 19")
    await _tamper(dsn, "DELETE FROM stamp WHERE position > 19")
    await _tamper(
        dsn,
        "UPDATE relay SET stamped_through = 19, sent_through = 0, "
        "head = (SELECT hash FROM stamp WHERE position = 19), last_positions = ARRAY(SELECT "
        "coalesce((SELECT max(position) FROM stamp WHERE partition = p), 0) "
        "FROM generate_series(0, 3) p ORDER BY p)",
    )
    assert await _verify(database) is None
    async with database.connection() as conn:
        cut = await outbox.verify(conn, mark)
    assert cut is not None
    assert cut.position == 19
    assert "its end is cut" in cut.reason


@pytest.mark.parametrize("text", ["", "7", "7:", "7:zz", "7:00", f"-1:{'00' * 32}"])
def test_what_is_no_head_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        outbox.Mark.parse(text)
