"""Units that stand before their parents in a file: they wait, and are recorded all the same."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import httpx
import orjson

from services.registry.app import Service
from shared.plumbing.postgres import Connection
from tests.integration.registry.bodies import CODE, OTHER, branch, change, enterprise, rows
from tests.integration.registry.sheets import HEADINGS, importer, line, report, run, table, upload
from tests.integration.registry.test_imports import MANY


def unit(code: str, number: int = 1, **cells: Any) -> list[Any]:
    """Return the cells of a branch under HEADINGS."""
    given = {"form": "Chi nhánh", "capital": "", "on": "11/03/2025", **cells}
    return line(f"{code}-{number:03}", "Chi nhánh Mẫu", **given)


async def states(http: httpx.AsyncClient, codes: Sequence[str]) -> list[str]:
    found = [(await http.get(f"/v1/entities/{code}")).json() for code in codes]
    return [one["state"]["status"] for one in found]


async def test_a_family_in_one_slice_is_recorded_whatever_the_order_of_its_rows(
    http: httpx.AsyncClient, service: Service
) -> None:
    body = table([HEADINGS, line(CODE), unit(CODE), unit(OTHER), line(OTHER), unit(MANY[9])])
    done = await run(http, service, body)
    assert [r["result"] for r in await report(http, done)] == [
        "recorded",
        "recorded",
        "recorded",
        "recorded",
        "unknown_parent",
    ]
    assert (done["counts"], done["waiting"]) == ({"recorded": 4, "unknown_parent": 1}, 0)


async def test_a_unit_far_before_its_parent_is_recorded_with_what_follows_it(
    http: httpx.AsyncClient, service: Service
) -> None:
    early = [
        {**branch(f"{CODE}-001", "B-1"), "fact": "BranchRegistered", "parent": CODE},
        {**change("EntitySuspended", "2025-06-01", "B-2"), "code": f"{CODE}-001"},
    ]
    between = [enterprise(code, f"M-{code}") for code in MANY[10:1_500]]
    late = [
        {**change("EntityResumed", "2025-07-01", "B-3"), "code": f"{CODE}-001"},
        enterprise(CODE, "A-1"),
        {**change("EntityNotAtAddress", "2025-08-01", "B-4"), "code": f"{CODE}-001"},
    ]
    body = b"\n".join(orjson.dumps(one) for one in (*early, *between, *late))
    done = await run(http, service, body, "application/x-ndjson")
    assert done["counts"] == {"recorded": 1_495}
    assert await states(http, [CODE, f"{CODE}-001"]) == ["active", "not_at_address"]
    again = await run(http, service, body, "application/x-ndjson", again=True)
    assert again["counts"] == {"repeated": 1_495}


async def test_what_waits_is_recorded_once_by_a_worker_that_dies_again_and_again(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    parents, units = MANY[:1_200], [unit(code) for code in MANY[:1_200]]
    body = table([HEADINGS, *units, unit("0100233488"), *(line(code) for code in parents)])
    where = (await upload(http, body)).headers["location"]

    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    deaths = 0
    while (found := (await http.get(where)).json())["state"] in ("queued", "running"):
        assert found["recorded"] + found["rejected"] + found["waiting"] == found["rows"]
        deaths += 1
        with suppress(Killed):
            await importer(service, on_slice=die).run_pending()
    assert found["counts"] == {"recorded": 2_400, "unknown_parent": 1}
    assert deaths == 6
    assert (await rows(conn))["event"] == 2_400
    assert await conn.fetchval("SELECT count(*) FROM import_row") == 2_401
    assert await conn.fetchval("SELECT count(*) FROM import_row WHERE cells IS NOT NULL") == 1


async def test_a_dry_run_does_not_judge_a_unit_whose_parent_comes_later(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    before = await rows(conn)
    body = table([HEADINGS, unit(CODE), line(CODE), unit(OTHER)])
    done = await run(http, service, body, dry_run=True)
    assert done["counts"] == {"recorded": 1, "depends_on_earlier_row": 1, "unknown_parent": 1}
    assert await rows(conn) == before


async def test_what_waits_in_a_cancelled_import_can_be_downloaded(
    http: httpx.AsyncClient, service: Service
) -> None:
    body = table([HEADINGS, unit(CODE), *(line(code) for code in MANY[:1_500])])
    where = (await upload(http, body)).headers["location"]
    cancelling: list[asyncio.Task[httpx.Response]] = []

    def on_slice() -> None:
        cancelling.append(asyncio.create_task(http.delete(where)))

    await importer(service, on_slice=on_slice).run_pending()
    await asyncio.gather(*cancelling)
    found = (await http.get(where)).json()
    assert (found["state"], found["waiting"]) == ("cancelled", 1)
    back = (await http.get(f"{where}/rejected")).content.decode("utf-8-sig")
    assert f"{CODE}-001" in back
    assert "waiting_for_parent" in back
