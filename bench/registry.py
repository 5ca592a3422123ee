"""The registry's figures: single posts beside a bare endpoint, and the relay.

    python -m bench.registry

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
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from bench import relay
from bench.bare_server import bare_server
from deploy.local.ports import Ports, free_ports
from deploy.local.stack import ROOT, Stack
from shared.plumbing import log

CLIENTS = 32
# Posts a second at which the relay's delay is measured.
_CALM = 200.0
# Registrations a second that nobody reaches: so far behind one run begins the next.
_MOST = 5_000


def figures(long: bool) -> Iterator[dict[str, Any]]:
    """Rows of {name, value, unit, bar, holds}; `long` takes a minute for each run of posts."""
    seconds, rounds = (60.0, 3) if long else (8.0, 3)
    with _running() as (stack, bare):
        server = stack.database_url()
        yield from _posts(stack, bare, seconds, rounds)
        yield from _latency(stack, seconds)
        rates = [
            uvloop.run(relay.bulk(server, stack.addresses.kafka, 300_000 if long else 100_000))
            for _ in range(3)
        ]
        yield _row("registry_relay_rate", statistics.median(rates), "events/s", 30_000, above=True)


def _posts(stack: Stack, bare: int, seconds: float, rounds: int) -> Iterator[dict[str, Any]]:
    """Alternate the two, so that what else the machine does falls on both."""
    ours, theirs = [], []
    for number in range(rounds):
        first = int(number * seconds * _MOST)
        theirs.append(_load(bare, "", seconds, first))
        ours.append(_load(stack.ports.registry, stack.token, seconds, first))
    rates = [(one["rate"], other["rate"]) for one, other in zip(ours, theirs, strict=True)]
    yield _row("registry_posts_rate", statistics.median(r for r, _ in rates), "posts/s")
    yield _row("registry_posts_bare_rate", statistics.median(r for _, r in rates), "posts/s")
    ratio = statistics.median(one / other for one, other in rates)
    yield _row("registry_posts_ratio", ratio, "of the bare endpoint", 0.5, above=True)
    slowest = statistics.median(one["p99"] for one in ours)
    yield _row("registry_posts_p99_ms", slowest, "ms", 80.0)


def _latency(stack: Stack, seconds: float) -> Iterator[dict[str, Any]]:
    delays = uvloop.run(_delays(stack, seconds))
    yield _row("registry_relay_p50_ms", delays["acknowledged_p50"], "ms", 10.0)
    yield _row("registry_relay_p99_ms", delays["acknowledged_p99"], "ms", 50.0)
    yield _row("registry_relay_seen_p50_ms", delays["seen_p50"], "ms")
    yield _row("registry_relay_seen_p99_ms", delays["seen_p99"], "ms")


async def _rest(stack: Stack) -> None:
    """Have Postgres do what the posts before have left it to do: low load is what is measured."""
    conn = await asyncpg.connect(stack.database_url("caunoi_registry"))
    await conn.execute("VACUUM (ANALYZE)")
    await conn.execute("CHECKPOINT")
    await conn.close()


async def _delays(stack: Stack, seconds: float) -> dict[str, float]:
    await _rest(stack)
    first = int(10 * seconds * _MOST)
    post = asyncio.to_thread(_load, stack.ports.registry, stack.token, seconds, first, rate=_CALM)
    return await relay.delays(stack.addresses.kafka, post)


def _load(port: int, token: str, seconds: float, first: int, rate: float = 0) -> dict[str, Any]:
    """What `bench.posts` says of one run; RuntimeError when a post was not taken."""
    command = [
        *(sys.executable, "-m", "bench.posts", f"--port={port}", f"--token={token}"),
        *(f"--seconds={seconds}", f"--first={first}", f"--clients={CLIENTS}", f"--rate={rate}"),
    ]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(said)
    if found["bad"]:
        raise RuntimeError(f"posts were refused: {found['bad']}")
    return found


def _row(
    name: str, value: float, unit: str, bar: float | None = None, *, above: bool = False
) -> dict[str, Any]:
    """One figure; `bar` is what it must reach (`above`) or stay below."""
    holds = None if bar is None else value >= bar if above else value < bar
    return {"name": name, "value": round(value, 3), "unit": unit, "bar": bar, "holds": holds}


@contextmanager
def _running() -> Iterator[tuple[Stack, int]]:
    """A stack with the registry alone, and the bare endpoint on the same Postgres."""
    with tempfile.TemporaryDirectory(prefix="caunoi-bench-") as folder:
        Path(folder).chmod(0o755)  # the servers run as another user when we are root
        with Stack(Path(folder), ports=Ports.free(), services=("registry",)) as stack:
            stack.create_databases(["bare"])
            (port,) = free_ports(1)
            with bare_server(stack.database_url("bare"), port, Path(folder) / "bare.log"):
                yield stack, port


if __name__ == "__main__":
    log.configure("bench", "WARNING")
    for figure in figures(long="--long" in sys.argv):
        print(json.dumps(figure), flush=True)
