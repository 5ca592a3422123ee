"""Files to import, and sending them."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import httpx

from services.registry.app import Service
from services.registry.handlers.imports import BulkRecorder, Importer
from shared.contracts.communes import communes
from shared.plumbing.ids import new_event_id

HEADINGS = (
    "STT",
    "Mã số doanh nghiệp",
    "Tên doanh nghiệp",
    "Loại hình",
    "Vốn điều lệ (tỷ đồng)",
    "Xã/phường",
    "Ngành nghề",
    "Ngày đăng ký",
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def line(code: str | int, name: str = "Công ty Mẫu", **cells: Any) -> list[Any]:
    """Return the cells of an enterprise under HEADINGS."""
    given = {
        "form": "Công ty cổ phần",
        "capital": "12,5",
        "commune": "Phường Đông Kinh",
        "industry": "4711",
        "on": "10/03/2025",
        **cells,
    }
    return [1, code, name, *given.values()]


def table(rows: Iterable[Sequence[Any]], delimiter: str = ";", encoding: str = "utf-8") -> bytes:
    """Return a CSV."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


async def upload(
    http: httpx.AsyncClient, body: bytes, kind: str = "text/csv", **query: Any
) -> httpx.Response:
    """Send a file."""
    params = {
        name: value if isinstance(value, str) else str(value).lower()
        for name, value in query.items()
    }
    return await http.post(
        "/v1/imports", content=body, headers={"content-type": kind}, params=params
    )


def importer(service: Service, **more: Any) -> Importer:
    """Return a worker in this process."""
    bulk = BulkRecorder(service.registrar, service.clock, new_event_id)
    return Importer(service.database, service.clock, bulk, communes(), **more)


async def run(
    http: httpx.AsyncClient,
    service: Service,
    body: bytes,
    kind: str = "text/csv",
    **query: Any,
) -> dict[str, Any]:
    """Send a file, work on it, and return how it ended."""
    answer = await upload(http, body, kind, **query)
    assert answer.status_code in (200, 202), answer.text
    await importer(service).run_pending()
    found: dict[str, Any] = (await http.get(answer.headers["location"])).json()
    return found


async def report(http: httpx.AsyncClient, one: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what became of its rows."""
    answer = await http.get(f"/v1/imports/{one['id']}/report")
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows
