"""Requests as a portal and officers would send them."""

from collections.abc import Callable
from typing import Any

import httpx

As = Callable[[str], httpx.AsyncClient]
NAME = "Nguyễn Thị Hoa Ban"
PHONE = "0912 345 678"
TEXT = "Kính đề nghị tháo gỡ vướng mắc nợ đọng xây dựng cơ bản tại dự án Cầu Kỳ Lừa."
TITLE = "Vướng mắc thanh toán dự án Kỳ Lừa"
EMAIL = "hoaban@example.vn"


def filing(**changes: Any) -> dict[str, Any]:
    """Return a body that files a petition."""
    return {
        "field": "construction_debt",
        "other_fields": ["construction"],
        "petitioner_kind": "enterprise",
        "entity": "4900000017",
        "title": TITLE,
        "text": TEXT,
        "petitioner": {"name": NAME, "phone": PHONE, "email": EMAIL},
        "reference": "PA-1",
    } | changes


async def file(as_: As, **changes: Any) -> dict[str, Any]:
    """File a petition; return what was answered."""
    answer = await as_("portal").post("/v1/petitions", json=filing(**changes))
    assert answer.status_code == (200 if answer.json().get("repeated") else 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


async def act(
    as_: As,
    petition_id: str,
    action: str,
    by: str = "STC",
    headers: dict[str, str] | None = None,
    **body: Any,
) -> httpx.Response:
    """Take an action."""
    url = f"/v1/petitions/{petition_id}/actions/{action}"
    return await as_(by).post(url, json=body, headers=headers)


async def assigned(as_: As, **changes: Any) -> str:
    """Return the id of a petition that STC leads."""
    filed = await file(as_, **changes)
    answer = await act(as_, filed["id"], "assign", by="VPUB")
    assert answer.status_code == 200, answer.text
    found: str = filed["id"]
    return found


def problem(answer: httpx.Response, status: int) -> str:
    """Return the code of a problem, after looking at its form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = answer.json()
    for name in ("type", "title", "title_en", "detail", "detail_en"):
        assert body[name]
    assert body["status"] == status
    code: str = body["code"]
    return code
