"""The sample petitions are whole, fictional, and the same at every call."""

import json
from collections import Counter
from datetime import date

from deploy.sample.petitions import CONFERENCE, SESSION, rows
from services.petitions.api.imports import NDJSON, read_rows
from services.petitions.domain.calendar import Moment
from services.petitions.handlers.imports import rehearsed
from tests.unit.petitions.support import RULES


def test_the_import_door_reads_every_row() -> None:
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows())
    read = read_rows(lines.encode(), NDJSON)
    assert [one.refused for one in read] == [None] * 50


def test_they_are_the_same_at_every_call_and_each_has_its_reference() -> None:
    assert rows() == rows()
    references = [row["reference"] for row in rows()]
    assert len(set(references)) == len(references)
    assert all(reference.startswith("MAU-KN-") for reference in references)


def test_all_of_it_says_that_it_is_fictional() -> None:
    for row in rows():
        assert row["title"].endswith("(mẫu)")
        assert "hư cấu" in row["text"]
        assert "mẫu" in row["name"]


def test_every_field_of_the_conference_has_some_settled_answered_late_and_new() -> None:
    straight = [row for row in rows() if "course" not in row]
    assert Counter(row["field"] for row in straight) == dict.fromkeys(
        ["planning", "land", "construction_debt", "jobs", "training", "credit", "procedures"], 6
    )
    before = [row for row in straight if "session" not in row]
    assert sum("resolved_on" in row for row in before) == 14
    assert sum("answered_on" in row for row in before) == 28
    days = [date.fromisoformat(row["filed_on"]) for row in rows()]
    assert date(2025, 3, 1) < min(days)
    assert max(days) == CONFERENCE


def test_what_was_raised_at_the_conference_is_settled_answered_or_waits() -> None:
    raised = [row for row in rows() if row.get("session") == SESSION["id"]]
    assert len(raised) == 9
    straight = [row for row in raised if "course" not in row]
    assert sum("resolved_on" in row for row in straight) == 3
    assert sum("answered_on" in row for row in straight) == 5


def test_the_rules_take_every_life() -> None:
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows())
    for one in read_rows(lines.encode(), NDJSON):
        assert one.life is not None
        assert rehearsed(one.life, RULES, Moment(date(2026, 11, 24)))
