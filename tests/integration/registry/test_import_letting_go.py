"""Imports let their rows go after a time, and keep their summary."""

from datetime import timedelta

import httpx
import pytest

from services.registry.app import Service
from services.registry.handlers.imports import let_go
from shared.plumbing.clock import FixedClock
from shared.plumbing.postgres import Connection
from tests.integration.registry.bodies import CODE, OTHER
from tests.integration.registry.sheets import HEADINGS, line, report, run, table, upload

KEPT = timedelta(days=90)


def later(clock: FixedClock, days: float) -> FixedClock:
    return FixedClock(clock.now() + timedelta(days=days))


async def test_rows_go_when_their_time_is_over_and_the_summary_stays(
    http: httpx.AsyncClient, service: Service, clock: FixedClock, conn: Connection
) -> None:
    body = table([HEADINGS, line(CODE), line("4900000018")])
    done = await run(http, service, body)
    assert await let_go(service.database, later(clock, 89.9), KEPT) == 0
    assert len(await report(http, done)) == 2
    assert await let_go(service.database, later(clock, 90.1), KEPT) == 1
    assert await let_go(service.database, later(clock, 90.1), KEPT) == 0
    assert await conn.fetchval("SELECT count(*) FROM import_row") == 0
    where = f"/v1/imports/{done['id']}"
    for path in ("report", "rejected"):
        answer = await http.get(f"{where}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (410, "import_rows_removed")
    found = (await http.get(where)).json()
    assert found.pop("removed_at") is not None
    assert found.pop("ignored") == []
    assert found == {n: v for n, v in done.items() if n not in ("removed_at", "ignored")}
    # The register is not touched, and the file is still known.
    assert (await http.get(f"/v1/entities/{CODE}")).status_code == 200
    same = await upload(http, body)
    assert (same.status_code, same.json()["id"]) == (200, done["id"])


async def test_what_waits_or_is_worked_on_is_never_let_go(
    http: httpx.AsyncClient, service: Service, clock: FixedClock
) -> None:
    answer = await upload(http, table([HEADINGS, line(OTHER)]))
    assert await let_go(service.database, later(clock, 1_000), KEPT) == 0
    found = (await http.get(answer.headers["location"])).json()
    assert (found["state"], found["removed_at"]) == ("queued", None)


async def test_a_file_that_never_came_whole_is_forgotten(
    http: httpx.AsyncClient, service: Service, clock: FixedClock, conn: Connection
) -> None:
    await upload(http, table([HEADINGS, line(OTHER)]))
    await conn.execute("UPDATE import SET state = 'receiving', digest = NULL")
    await let_go(service.database, later(clock, 0.2), KEPT)
    assert await conn.fetchval("SELECT count(*) FROM import_piece") == 1
    await let_go(service.database, later(clock, 0.3), KEPT)
    assert await conn.fetchval("SELECT count(*) FROM import_piece") == 0
    assert await conn.fetchval("SELECT count(*) FROM import") == 0


async def test_rows_are_removed_in_short_transactions(
    http: httpx.AsyncClient,
    service: Service,
    clock: FixedClock,
    conn: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.registry.handlers.imports.letting_go._SLICE", 2)
    await run(http, service, table([HEADINGS, *(line("4900000018") for _ in range(7))]))
    assert await let_go(service.database, later(clock, 91), KEPT) == 1
    assert await conn.fetchval("SELECT count(*) FROM import_row") == 0
