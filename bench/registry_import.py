"""Import: 100,000 rows of CSV to acknowledged and published, and the memory that it takes.

All servers, the register and its worker share the machine. The file is sent over HTTP; the clock
runs from the first octet until the last event is acknowledged by the topic.
"""

import csv
import io
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.facts import registrations
from deploy.local.ports import Ports
from deploy.local.stack import Stack
from shared.contracts.values import UNKNOWN_SECTION, section_of

ROWS = 100_000
BAR_SECONDS = 12.0
BAR_RATIO = 1.3
_HEADINGS = (
    "Mã số doanh nghiệp",
    "Tên doanh nghiệp",
    "Loại hình",
    "Vốn điều lệ (triệu đồng)",
    "Xã/phường",
    "Ngành nghề (VSIC 2025)",
    "Ngày đăng ký",
)
_FORMS = {
    "llc_one_member": "Công ty TNHH một thành viên",
    "llc_multi_member": "Công ty TNHH hai thành viên trở lên",
    "joint_stock": "Công ty cổ phần",
    "partnership": "Công ty hợp danh",
    "sole_proprietorship": "Doanh nghiệp tư nhân",
    "cooperative": "Hợp tác xã",
}


def table(rows: int) -> Iterator[bytes]:
    """Yield a CSV of registrations as a province would send it, piece by piece."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(_HEADINGS)
    for _, _, data, _, _ in registrations(rows):
        state = json.loads(data)["state"]
        year, month, day = state["registered_on"].split("-")
        writer.writerow(
            (
                state_code(data),
                state["name"],
                _FORMS[state["legal_form"]],
                str(state["capital_vnd"] // 1_000_000),
                state["commune"],
                _industry(state["industry"]["code"]),
                f"{day}/{month}/{year}",
            )
        )
        if out.tell() > 1_000_000:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def state_code(data: bytes) -> str:
    """Return the code of a registration."""
    return str(json.loads(data)["subject"])


def _industry(code: str) -> str:
    return "4711" if section_of("vsic2025", code) == UNKNOWN_SECTION else code


class Memory:
    """Watches the largest memory of a process and its children together, in octets."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._process = psutil.Process(pid)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ends.wait(0.05):
            self.peak = max(self.peak, sum(self._sizes()))

    def _sizes(self) -> Iterator[int]:
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                yield process.memory_info().rss
            except psutil.Error:
                continue

    def end(self) -> int:
        """Stop watching; the peak."""
        self._ends.set()
        self._thread.join()
        return self.peak


def spent(pid: int) -> float:
    """Return the processor seconds of a process and all that it started, the ended ones too."""
    total = 0.0
    parent = psutil.Process(pid)
    for process in (parent, *parent.children(recursive=True)):
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.Error:
            continue
    return total


def one_import(rows: int, folder: Path) -> dict[str, Any]:
    """Import so many rows into a new register: seconds to recorded and to published, octets."""
    # Made before the clock runs: the sender's work is not the register's.
    file = folder / "file.csv"
    with file.open("wb") as out:
        out.writelines(table(rows))
    ports = Ports.free()
    with Stack(folder / "stack", ports=ports, services=("registry",)) as stack:
        pid = stack.pid("registry")
        assert pid is not None
        with httpx.Client(
            base_url=stack.addresses.registry,
            headers={"authorization": f"Bearer {stack.token}"},
            timeout=120,
        ) as http:
            parts = {name: stack.pid(name) or 0 for name in ("registry", "postgres", "kafka")}
            before = {name: spent(one) for name, one in parts.items()}
            memory, began = Memory(pid), time.monotonic()
            answer = http.post(
                "/v1/imports", content=file.read_bytes(), headers={"content-type": "text/csv"}
            )
            answer.raise_for_status()
            where = answer.headers["location"]
            while (found := http.get(where).json())["state"] in ("queued", "running"):
                time.sleep(0.1)
            recorded = time.monotonic() - began
            if found["counts"] != {"recorded": rows}:
                raise RuntimeError(f"not every row was recorded: {found}")
            while _sent(http) < rows:
                time.sleep(0.1)
            published = time.monotonic() - began
            cpu = {name: round(spent(one) - before[name], 2) for name, one in parts.items()}
            octets = memory.end()
            return {"recorded": recorded, "published": published, "octets": octets, "cpu": cpu}


def _sent(http: httpx.Client) -> int:
    for line in http.get("/metrics").text.splitlines():
        if line.startswith("caunoi_outbox_sent_total"):
            return int(float(line.split()[-1]))
    return 0


def figures(long: bool) -> Iterator[dict[str, Any]]:
    """Yield the figures; the memory of a million rows only when `long`, else of 300,000."""
    with tempfile.TemporaryDirectory(prefix="caunoi-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        small = one_import(ROWS, _made(folder / "small"))
        seconds = round(small["published"], 2)
        yield {
            "name": "registry_import_seconds",
            "value": seconds,
            "unit": "s",
            "bar": BAR_SECONDS,
            "holds": seconds <= BAR_SECONDS,
            "rows": ROWS,
            "recorded_after": round(small["recorded"], 2),
            "cpu_seconds": small["cpu"],
        }
        rows = 1_000_000 if long else 300_000
        large = one_import(rows, _made(folder / "large"))
        ratio = round(large["octets"] / small["octets"], 3)
        yield {
            "name": "registry_import_memory_ratio",
            "value": ratio,
            "unit": "1",
            "bar": BAR_RATIO,
            "holds": ratio <= BAR_RATIO,
            "rows": rows,
            "octets": large["octets"],
            "octets_of_100000": small["octets"],
            "seconds": round(large["published"], 2),
            "cpu_seconds": large["cpu"],
        }


def _made(folder: Path) -> Path:
    folder.mkdir()
    folder.chmod(0o755)
    return folder


if __name__ == "__main__":
    import sys

    for figure in figures("--long" in sys.argv):
        print(json.dumps(figure), flush=True)
