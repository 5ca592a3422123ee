"""The house as a whole: starting, idle memory, the sample, and how soon a registration shows.

`python -m bench.house` starts a stack of its own in a temporary folder and prints one JSON line a
figure: name, value, unit, the bar it is held against (null: none) and whether it holds.
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from stdnum.vn import mst

from deploy.local.ports import Ports
from deploy.local.services import SERVICES
from deploy.local.stack import Stack
from deploy.sample.analytics import Analytics
from deploy.sample.load import Loader
from shared.plumbing.clock import SystemClock, legal_date

REGISTRATIONS = 200
AFTER_LOAD_SECONDS = 10
Line = dict[str, Any]


def figures() -> Iterator[Line]:
    """Measure the house: start, idle, load, look, stop, start again."""
    with tempfile.TemporaryDirectory(prefix="caunoi-bench-") as folder:
        # The servers run as another user when we are root.
        Path(folder).chmod(0o755)
        stack = Stack(Path(folder), ports=Ports.free())
        try:
            yield line("house_cold_start", seconds(stack.start), "s", 30)
            time.sleep(AFTER_LOAD_SECONDS)
            yield line("house_idle_memory", memory(stack), "MB", 350)
            yield line("house_sample_seconds", load(stack), "s", 60)
            time.sleep(AFTER_LOAD_SECONDS)
            yield line("house_idle_memory_after_sample", memory(stack), "MB", 350)
            waits = sorted(visible(stack))
            yield line("house_visible_p50", statistics.median(waits), "s", None)
            yield line("house_visible_p99", waits[round(0.99 * len(waits)) - 1], "s", 1)
            yield line("house_visible_max", waits[-1], "s", None)
            yield line("house_idle_memory_after_visible", memory(stack), "MB", 350)
            yield line("house_clean_stop", seconds(stack.stop), "s", None)
            yield line("house_warm_start", seconds(stack.start), "s", 10)
        finally:
            stack.stop()


def line(name: str, value: float, unit: str, bar: float | None) -> Line:
    """Return a figure; it holds when it is below its bar."""
    holds = None if bar is None else value < bar
    return {"name": name, "value": round(value, 4), "unit": unit, "bar": bar, "holds": holds}


def seconds(work: Callable[[], object]) -> float:
    """Return how long something took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def memory(stack: Stack) -> float:
    """Return the resident memory of the three services and their children, in MB.

    Pages that they share are counted in each, so this is rather too much than too little.
    """
    total = 0
    for name in SERVICES:
        process = psutil.Process(stack.pid(name))
        family = [process, *process.children(recursive=True)]
        total += sum(member.memory_info().rss for member in family)
    return total / 1e6


def load(stack: Stack) -> float:
    """Load the sample; return the seconds from its first record sent to exact figures."""
    where = stack.addresses
    analytics = Analytics(where.analytics, stack.token)
    loader = Loader(where.kafka, where.registry, where.analytics, analytics)
    return asyncio.run(loader.run(300)).seconds


def visible(stack: Stack) -> Iterator[float]:
    """Yield, for one registration after another, the seconds from its request to its figure."""
    registry, analytics = Door(stack, "registry"), Door(stack, "analytics")
    today = legal_date(SystemClock().now()).isoformat()
    question = f"/v1/indicators?as_of={today}"
    shown = count(analytics, question)
    for body in registrations(today):
        began = time.perf_counter()
        registry.ask("POST", "/v1/enterprises", body)
        while count(analytics, question) <= shown:
            pass
        yield time.perf_counter() - began
        shown += 1


def count(analytics: "Door", question: str) -> int:
    """Return how many enterprises are new."""
    return int(analytics.ask("GET", question)["indicators"]["enterprises_new"]["value"])


def registrations(day: str) -> Iterator[Line]:
    """Yield bodies of registrations whose codes nobody has."""
    made, serial = 0, 496_000_000
    while made < REGISTRATIONS:
        serial += 1
        code = f"{serial:09d}{mst.calc_check_digit(f'{serial:09d}')}"
        if not mst.is_valid(code):
            continue
        made += 1
        yield {
            "code": code,
            "on": day,
            "reference": f"BENCH-{code}",
            "legal_form": "llc_one_member",
            "name": f"Công ty TNHH MTV Đo Kiểm {made}",
            "capital_vnd": 5_000_000_000,
            "commune": "05977",
            "industry": {"scheme": "vsic2025", "code": "4690"},
        }


class Door:
    """A service's HTTP door, over one connection."""

    def __init__(self, stack: Stack, service: str) -> None:
        address = urlsplit(getattr(stack.addresses, service))
        self._connection = HTTPConnection(address.hostname or "", address.port, timeout=30)
        self._headers = {
            "Authorization": f"Bearer {stack.token}",
            "Content-Type": "application/json",
        }

    def ask(self, method: str, path: str, body: Line | None = None) -> Any:
        """Return the answer. Raises RuntimeError when it is no success."""
        content = None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, content, self._headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {answer.decode()}")
        return json.loads(answer)


if __name__ == "__main__":
    for found in figures():
        print(json.dumps(found), flush=True)
