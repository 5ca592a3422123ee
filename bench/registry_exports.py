"""Exports and snapshot of a large register: rows a second, and the memory that they take.

    python -m bench.registry_exports [--long]

The register is written by SQL and not by the service: what is measured is how it goes out. Memory
is the peak of the service's process while one answer goes out, at a tenth of the rows and at all.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import httpx

from bench.usage import peak_mb
from deploy.local.ports import Ports
from deploy.local.stack import Stack

ROUTES: Final = ("/v1/entities.csv", "/v1/entities.ndjson", "/v1/snapshot")
# What may be told apart from the allocator's own ups and downs.
BAR_RATIO: Final = 1.1

_FILL = """
INSERT INTO entity (code, version, facts, kind, legal_form, name, status, capital_vnd, commune,
    industry_scheme, industry_code, registered_on, updated_at)
SELECT lpad(n::text, 10, '0'), 1, jsonb_build_array(jsonb_build_object(
        'number', 1, 'on', date '2010-01-01' + n % 5000,
        'sets', jsonb_build_object('commune', '05977'))),
    'enterprise', 'joint_stock', 'Công ty cổ phần Thương mại và Dịch vụ số ' || n, 'active', n,
    '05977', 'vsic2025', '4711', date '2010-01-01' + n % 5000, now()
FROM generate_series($1::int, $2::int) n
"""


async def fill(dsn: str, first: int, last: int) -> None:
    """Write subjects number `first` to `last` into an empty part of a register."""
    conn = await asyncpg.connect(dsn)
    try:
        for low in range(first, last + 1, 50_000):
            await conn.execute(_FILL, low, min(low + 49_999, last))
        await conn.execute("VACUUM ANALYZE entity")
    finally:
        await conn.close()


def drain(url: str, token: str) -> int:
    """Take a whole answer as it comes; how many lines. RuntimeError when it is refused."""
    lines, headers = 0, {"authorization": f"Bearer {token}"}
    with httpx.stream("GET", url, headers=headers, timeout=120, trust_env=False) as answer:
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"{urlsplit(url).path}: {answer.status_code}")
        for piece in answer.iter_raw(1 << 20):
            lines += piece.count(b"\n")
    return lines


def peak_while(pid: int, url: str, token: str) -> tuple[float, int]:
    """Return the peak memory of a process in MB while it gives an answer, and the lines of that."""
    # Forgets the peak so far (proc(5)).
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    lines = drain(url, token)
    return peak_mb(pid), lines


def figures(long: bool) -> Iterator[dict[str, Any]]:
    """Rows of {name, value, unit, bar, holds}; `long` takes a million rows instead of 200,000."""
    rows = 1_000_000 if long else 200_000
    with tempfile.TemporaryDirectory(prefix="caunoi-bench-") as folder:
        Path(folder).chmod(0o755)  # the servers run as another user when we are root
        with Stack(Path(folder), ports=Ports.free(), services=("registry",)) as stack:
            dsn = stack.database_url("caunoi_registry")
            pid = stack.pid("registry")
            assert pid is not None
            base = f"http://127.0.0.1:{stack.ports.registry}"
            asyncio.run(fill(dsn, 1, rows // 10))
            for route in ROUTES:
                drain(base + route, stack.token)  # what is made once is made
            few = [peak_while(pid, base + route, stack.token) for route in ROUTES]
            asyncio.run(fill(dsn, rows // 10 + 1, rows))
            for route, (before, _) in zip(ROUTES, few, strict=True):
                began = time.perf_counter()
                peak, lines = peak_while(pid, base + route, stack.token)
                seconds = time.perf_counter() - began
                assert lines >= rows, f"{route}: {lines} lines"
                name = "registry_" + route.rsplit("/", 1)[-1].replace("entities.", "export_")
                yield _row(f"{name}_rate", rows / seconds, "rows/s")
                yield _row(f"{name}_peak", peak, "MB")
                yield _row(f"{name}_memory_ratio", peak / before, "of a tenth", BAR_RATIO)


def _row(name: str, value: float, unit: str, bar: float | None = None) -> dict[str, Any]:
    holds = None if bar is None else value < bar
    return {"name": name, "value": round(value, 3), "unit": unit, "bar": bar, "holds": holds}


if __name__ == "__main__":
    for figure in figures(long="--long" in sys.argv):
        print(json.dumps(figure), flush=True)
