"""What the report says of petitions, from figures as analytics answers them."""

from datetime import date
from typing import Any

from deploy.sample.petition_report import Course, conference, quality, table
from deploy.sample.petitions import SESSION

PARTS: dict[str, dict[str, dict[str, Any]]] = {
    "petitions_filed": {"land": {"value": 6}, "credit": {"value": 7}},
    "petitions_settled": {"land": {"value": 2}},
    "petitions_open": {"land": {"value": 4}, "credit": {"value": 7}},
    "petitions_overdue": {"credit": {"value": 3}},
}
SETTLEMENT = {
    "petitions": 9, "open": 3, "answered": 2, "settled": 4, "closed": 0, "reviewed": 2,
    "reviewed_settled": 1, "overdue": 3,
}  # fmt: skip


def test_the_table_adds_up_and_is_in_vietnamese_first() -> None:
    header, english, *rows = table(PARTS, {"credit": "Tín dụng", "land": "Đất đai"})
    assert [row[:14].strip() for row in rows] == ["Tín dụng", "Đất đai", "Cộng / total"]
    assert "đã dứt điểm" in header
    assert "settled" in english
    told = {row[:14].strip(): [int(n) for n in row[14:].split()] for row in rows}
    assert told == {
        "Tín dụng": [7, 0, 0, 7, 3],
        "Đất đai": [6, 0, 2, 4, 0],
        "Cộng / total": [13, 0, 2, 11, 3],
    }
    assert len({len(line) for line in (header, english, *rows)}) == 1


def test_the_conference_is_told_with_what_was_reviewed_and_what_is_unchecked() -> None:
    session = {**SESSION, "settlement": SETTLEMENT}
    text = conference(Course(session, [2025, 2026]))
    assert "12/9/2025: 9 kiến nghị; đến nay đã giải quyết dứt điểm 4" in text
    assert "Sở Tài chính đã rà soát 2, trong đó dứt điểm 1" in text
    assert "chưa đối chiếu văn bản của năm: 2025, 2026" in text
    assert "chưa đối chiếu" not in conference(Course(session, []))


def test_quality_is_told_only_when_something_is_settled() -> None:
    figures: dict[str, dict[str, Any]] = {
        "petitions_on_time_share": {"numerator": 3, "denominator": 4},
        "petitions_days_to_resolve": {"count": 2, "median": 27, "p90": 52},
        "petitions_ping_pong": {"value": 1},
        "petitions_transferred": {"value": 2},
        "petitions_reopened": {"value": 1},
    }
    vietnamese, english = quality(figures).split("\n")
    assert "đúng hạn 3/4" in vietnamese
    assert "trung vị 27 ngày làm việc" in vietnamese
    assert "1 of them back again" in english
    figures["petitions_days_to_resolve"] = {"count": 0, "median": None, "p90": None}
    assert "Chưa có kiến nghị nào" in quality(figures)
    assert date.fromisoformat(SESSION["held_on"]) == date(2025, 9, 12)
