"""The petitions' figures: acts beside a bare endpoint, and a list of a million.

    python -m bench.petitions

Ratios and medians within one run: everything shares the machine, whatever else runs on it.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import asyncpg

from bench.bare_server import bare_server
from deploy.local import tokens
from deploy.local.ports import Ports, free_ports
from deploy.local.stack import ROOT, Stack
from shared.plumbing import log
from shared.plumbing.clock import monotonic

CLIENTS = 32
MILLION = 1_000_000
_MOST = 5_000
_LISTS = 60
# Rows as the service writes them: every agency, statuses as they are met, two years of due dates.
_FILL = """
INSERT INTO petition (id, version, entries, last_on, state, ledger, tracking_code, filed_at,
                      changed_at)
SELECT 'B-' || n, 1, 1, d, jsonb_build_object(
        'status', (ARRAY['assigned', 'in_progress', 'answered', 'assigned'])[1 + n % 4],
        'round', 1, 'field', 'land', 'other_fields', '[]'::jsonb,
        'agency', (ARRAY['STC', 'SNNMT', 'SXD', 'SNV', 'SGDDT', 'SKHCN', 'SCT', 'NHNN', 'THUE',
                         'BQLKKT', 'VPUB'])[1 + n % 11],
        'co_agencies', '[]'::jsonb, 'petitioner_kind', 'enterprise',
        'entity', '49' || lpad((n % 6000)::text, 8, '0'), 'session', NULL, 'filed_on', d,
        'due_on', d + 20, 'agency_due_on', NULL, 'answered_on', NULL, 'settled_on', NULL,
        'outcome', NULL, 'days_elapsed', 0),
    '[]'::jsonb, 'BENCH-' || n, now(), now()
FROM (SELECT n, DATE '2025-01-01' + (n * 7919 % 700)::int AS d
      FROM generate_series($1::bigint, $2::bigint) n) made
"""


def figures(long: bool) -> Iterator[dict[str, Any]]:
    """Rows of {name, value, unit, bar, holds}; `long` takes a minute for each run of acts."""
    seconds = 60.0 if long else 8.0
    with _running() as (stack, bare, token):
        yield from _acts(stack, bare, token, seconds)
        yield from _lists(stack, token)


def _acts(stack: Stack, bare: int, token: str, seconds: float) -> Iterator[dict[str, Any]]:
    """Alternate the two, so that what else the machine does falls on both."""
    ours, theirs = [], []
    port = stack.ports.petitions
    for number in range(3):
        first = int(number * seconds * _MOST)
        theirs.append(_load("bench.posts", bare, "", seconds, first))
        ours.append(_load("bench.petition_acts", port, token, seconds, first))
    rates = [(one["rate"], other["rate"]) for one, other in zip(ours, theirs, strict=True)]
    yield _row("petitions_actions_rate", statistics.median(r for r, _ in rates), "acts/s")
    yield _row("petitions_bare_rate", statistics.median(r for _, r in rates), "posts/s")
    ratio = statistics.median(one / other for one, other in rates)
    yield _row("petitions_actions_ratio", ratio, "of the bare endpoint", 0.4, above=True)
    slowest = statistics.median(one["p99"] for one in ours)
    yield _row("petitions_actions_p99_ms", slowest, "ms", 100.0)


def _lists(stack: Stack, token: str) -> Iterator[dict[str, Any]]:
    plan = asyncio.run(_fill(stack.database_url("caunoi_petitions")))
    if "petition_by_agency" not in plan or "Sort" in plan:
        raise RuntimeError(f"the list is not read in the order of an index: {plan}")
    connection = HTTPConnection("127.0.0.1", stack.ports.petitions, timeout=30)
    taken, after = [], ""
    for number in range(_LISTS):
        agency = ("STC", "SXD", "VPUB")[number % 3]
        began = monotonic()
        connection.request(
            "GET",
            f"/v1/petitions?agency={agency}&limit=100{after}",
            headers={"authorization": f"Bearer {token}"},
        )
        answer = connection.getresponse()
        page = json.loads(answer.read())
        taken.append(monotonic() - began)
        if answer.status != 200 or len(page["items"]) != 100:
            raise RuntimeError(f"{answer.status}: {str(page)[:300]}")
        # Every other one is deep in the list.
        after = f"&after={page['next']}" if number % 2 else "&after=2026-01-01~B-5"
    taken.sort()
    yield _row("petitions_list_ms", 1000 * taken[len(taken) // 2], "ms, median", 50.0)
    yield _row("petitions_list_p95_ms", 1000 * taken[int(0.95 * len(taken))], "ms", 50.0)


async def _fill(dsn: str) -> str:
    """Make a million petitions; the plan of a list of one agency."""
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute("SET synchronous_commit = off")
        for start in range(1, MILLION + 1, 100_000):
            await conn.execute(_FILL, start, start + 99_999)
        await conn.execute("VACUUM ANALYZE petition")
        rows = await conn.fetch(
            "EXPLAIN SELECT id, state::text FROM petition WHERE agency = 'STC'"
            " AND (due_on, id) > ('2026-01-01', 'B-5') ORDER BY due_on, id LIMIT 100"
        )
    finally:
        await conn.close()
    return "\n".join(row[0] for row in rows)


def _load(module: str, port: int, token: str, seconds: float, first: int) -> dict[str, Any]:
    command = [
        *(sys.executable, "-m", module, f"--port={port}", f"--token={token}"),
        *(f"--seconds={seconds}", f"--first={first}", f"--clients={CLIENTS}"),
    ]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(said)
    if found["bad"]:
        raise RuntimeError(f"{module}: requests were refused: {found['bad']}")
    return found


def _row(
    name: str, value: float, unit: str, bar: float | None = None, *, above: bool = False
) -> dict[str, Any]:
    """One figure; `bar` is what it must reach (`above`) or stay below."""
    holds = None if bar is None else value >= bar if above else value < bar
    return {"name": name, "value": round(value, 3), "unit": unit, "bar": bar, "holds": holds}


@contextmanager
def _running() -> Iterator[tuple[Stack, int, str]]:
    """A stack with the petitions alone, the bare endpoint on the same Postgres, a lead's token."""
    with tempfile.TemporaryDirectory(prefix="caunoi-bench-") as folder:
        Path(folder).chmod(0o755)  # the servers run as another user when we are root
        lead = tokens.new_token("bench", "STC", tokens.SCOPES)
        with Stack(Path(folder), ports=Ports.free(), services=("petitions",)) as stack:
            tokens.ensure(Path(folder) / "tokens.json", [lead])
            stack.create_databases(["bare"])
            (port,) = free_ports(1)
            with bare_server(stack.database_url("bare"), port, Path(folder) / "bare.log"):
                yield stack, port, lead["token"]


if __name__ == "__main__":
    log.configure("bench", "WARNING")
    for figure in figures(long="--long" in sys.argv):
        print(json.dumps(figure), flush=True)
