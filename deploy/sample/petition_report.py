"""The report on petitions: by field and by agency, and how the conference's petitions stand."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from deploy.sample.analytics import Analytics, ask
from deploy.sample.petitions import SESSION

Parts = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""{indicator: {field or agency: figure}}, as analytics answers."""
# Vietnamese and English heading, the figure behind it
_COLUMNS: Final = (
    ("tiếp nhận", "filed", "petitions_filed"),
    ("đã trả lời", "answered", "petitions_answered"),
    ("đã dứt điểm", "settled", "petitions_settled"),
    ("đang giải quyết", "open", "petitions_open"),
    ("quá hạn", "overdue", "petitions_overdue"),
)
# A petition has no lead agency yet when it is filed.
_BY_AGENCY: Final = _COLUMNS[1:]
_FIELDS: Final = {
    "registration": "Đăng ký kinh doanh",
    "investment": "Đầu tư",
    "construction_debt": "Nợ đọng xây dựng cơ bản",
    "land": "Đất đai",
    "agriculture": "Nông nghiệp",
    "planning": "Quy hoạch",
    "construction": "Xây dựng",
    "jobs": "Lao động, việc làm",
    "training": "Đào tạo",
    "digital": "Chuyển đổi số",
    "trade": "Thương mại",
    "energy": "Năng lượng",
    "credit": "Tín dụng",
    "tax": "Thuế",
    "border_zone": "Khu kinh tế cửa khẩu",
    "procedures": "Thủ tục hành chính",
    "other": "Lĩnh vực khác",
}
_AGENCIES: Final = {
    "STC": "Sở Tài chính",
    "SNNMT": "Sở Nông nghiệp và Môi trường",
    "SXD": "Sở Xây dựng",
    "SNV": "Sở Nội vụ",
    "SGDDT": "Sở Giáo dục và Đào tạo",
    "NHNN": "Ngân hàng Nhà nước khu vực",
    "VPUB": "Văn phòng UBND tỉnh",
    "-": "Chưa phân công",
}


@dataclass(frozen=True)
class Course:
    """What the petitions' service says: the conference, and calendars that nobody has checked.

    `unverified` are the years on which due dates of its petitions or of this year rest.
    """

    session: Mapping[str, Any]
    unverified: Sequence[int]


async def petitions_paragraph(
    as_of: date, analytics: Analytics, petitions_url: str | None, token: str
) -> str:
    """Return the report at a date; the conference's part where its service is named.

    Raises NotYetError, RefusedError.
    """
    whole = await analytics.answer(as_of)
    fields = await analytics.answer(as_of, "field")
    agencies = await analytics.answer(as_of, "agency")
    day = f"{as_of.day}/{as_of.month}/{as_of.year}"
    lines = [
        f"Kiến nghị theo lĩnh vực, đến ngày {day} (dữ liệu mẫu) / by field, {as_of}:",
        *table(fields["breakdown"], _FIELDS),
        "",
        f"Theo cơ quan chủ trì, đến ngày {day} / by lead agency:",
        *table(agencies["breakdown"], _AGENCIES, _BY_AGENCY),
        "",
        quality(whole["indicators"]),
    ]
    if petitions_url is not None:
        lines += ["", conference(await asyncio.to_thread(_course, petitions_url, token, as_of))]
    return "\n".join(lines)


def table(
    parts: Parts, names: Mapping[str, str], columns: Sequence[tuple[str, str, str]] = _COLUMNS
) -> list[str]:
    """Return a table of the figures by field or agency, with a line for the whole.

    Rows are in the order of `names`; what has no name stands behind, under its code.
    """
    keys = {key for _, _, name in columns for key in parts.get(name, {})}
    ordered = [key for key in names if key in keys] + sorted(keys - names.keys())
    rows = {
        names.get(key, key): [_number(parts, name, key) for _, _, name in columns]
        for key in ordered
    }
    total = [sum(column) for column in zip(*rows.values(), strict=True)] or [0] * len(columns)
    width = max(len(name) for name in (*rows, "Cộng / total"))
    wide = [max(len(vi), len(en)) for vi, en, _ in columns]
    told = [*rows.items(), ("Cộng / total", total)]
    return [
        _line("", [vi for vi, _, _ in columns], width, wide),
        _line("", [en for _, en, _ in columns], width, wide),
        *(_line(name, numbers, width, wide) for name, numbers in told),
    ]


def quality(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what the figures say of time limits, in both languages."""
    on_time, days = figures["petitions_on_time_share"], figures["petitions_days_to_resolve"]
    back, moved = figures["petitions_ping_pong"], figures["petitions_transferred"]
    reopened = figures["petitions_reopened"]["value"]
    if not days["count"]:
        return "Chưa có kiến nghị nào được giải quyết dứt điểm. / None is settled yet."
    return (
        f"Trả lời đúng hạn {on_time['numerator']}/{on_time['denominator']}; giải quyết dứt điểm "
        f"trung vị {days['median']} ngày làm việc, 90 % trong {days['p90']} ngày; mở lại "
        f"{reopened}; chuyển cơ quan {moved['value']} lượt, trong đó {back['value']} lượt chuyển "
        "ngược lại.\n"
        f"Answered on time {on_time['numerator']} of {on_time['denominator']}; settled in "
        f"{days['median']} working days (median), 90 % within {days['p90']}; reopened {reopened}; "
        f"transferred {moved['value']} times, {back['value']} of them back again."
    )


def conference(course: Course) -> str:
    """Return how the conference's petitions stand today, and what their dates rest on."""
    session, n = course.session, course.session["settlement"]
    held = date.fromisoformat(session["held_on"])
    text = (
        f"{session['name']}, {held.day}/{held.month}/{held.year}: {n['petitions']} kiến nghị; đến "
        f"nay đã giải quyết dứt điểm {n['settled']}, đã trả lời chưa dứt điểm {n['answered']}, "
        f"đang giải quyết {n['open']} (quá hạn {n['overdue']}); Sở Tài chính đã rà soát "
        f"{n['reviewed']}, trong đó dứt điểm {n['reviewed_settled']}.\n"
        f"Of the {n['petitions']} petitions raised at the conference, to date {n['settled']} are "
        f"definitively settled, {n['answered']} answered, {n['open']} open, {n['overdue']} of them "
        f"overdue; {n['reviewed']} were reviewed, {n['reviewed_settled']} of these settled."
    )
    if not course.unverified:
        return text
    years = ", ".join(map(str, course.unverified))
    return (
        f"{text}\n\nThời hạn tính theo lịch nghỉ chưa đối chiếu văn bản của năm: {years}.\n"
        f"Due dates rest on calendars that nobody has checked: {years}."
    )


def _course(url: str, token: str, as_of: date) -> Course:
    place = url.rstrip("/")
    session = ask("GET", f"{place}/v1/sessions/{SESSION['id']}", token)
    years = ask("GET", f"{place}/v1/calendar", token)["years"]
    verified = {year["year"] for year in years if year["verified"]}
    relied_on = {*session["unverified_years"], as_of.year} - verified
    return Course(session, sorted(relied_on))


def _number(parts: Parts, indicator: str, key: str) -> int:
    figure = parts.get(indicator, {}).get(key)
    return int(figure["value"] or 0) if figure else 0


def _line(name: str, cells: Sequence[Any], width: int, wide: Sequence[int]) -> str:
    told = (f"{cell:>{space}}" for cell, space in zip(cells, wide, strict=True))
    return f"  {name:<{width}}  {'  '.join(told)}"
