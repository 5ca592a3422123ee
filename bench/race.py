"""The race: a million registrations from Kafka to exact totals in Postgres, beside the peers.

`python -m bench.race [--n N] [--runs R] [--peers FOLDER]` prints one JSON line a figure. Every run
starts a process on a fresh database and ends when each group equals the expected one.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg

from bench.facts import registrations
from bench.usage import cpu_seconds, machine_seconds, peak_mb
from deploy.local.ports import Ports
from deploy.local.stack import Stack
from services import analytics
from shared.plumbing.migrate import migrate
from tests.support.event_log import EventLog, Stamped, send
from tests.support.servers import cloned, make_topics, named

Groups = dict[tuple[str, int, str], tuple[int, int]]
Figure = dict[str, Any]


def expected(n: int) -> Groups:
    """Return {(kind, year, commune): (number, capital)}."""
    groups: dict[tuple[str, int, str], list[int]] = {}
    for _, _, _, group, capital in registrations(n):
        mine = groups.setdefault(group, [0, 0])
        mine[0] += 1
        mine[1] += capital
    return {group: (count, capital) for group, (count, capital) in groups.items()}


def records(n: int) -> Iterator[Stamped]:
    """Yield the events, 1 % of them delivered twice."""
    log, again = EventLog(), random.Random(20250914)
    for code, ce_type, body, _, _ in registrations(n):
        stamped = log.stamp(ce_type, code, body)
        yield stamped
        if again.random() < 0.01:
            yield stamped


class Race:
    """One set of servers with the filled topic."""

    def __init__(self, stack: Stack, n: int) -> None:
        self.stack, self.n = stack, n
        self.kafka = stack.addresses.kafka
        self.groups: Groups = {}
        self.template = f"race_{uuid.uuid4().hex[:8]}"

    async def fill(self) -> None:
        """Make topics, template and events."""
        await make_topics(self.kafka)
        dsn = named(self.stack.database_url(), self.template)
        await migrate(dsn, Path(analytics.__file__).parent / "migrations")
        self.groups = expected(self.n)
        await send(self.kafka, "caunoi.registry.events.v1", records(self.n))

    async def run(self, *, processes: int = 1, fold: str = "race") -> Figure:
        """Run our side once; return rate, CPU seconds and memory."""
        async with cloned(self.stack.database_url(), self.template) as dsn:
            conn = await asyncpg.connect(dsn)
            with tempfile.NamedTemporaryFile() as out:
                busy, started = machine_seconds(), time.monotonic()
                workers = [self.start(dsn, i + 1, fold, out) for i in range(processes)]
                try:
                    await self._exact(conn, fold)
                    seconds = time.monotonic() - started
                    pids = [w.pid for w in workers]
                    usage = {
                        "seconds": seconds,
                        "rate": self.n * 1.01 / seconds,
                        "cpu": cpu_seconds(pids) / self.n * 1e6,
                        "machine_cpu": (machine_seconds() - busy) / self.n * 1e6,
                        "memory": max(map(peak_mb, pids)),
                        "bytes_per_fact": await conn.fetchval(
                            "SELECT pg_total_relation_size('g1.entity_fact') / $1::bigint", self.n
                        ),
                    }
                finally:
                    for worker in workers:
                        worker.kill()
                        worker.wait()
                    await conn.close()
        return usage

    def start(self, dsn: str, instance: int, fold: str, out: Any) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "bench.race_consumer"],
            env={
                **os.environ,
                "DSN": dsn,
                "KAFKA": self.kafka,
                "INSTANCE": str(instance),
                "FOLD": fold,
            },
            stdout=out,
            stderr=out,
        )

    async def _exact(self, conn: asyncpg.Connection, fold: str) -> None:
        deadline = time.monotonic() + 280
        while time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            done = await conn.fetchval("SELECT coalesce(sum(applied), 0) FROM g1.consumed")
            if done < self.n:
                continue
            if await self._groups(conn, fold) == self.groups:
                return
            raise RuntimeError("the figures are not the expected ones")
        raise TimeoutError("not done in time")

    async def _groups(self, conn: asyncpg.Connection, fold: str) -> Groups:
        if fold != "race":
            rows = await conn.fetch(
                """SELECT split_part(measure, '.', 1) AS kind, 2025 AS year, key,
                          sum(n)::bigint AS n, sum(amount)::bigint AS amount FROM g1.cell
                   WHERE dim = 'commune' AND measure LIKE '%.active' GROUP BY 1, 2, 3"""
            )
        else:
            rows = await conn.fetch(
                """SELECT measure AS kind, extract(year FROM period)::int AS year, key,
                          sum(n)::bigint AS n, sum(amount)::bigint AS amount FROM g1.cell
                   WHERE dim = 'race' GROUP BY 1, 2, 3"""
            )
        return {(r["kind"], r["year"], r["key"]): (r["n"], r["amount"]) for r in rows}


class Peers:
    """The peers' own harness, on our servers."""

    def __init__(self, stack: Stack, folder: Path, n: int) -> None:
        port = stack.ports.postgres
        self.script, self.n = str(folder / "race.py"), n
        self.env = {
            **os.environ,
            "KAFKA": stack.addresses.kafka,
            "PG": f"host=127.0.0.1 port={port} user=postgres",
            "PGPASSFILE": str(stack.pgpass),
        }

    def call(self, *words: str) -> list[Figure]:
        """Run the harness; return the JSON lines that it prints."""
        uv = Path(sys.executable).with_name("uv")
        done = subprocess.run(
            [str(uv), "run", "-q", "--no-project", self.script, *words],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if not lines:
            raise RuntimeError(done.stderr[-2000:])
        return lines


def figure(name: str, value: float, unit: str, bar: float | None, holds: bool | None) -> Figure:
    """Return one line of the bench."""
    return {"name": name, "value": round(value, 3), "unit": unit, "bar": bar, "holds": holds}


def figures(n: int = 1_000_000, runs: int = 5, peers: Path | None = None) -> Iterator[Figure]:
    """Run the race; alternate with the peers where they are given."""
    with tempfile.TemporaryDirectory(prefix="caunoi-race-") as folder, contextlib.ExitStack() as on:
        Path(folder).chmod(0o755)
        stack = on.enter_context(Stack(Path(folder), ports=Ports.free(), services=()))
        race = Race(stack, n)
        asyncio.run(race.fill())
        others = Peers(stack, peers, n) if peers else None
        if others:
            # The peers know no password; these servers are thrown away after the race.
            asyncio.run(_trust(stack, Path(folder)))
            others.call("fill", "peerrace", str(n))
        yield from _measured(race, others, runs)


async def _trust(stack: Stack, folder: Path) -> None:
    rules = folder / "postgres" / "data" / "pg_hba.conf"
    rules.write_text("host all all 127.0.0.1/32 trust\n" + rules.read_text())
    conn = await asyncpg.connect(stack.database_url())
    await conn.execute("SELECT pg_reload_conf()")
    await conn.close()


def _measured(race: Race, others: Peers | None, runs: int) -> Iterator[Figure]:
    ours: list[Figure] = []
    theirs: dict[str, list[Figure]] = {"flink": [], "kstreams": []}
    for _ in range(runs):
        ours.append(asyncio.run(race.run()))
        print(json.dumps({"run": "ours", **ours[-1]}), file=sys.stderr, flush=True)
        for peer in theirs if others else ():
            assert others is not None
            theirs[peer] += others.call("run", "peerrace", peer)
            print(json.dumps({"run": peer, **theirs[peer][-1]}), file=sys.stderr, flush=True)
    rate = statistics.median(r["rate"] for r in ours)
    yield figure("analytics_race_rate", rate, "events/s", None, None)
    cpu = statistics.median(r["machine_cpu"] for r in ours)
    memory = statistics.median(r["memory"] for r in ours)
    yield figure("analytics_race_machine_cpu", cpu, "s/million", None, None)
    yield figure("analytics_race_memory", memory, "MB", 250, memory < 250)
    if others:
        yield from _against(rate, cpu, theirs)
    whole = statistics.median(asyncio.run(race.run(fold="whole"))["rate"] for _ in range(runs))
    yield figure("analytics_whole_fold_ratio", whole / rate, "ratio", 0.6, whole / rate >= 0.6)
    two = statistics.median(asyncio.run(race.run(processes=2))["rate"] for _ in range(runs))
    yield figure("analytics_two_processes_ratio", two / rate, "ratio", 1.15, two / rate >= 1.15)
    size = ours[-1]["bytes_per_fact"]
    yield figure("analytics_bytes_per_fact", size, "B", None, None)


def _against(rate: float, cpu: float, theirs: dict[str, list[Figure]]) -> Iterator[Figure]:
    flink = statistics.median(r["rate_net"] for r in theirs["flink"])
    yield figure("analytics_race_flink_ratio", rate / flink, "ratio", 1.2, rate / flink >= 1.2)
    streams = statistics.median(r["rate"] for r in theirs["kstreams"])
    ratio = rate / streams
    yield figure("analytics_race_kstreams_ratio", ratio, "ratio", 2.0, ratio >= 2.0)
    machine = statistics.median(r["machine_cpu_s_per_million"] for r in theirs["flink"])
    share = cpu / machine
    yield figure("analytics_race_flink_cpu_ratio", share, "ratio", 0.5, share <= 0.5)


if __name__ == "__main__":
    cli = argparse.ArgumentParser()
    cli.add_argument("--n", type=int, default=1_000_000)
    cli.add_argument("--runs", type=int, default=5)
    cli.add_argument("--peers", type=Path)
    given = cli.parse_args()
    for line in figures(given.n, given.runs, given.peers):
        print(json.dumps(line), flush=True)
