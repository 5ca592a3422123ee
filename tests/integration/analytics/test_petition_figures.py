"""Every indicator of the petitions equals counting them, at any date, by every breakdown."""

import shutil
import uuid
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.analytics.domain.cells import PETITION_DIMS
from services.analytics.domain.indicators import BY_NAME, INDICATORS, Policy
from services.analytics.handlers.apply import Applier, deltas_of
from services.analytics.handlers.figures import Figure, Figures
from services.analytics.handlers.verify import Verify
from shared.contracts.topics import PETITION_EVENTS_TOPIC
from shared.plumbing.migrate import migrate
from shared.plumbing.postgres import Database
from tests.integration.analytics.conftest import MIGRATIONS
from tests.support.ledger import AnyEvent, Fact, Json, Ledger, to_event
from tests.support.raw import batch_of, records_of
from tests.support.servers import Servers, cloned, named, run_sql
from tests.support.strategies import petition_logs
from tests.unit.analytics.petition_recount import Recount, recount

Step = tuple[str, str, Json]
NAMES = [one.name for one in INDICATORS if one.name.startswith("petitions_")]
BYS = (None, *PETITION_DIMS)


async def bring(database: Database, events: Sequence[AnyEvent]) -> None:
    applier = await Applier.of_live(database, writer=1)
    records = records_of(events, PETITION_EVENTS_TOPIC)
    batch = batch_of(records)
    await applier.progress(records)
    assert not batch.dead
    await applier.apply(batch, deltas_of(batch))


def said(figure: Figure) -> Any:
    if figure.days is not None:
        return (figure.days.count, figure.days.median, figure.days.p90)
    return figure.share if figure.share is not None else figure.value


async def figures_at(database: Database, as_of: date, by: str | None) -> Recount:
    """Return the petitions' figures in the form of the recount, without what is nothing."""
    answer = await Figures(database, Policy(), None).at(as_of, by)
    found: Recount = {one.indicator.name: {"": said(one)} for one in answer.figures}
    if by is not None:
        broken = answer.breakdown or {}
        found = {name: {k: said(f) for k, f in parts.items()} for name, parts in broken.items()}
    nothing = (0, (0, 0), (0, None, None))
    kept = {name: {k: v for k, v in found[name].items() if v not in nothing} for name in NAMES}
    return {name: parts for name, parts in kept.items() if parts}


def days_of(events: Sequence[AnyEvent]) -> list[date]:
    """Return the days on which something changes: acts, last days to answer, the days after."""
    entries = [entry for event in events for entry in (*event.asserts, *event.retracts)]
    due = {entry.after.due_on for entry in entries}
    return sorted({entry.on for entry in entries} | due | {day + timedelta(days=1) for day in due})


@settings(max_examples=40)
@given(petition_logs(), st.data())
async def test_every_figure_equals_the_recount_at_any_date_by_every_breakdown(
    servers: Servers, template: str, events: Sequence[AnyEvent], data: st.DataObject
) -> None:
    async with cloned(servers.postgres, template) as dsn, Database(dsn, name="test") as database:
        await bring(database, events)
        as_of = data.draw(st.sampled_from(days_of(events)))
        as_of += timedelta(days=data.draw(st.sampled_from([0, 0, 40, 400])))
        for by in BYS:
            assert await figures_at(database, as_of, by) == recount(events, as_of, by), by


def life(code: str, steps: Sequence[Step], **changes: Any) -> list[AnyEvent]:
    """Return the events of one petition: (name, day, what the state then says)."""
    ledger = Ledger(code)
    state = {
        "status": "filed", "round": 1, "field": "land", "other_fields": [], "agency": None,
        "co_agencies": [], "petitioner_kind": "enterprise", "entity": None, "session": None,
        "filed_on": steps[0][1], "due_on": "2025-03-24", "agency_due_on": None,
        "answered_on": None, "settled_on": None, "outcome": None, "days_elapsed": 0, **changes,
    }  # fmt: skip
    events = []
    for number, (name, on, sets) in enumerate(steps, start=1):
        fact = Fact(
            number, name, date.fromisoformat(on), {**(state if number == 1 else {}), **sets}
        )
        events.append(to_event(name, ledger.happen(fact)))
    return events


FILED: Step = ("PetitionFiled", "2025-03-03", {})
ASSIGNED: Step = ("PetitionAssigned", "2025-03-04", {"status": "assigned", "agency": "STC"})
ANSWERED: Step = (
    "PetitionAnswered",
    "2025-03-20",
    {"status": "answered", "answered_on": "2025-03-20"},
)
RESOLVED: Step = (
    "PetitionResolved",
    "2025-04-01",
    {"status": "resolved", "settled_on": "2025-04-01", "days_elapsed": 21},
)


def transferred(on: str, agency: str) -> Step:
    return "PetitionTransferred", on, {"agency": agency}


async def test_a_petition_that_is_sent_back_counts_where_it_came_back_to(
    database: Database,
) -> None:
    there_and_back = [
        transferred("2025-03-05", "SXD"), transferred("2025-03-06", "STC"),
        transferred("2025-03-07", "SNNMT"), transferred("2025-03-10", "SXD"),
    ]  # fmt: skip
    events = life("KN-1", [FILED, ASSIGNED, *there_and_back])
    events += life("KN-2", [FILED, ASSIGNED, transferred("2025-03-05", "SXD")])
    await bring(database, events)
    whole = await figures_at(database, date(2025, 3, 31), None)
    assert whole["petitions_transferred"] == {"": 5}
    assert whole["petitions_ping_pong"] == {"": 2}
    parts = await figures_at(database, date(2025, 3, 31), "agency")
    assert parts["petitions_ping_pong"] == {"STC": 1, "SXD": 1}
    assert parts["petitions_overdue"] == {"SXD": 2}


async def test_a_reopened_petition_leaves_the_settled_ones_and_the_act_stays_counted(
    database: Database,
) -> None:
    reopened = ("PetitionReopened", "2025-06-02", {
        "status": "in_progress", "round": 2, "answered_on": None, "settled_on": None,
        "due_on": "2025-06-23",
    })  # fmt: skip
    await bring(database, life("KN-1", [FILED, ASSIGNED, ANSWERED, RESOLVED, reopened]))
    before = await figures_at(database, date(2025, 6, 1), None)
    assert before["petitions_settled"] == {"": 1}
    assert before["petitions_settled_share"] == {"": (1, 1)}
    after = await figures_at(database, date(2025, 6, 30), "petitioner")
    assert "petitions_settled" not in after
    assert after["petitions_settled_share"] == {"enterprise": (0, 1)}
    assert after["petitions_resolved"] == after["petitions_reopened"] == {"enterprise": 1}
    # Overdue is of the day that is asked for.
    assert after["petitions_overdue"] == {"enterprise": 1}
    assert "petitions_overdue" not in await figures_at(database, date(2025, 6, 23), None)


async def test_petitions_of_before_the_opening_balance_are_known_from_the_first_on(
    database: Database,
) -> None:
    await bring(database, life("KN-1", [FILED, ASSIGNED, ANSWERED, RESOLVED]))
    known = Figures(database, Policy(), date(2025, 12, 31))
    for by in BYS:
        answer = await known.at(date(2025, 4, 30), by)
        figures = {one.indicator.name: one for one in answer.figures}
        assert figures["enterprises"].before_history
        assert figures["petitions_resolved"].value == 1
        for parts in (answer.breakdown or {}).values():
            assert not any(figure.before_history for figure in parts.values())
    before = (await known.at(date(2025, 3, 2), None)).figures
    assert all(figure.before_history for figure in before)


async def test_the_answer_shows_each_breakdown_of_each_figure(
    database: Database, as_: Callable[[str], httpx.AsyncClient]
) -> None:
    cooperative = life("KN-2", [FILED, ASSIGNED], petitioner_kind="cooperative", field="credit")
    await bring(database, life("KN-1", [FILED, ASSIGNED, ANSWERED, RESOLVED]) + cooperative)
    for by, settled, late in (
        ("field", "land", "credit"),
        ("petitioner", "enterprise", "cooperative"),
        ("agency", "STC", "STC"),
    ):
        answer = await as_("reader").get(f"/v1/indicators?as_of=2025-09-12&by={by}")
        parts = answer.json()["breakdown"]
        days = parts["petitions_days_to_resolve"][settled]
        assert (days["count"], days["median"], days["p90"]) == (1, 21, 21)
        assert parts["petitions_overdue"][late]["value"] == 1
        assert parts["petitions_on_time_share"][settled]["numerator"] == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_of_the_petitions_is_broken_down_three_ways(name: str) -> None:
    assert BY_NAME[name].by == PETITION_DIMS


async def test_an_older_database_gets_the_new_keys_from_its_ledger(
    servers: Servers, tmp_path: Path
) -> None:
    name = f"analytics_{uuid.uuid4().hex[:12]}"
    dsn = named(servers.postgres, name)
    early = tmp_path / "early"
    early.mkdir()
    for path in sorted(MIGRATIONS.glob("*.sql"))[:2]:
        shutil.copy(path, early)
    await migrate(dsn, early)
    reopened = ("PetitionReopened", "2025-06-02", {
        "status": "in_progress", "round": 2, "answered_on": None, "settled_on": None,
    })  # fmt: skip
    events = life("KN-1", [FILED, ASSIGNED, ANSWERED, RESOLVED, reopened])
    events += life("KN-2", [FILED, ASSIGNED])
    try:
        async with Database(dsn, name="test") as database:
            await bring(database, events)
            async with database.connection() as conn:
                # As it was kept: without the petitioner's kind.
                await conn.execute(
                    "UPDATE g1.cell SET key = regexp_replace(key, '\\|[a-z_]+$', '')"
                    " WHERE dim IN ('due', 'days')"
                )
        await migrate(dsn, MIGRATIONS)
        async with Database(dsn, name="test") as database:
            assert (await Verify(database).run()).differences == []
            as_of = date(2025, 12, 31)
            found = await figures_at(database, as_of, "petitioner")
            assert found == recount(events, as_of, "petitioner")
    finally:
        await run_sql(named(servers.postgres, "postgres"), f"DROP DATABASE {name} WITH (FORCE)")
