"""The bare endpoint as a process of its own: what the services' doors are held against."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def bare_server(dsn: str, port: int, log: Path) -> Iterator[None]:
    """Serve `bench.bare` over a database until the block ends."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.bare", str(port)],
            cwd=ROOT,
            env={**os.environ, "BARE_DSN": dsn},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        asyncio.run(_answers(port))
        yield
    finally:
        process.terminate()
        process.wait(20)


async def _answers(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
