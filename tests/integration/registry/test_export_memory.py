"""A long answer takes no more memory than a short one: exports and the snapshot."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bench.registry_exports import ROUTES, drain, fill, peak_while
from tests.support.servers import until

ROOT = Path(__file__).parents[3]
FEW, MANY = 20_000, 200_000
# The answers at MANY are 40 to 80 MB: whoever gathered one would show.
MOST_MORE = 12.0


@dataclass
class Door:
    """A service without Kafka in a process of its own."""

    url: str
    pid: int

    async def answers(self) -> bool:
        async with httpx.AsyncClient(base_url=self.url, timeout=5) as client:
            try:
                headers = {"authorization": "Bearer reader"}
                return (await client.get("/v1/entities", headers=headers)).status_code == 200
            except httpx.TransportError:
                return False


@pytest.fixture
async def door(dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = {"token": "reader", "name": "reader", "agency": None, "scopes": ["registry:read"]}
    (tmp_path / "tokens.json").write_text(json.dumps({"tokens": [token]}), "utf-8")
    environment = {
        "CAUNOI_DATABASE_URL": dsn,
        "CAUNOI_KAFKA": "127.0.0.1:1",
        "CAUNOI_PORT": str(port),
        "CAUNOI_TOKENS": str(tmp_path / "tokens.json"),
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.registry", "serve"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
        )
    try:
        made = Door(f"http://127.0.0.1:{port}", process.pid)
        await until(made.answers, what=f"the door is open: {tmp_path / 'log'}")
        yield made
    finally:
        process.kill()
        process.wait(10)


async def test_ten_times_the_rows_take_the_same_memory(door: Door, dsn: str) -> None:
    async def peaks() -> dict[str, tuple[float, int]]:
        return {
            route: await asyncio.to_thread(peak_while, door.pid, door.url + route, "reader")
            for route in ROUTES
        }

    await fill(dsn, 1, FEW)
    for route in ROUTES:
        await asyncio.to_thread(drain, door.url + route, "reader")
    few = await peaks()
    await fill(dsn, FEW + 1, MANY)
    many = await peaks()
    # The headings of a CSV; of a snapshot the cut before and the number behind.
    more = {"/v1/entities.csv": 1, "/v1/entities.ndjson": 0, "/v1/snapshot": 2}
    assert {route: lines - more[route] for route, (_, lines) in many.items()} == dict.fromkeys(
        ROUTES, MANY
    )
    grown = {route: many[route][0] - few[route][0] for route in ROUTES}
    assert max(grown.values()) < MOST_MORE, (few, many)
