"""A batch is one transaction: applied whole or not at all, and once."""

from collections.abc import Sequence
from datetime import date
from functools import cache

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.analytics.domain.batch import Batch, Partition, Progress
from services.analytics.domain.indicators import BY_NAME, Policy
from services.analytics.handlers.apply import Applier, Fenced, deltas_of
from services.analytics.handlers.figures import Figures
from shared.plumbing.postgres import Database
from tests.support.ledger import AnyEvent, Fact, Ledger, to_event
from tests.support.raw import Given, batch_of, records_of
from tests.support.servers import Servers, cloned
from tests.support.strategies import registry_logs
from tests.unit.analytics.recount import recount

POLICY = Policy()


@cache
def some_events() -> Sequence[AnyEvent]:
    """Four enterprises, each registered, raised late, suspended; two of them in one commune."""
    found: list[AnyEvent] = []
    for place, code in enumerate(("4900000017", "4900000070", "0100233488", "0312687878")):
        ledger = Ledger(code)
        state = {
            "kind": "enterprise",
            "legal_form": "joint_stock",
            "name": f"Công ty {place}",
            "status": "active",
            "capital_vnd": 10**9 * (place + 1),
            "commune": ("05977", "05983")[place % 2],
            "industry": {"scheme": "vsic2025", "code": "4711"},
            "registered_on": "2025-03-04",
            "parent": None,
        }
        for name, fact in (
            (
                "EnterpriseRegistered",
                Fact(1, "EnterpriseRegistered", date(2025, 3, 4), state, {"by": "first"}),
            ),
            (
                "EntitySuspended",
                Fact(2, "EntitySuspended", date(2025, 6, 1), {"status": "suspended"}),
            ),
            (
                "CapitalChanged",
                Fact(3, "CapitalChanged", date(2025, 4, 1), {"capital_vnd": 7 * 10**9}),
            ),
        ):
            found.append(to_event(name, ledger.happen(fact)))
    return found


async def apply(applier: Applier, batch: Batch) -> None:
    """Apply as the consumer does: it has asked where it stands before."""
    await applier.progress(batch.spans)
    await applier.apply(batch, deltas_of(batch))


async def figures_at(database: Database, as_of: date, by: str | None) -> dict[tuple[str, str], int]:
    answer = await Figures(database, POLICY, None).at(as_of, by)
    if by is None:
        return {(f.indicator.name, ""): f.value for f in answer.figures if f.value}
    return {
        (name, key): figure.value
        for name, parts in (answer.breakdown or {}).items()
        for key, figure in parts.items()
        if figure.value and BY_NAME[name].nature in {"stock", "flow"}
    }


async def test_a_batch_moves_offsets_figures_and_ledger_together(
    applier: Applier, database: Database
) -> None:
    events = some_events()
    records = records_of(events)
    batch = batch_of(records)
    await apply(applier, batch)
    progress = await applier.progress(records)
    assert {p: at.next for p, at in progress.items()} == {p: len(r) for p, r in records.items()}
    async with database.connection() as conn:
        lines = await conn.fetchval("SELECT count(*) FROM g1.entity_fact")
    assert lines == sum(len(e.asserts) + len(e.retracts) for e in events)
    for by in (None, "commune", "section", "legal_form", "band"):
        as_of = max(entry.on for e in events for entry in e.asserts + e.retracts)
        assert await figures_at(database, as_of, by) == recount(events, as_of, by, POLICY)


async def test_the_same_batch_again_is_fenced_and_changes_nothing(
    applier: Applier, database: Database
) -> None:
    batch = batch_of(records_of(some_events()))
    await apply(applier, batch)
    before = await figures_at(database, date(2199, 12, 31), None)
    with pytest.raises(Fenced):
        await applier.apply(batch, deltas_of(batch))
    assert await figures_at(database, date(2199, 12, 31), None) == before
    assert await applier.is_applied(batch)


async def test_a_repeated_delivery_is_counted_and_changes_nothing(
    applier: Applier, database: Database
) -> None:
    records = records_of(some_events())
    batch = batch_of(records)
    await apply(applier, batch)
    again = {
        p: [
            Given(r.topic, r.partition, r.offset + len(mine), r.key, r.value, r.headers)
            for r in mine
        ]
        for p, mine in records.items()
    }
    progress = await applier.progress(records)
    repeated = batch_of(again, progress)
    assert not repeated.entities
    await applier.apply(repeated, deltas_of(repeated))
    async with database.connection() as conn:
        row = await conn.fetchrow(
            "SELECT sum(applied) AS a, sum(repeated) AS r, sum(next) AS n FROM g1.consumed"
        )
    assert row is not None
    assert row["a"] == row["r"] == row["n"] // 2


async def test_a_record_that_cannot_be_read_is_parked_whole_and_the_next_is_applied(
    applier: Applier, database: Database
) -> None:
    records = records_of(some_events())
    partition, mine = next(iter(records.items()))
    rubbish = Given(
        partition.topic, partition.number, 0, b"\xff\x00", b"\x00rubbish",
        (("caf\x00é", b"\xff"), ("ce_type", None)),
    )  # fmt: skip
    moved = [Given(r.topic, r.partition, r.offset + 1, r.key, r.value, r.headers) for r in mine]
    records[partition] = [rubbish, *moved]
    batch = batch_of(records)
    await apply(applier, batch)
    async with database.connection() as conn:
        row = await conn.fetchrow("SELECT * FROM dead_letter")
        parked = await conn.fetchval("SELECT sum(parked_count) FROM g1.consumed")
    assert row is not None
    assert (row["key"], row["value"], row["code"]) == (rubbish.key, rubbish.value, "no_place")
    assert row["header_values"] == [b"\xff", None]
    assert parked == 1
    assert batch.spans[partition].applied == len(mine)


async def test_a_hole_in_the_chain_stops_the_partition_and_nothing_moves(applier: Applier) -> None:
    records = records_of(some_events())
    partition, mine = max(records.items(), key=lambda item: len(item[1]))
    batch = batch_of({partition: mine[1:]})
    assert batch.holes[partition].position > 0
    assert batch.spans == {}


async def test_when_the_database_refuses_a_part_nothing_of_the_batch_stays(
    applier: Applier, database: Database
) -> None:
    batch = batch_of(records_of(some_events()))
    async with database.connection() as conn:
        await conn.execute("ALTER TABLE g1.cell ADD CONSTRAINT refuse CHECK (dim <> 'band')")
    with pytest.raises(asyncpg.CheckViolationError):
        await apply(applier, batch)
    progress = await applier.progress(batch.spans)
    assert {at.next for at in progress.values()} == {0}
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM g1.entity_fact") == 0


@settings(max_examples=12)
@given(registry_logs(), st.integers(1, 7), st.data())
async def test_any_split_into_batches_gives_the_recount_at_any_date(
    servers: Servers, template: str, events: Sequence[AnyEvent], size: int, data: st.DataObject
) -> None:
    async with cloned(servers.postgres, template) as dsn, Database(dsn, name="test") as database:
        applier = await Applier.of_live(database, 1)
        records = records_of(events)
        progress: dict[Partition, Progress] = {}
        for start in range(0, max(len(mine) for mine in records.values()), size):
            part = {p: mine[start : start + size] for p, mine in records.items() if mine[start:]}
            batch = batch_of(part, progress)
            await apply(applier, batch)
            progress = await applier.progress(records)
        days = sorted({entry.on for e in events for entry in e.asserts + e.retracts})
        as_of = data.draw(st.sampled_from(days))
        by = data.draw(st.sampled_from([None, "commune", "section", "legal_form", "band"]))
        assert await figures_at(database, as_of, by) == recount(events, as_of, by, POLICY)
