"""Sample petitions of the fields that the conference raised, sent as an older portal's history.

All of it is fictional and says so: titles end in "(mẫu)", texts say what they are, references begin
with "MAU-KN-", and the petitioners are numbers. They go in by the petitions' import door with the
dates they have: some settled, some answered, some late on the day of the conference.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.request import Request

from deploy.sample.analytics import Analytics, RefusedError, ask, open_answer
from deploy.sample.petition_lives import LIVES
from deploy.sample.timeline import records

CONFERENCE: Final = date(2025, 9, 12)
SESSION: Final[dict[str, Any]] = {
    "id": "HN-2025-09-12",
    "name": "Hội nghị gặp mặt doanh nghiệp, hợp tác xã (dữ liệu mẫu)",
    "held_on": CONFERENCE.isoformat(),
    "place": "Trung tâm hội nghị tỉnh (mẫu)",
    "chair": "Lãnh đạo UBND tỉnh (mẫu)",
    "attendance": {"enterprises": 150, "cooperatives": 30, "agencies": 20},
}
_PAUSE_S: Final = 0.1
# Of the seven fields: how many were answered after the conference, and how many settled.
_ANSWERED_AFTER, _SETTLED_AFTER = 5, 3
_FICTION: Final = "Nội dung hư cấu, dùng làm mẫu; không phải kiến nghị của doanh nghiệp nào."
# field, lead agency on its papers, other fields, what is asked
_SUBJECTS: Final[tuple[tuple[str, str, tuple[str, ...], str], ...]] = (
    ("planning", "SXD", ("land",), "Công bố quy hoạch phân khu để doanh nghiệp lập dự án"),
    ("land", "SNNMT", (), "Thủ tục thuê đất, chuyển mục đích sử dụng đất kéo dài"),
    ("construction_debt", "STC", ("construction",), "Thanh toán nợ đọng xây dựng cơ bản"),
    ("jobs", "SNV", (), "Kết nối lao động địa phương cho nhà máy"),
    ("training", "SGDDT", ("jobs",), "Đào tạo nghề theo nhu cầu doanh nghiệp"),
    ("credit", "NHNN", (), "Tiếp cận vốn vay ưu đãi cho hợp tác xã"),
    ("procedures", "VPUB", (), "Rút ngắn thủ tục, liên thông một cửa"),
)
_KINDS: Final = (
    "enterprise",
    "enterprise",
    "cooperative",
    "enterprise",
    "association",
    "enterprise",
)


@dataclass(frozen=True)
class _Course:
    """How long before the conference one was filed, and after how many days what was done."""

    filed_before: int
    answered_after: int | None = None
    resolved_after: int | None = None
    outcome: str | None = None


# One of each for every field: settled in time, settled late, answered in time, answered and not
# yet settled, late without an answer, raised at the conference itself.
_COURSES: Final = (
    _Course(150, 14, 40, "accepted"),
    _Course(120, 33, 75, "partly_accepted"),
    _Course(60, 17, None, "explained"),
    _Course(25, 12, None, "accepted"),
    _Course(45),
    _Course(0),
)


def rows() -> list[dict[str, Any]]:
    """Make the rows of the import: the same at every call, 50."""
    codes = _codes()
    found = []
    for subject, (field, agency, others, title) in enumerate(_SUBJECTS):
        for place, course in enumerate(_COURSES):
            number = subject * len(_COURSES) + place + 1
            kind = _KINDS[place]
            row = {
                "reference": f"MAU-KN-{number:03d}",
                "field": field,
                "other_fields": list(others),
                "petitioner_kind": kind,
                "entity": codes[kind][number] if kind in codes else None,
                "title": f"{title} (mẫu)",
                "text": f"{title}. {_FICTION} Số {number}.",
                "name": f"Người kiến nghị mẫu {number:03d}",
            }
            found.append(
                {k: v for k, v in row.items() if v is not None} | _dates(course, agency, number)
            )
    return found + _lively(codes)


def _lively(codes: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    found = []
    for number, (field, kind, title, filed_on, at_conference, course) in enumerate(LIVES, 101):
        row = {
            "reference": f"MAU-KN-{number:03d}",
            "field": field,
            "petitioner_kind": kind,
            "entity": codes[kind][number] if kind in codes else None,
            "session": SESSION["id"] if at_conference else None,
            "filed_on": filed_on.isoformat(),
            "title": f"{title} (mẫu)",
            "text": f"{title}. {_FICTION} Số {number}.",
            "name": f"Người kiến nghị mẫu {number:03d}",
            "course": list(course),
        }
        found.append({k: v for k, v in row.items() if v is not None})
    return found


def _dates(course: _Course, agency: str, number: int) -> dict[str, Any]:
    # A few days between the fields, so that they do not all fall on one day.
    filed = CONFERENCE - timedelta(days=course.filed_before and course.filed_before + number % 5)
    dates: dict[str, Any] = {"filed_on": filed.isoformat()}
    if not course.filed_before:
        return dates | {"session": SESSION["id"]} | _after_the_conference(agency, number)
    dates["assigned_on"] = (filed + timedelta(days=2)).isoformat()
    if course.answered_after is not None:
        dates["answered_on"] = (filed + timedelta(days=course.answered_after)).isoformat()
        dates["answer_document"] = f"{100 + number}/{agency}-MAU"
        dates["outcome"] = course.outcome
    if course.resolved_after is not None:
        dates["resolved_on"] = (filed + timedelta(days=course.resolved_after)).isoformat()
        dates["resolve_document"] = f"{200 + number}/{agency}-MAU"
    return dates


def _after_the_conference(agency: str, number: int) -> dict[str, Any]:
    """Return what became of what was raised: settled, answered, or still waiting, by its field."""
    subject = (number - 1) // len(_COURSES)
    dates = {"assigned_on": "2025-09-15"}
    if subject < _ANSWERED_AFTER:
        dates |= {
            "answered_on": f"2025-09-{22 + subject}",
            "answer_document": f"{100 + number}/{agency}-MAU",
            "outcome": "accepted",
        }
    if subject < _SETTLED_AFTER:
        dates |= {"resolved_on": "2025-10-10", "resolve_document": f"{200 + number}/{agency}-MAU"}
    return dates


def _codes() -> dict[str, Sequence[str]]:
    """Codes of the sample register's opening balance by kind, in sending order."""
    sample = [r for r in records() if r.origin == "backfill"]
    return {
        "enterprise": [r.code for r in sample if r.fact == "EnterpriseRegistered"],
        "cooperative": [r.code for r in sample if r.fact == "CooperativeRegistered"],
    }


async def load(url: str, token: str, analytics: Analytics) -> tuple[int, int]:
    """Send the session and the petitions; how many were new, how many were there before.

    Returns when analytics has counted them. The same again changes nothing. Raises NotYetError,
    RefusedError.
    """
    place = url.rstrip("/")
    await asyncio.to_thread(ask, "POST", f"{place}/v1/sessions", token, SESSION)
    done = await asyncio.to_thread(_import, f"{place}/v1/imports", token)
    if done["refused"]:
        raise RefusedError(f"{place}/v1/imports: {done['refused'][0]}")
    while True:
        if await _counted(analytics):
            break
        await asyncio.sleep(_PAUSE_S)
    return done["filed"], done["repeated"]


def _import(url: str, token: str) -> dict[str, Any]:
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows())
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    found: dict[str, Any] = open_answer(Request(url, lines.encode(), headers, method="POST"))
    return found


async def _counted(analytics: Analytics) -> bool:
    filed = (await analytics.figures(CONFERENCE))["petitions_filed"].value
    return filed is not None and filed >= len(rows())
