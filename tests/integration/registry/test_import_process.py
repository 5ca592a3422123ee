"""Import and resending with the service as a process, its worker as another, and their death."""

import asyncio
import os
import signal
import sys
from typing import Any

import httpx
import psutil

from shared.contracts.topics import REGISTRY_EVENTS_TOPIC
from shared.plumbing.outbox import verify
from shared.plumbing.postgres import Database
from tests.integration.registry.bodies import CODE, change, enterprise
from tests.integration.registry.sheets import HEADINGS, line, table
from tests.integration.registry.test_process import (
    ROOT,
    Process,
    check_log,
    codes,
    everything,
    fact,
    kafka,
    process,
    send,
)
from tests.support.servers import until

__all__ = ["kafka", "process"]
HEADERS = {"authorization": "Bearer dkkd"}
ROWS = 6_000
UNITS = 1_500


async def test_a_worker_that_is_killed_goes_on_where_it_stood_and_every_row_is_one_event(
    process: Process, kafka: str
) -> None:
    given = codes(ROWS)
    # Their parents come later: they wait, also for the worker that goes on.
    units = [
        line(f"{code}-001", "Chi nhánh", form="Chi nhánh", capital="", on="11/03/2025")
        for code in given[:UNITS]
    ]
    async with httpx.AsyncClient(base_url=process.url, headers=HEADERS, timeout=60) as http:
        answer = await http.post(
            "/v1/imports",
            content=table([HEADINGS, *units, *(line(code) for code in given)]),
            headers={"content-type": "text/csv"},
        )
        assert answer.status_code == 202, answer.text
        where = answer.headers["location"]

        async def find() -> dict[str, Any]:
            found: dict[str, Any] = (await http.get(where)).json()
            return found

        async def begun() -> bool:
            return bool((await find())["rows"] > 0)

        await until(begun, what="the first slice")
        assert process.running is not None
        children = psutil.Process(process.running.pid).children(recursive=True)
        for child in children:
            child.kill()
        await until_more_than(find, (await find())["rows"])
        # The service itself: its worker ends with it.
        workers = psutil.Process(process.running.pid).children(recursive=True)
        process.end(signal.SIGKILL)

        async def ended() -> bool:
            return not any(w.is_running() and w.status() != "zombie" for w in workers)

        await until(ended, what="the worker ends with its service")
        await process.start()

        async def done() -> bool:
            return bool((await find())["state"] == "done")

        await until(done, what="the import is done", seconds=120)
        assert (await find())["counts"] == {"recorded": ROWS + UNITS}

        async def published() -> bool:
            return len(check_log(await everything(kafka, REGISTRY_EVENTS_TOPIC))) == ROWS + UNITS

        await until(published, what="all events are published")
    async with (
        Database(process.environment["CAUNOI_DATABASE_URL"], name="test") as database,
        database.connection() as conn,
    ):
        assert await verify(conn) is None
        assert await conn.fetchval("SELECT count(*) FROM import_row") == ROWS + UNITS


async def until_more_than(find: Any, rows: int) -> None:
    async def more() -> bool:
        found = await find()
        return bool(found["rows"] > rows or found["state"] == "done")

    await until(more, what="another worker goes on")


async def test_refused_records_are_recorded_after_a_fix_and_a_command(
    process: Process, kafka: str
) -> None:
    late = change("CapitalChanged", "2025-05-01", "R-2", code=CODE, capital_vnd=5)
    await send(kafka, [fact("CapitalChanged", late)])
    async with httpx.AsyncClient(base_url=process.url, headers=HEADERS, timeout=60) as http:

        async def refused() -> bool:
            return (
                'rejected_records{code="unknown_entity"} 1.0' in (await http.get("/metrics")).text
            )

        await until(refused, what="the record is refused")
        assert (await http.post("/v1/enterprises", json=enterprise())).status_code == 201
        assert "unknown_entity: 1" in await command(process, "--dry-run")
        assert "sent again: 1" in await command(process, "--code", "unknown_entity")

        async def recorded() -> bool:
            found = (await http.get(f"/v1/entities/{CODE}")).json()
            return bool(found["state"]["capital_vnd"] == 5)

        await until(recorded, what="the record is recorded")
        assert "sent again: 0" in await command(process)


async def command(process: Process, *arguments: str) -> str:
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.registry",
        "resend-rejected",
        *arguments,
        cwd=ROOT,
        env={**os.environ, **process.environment},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await running.communicate()
    assert running.returncode == 0
    return out.decode()
