"""The sample petitions are whole, fictional, and the same at every call."""

import json
from collections import Counter
from datetime import date

from deploy.sample.petitions import CONFERENCE, SESSION, rows
from services.petitions.api.imports import NDJSON, read_rows


def test_the_import_door_reads_every_row() -> None:
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows())
    read = read_rows(lines.encode(), NDJSON)
    assert [one.refused for one in read] == [None] * 42


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
    assert Counter(row["field"] for row in rows()) == dict.fromkeys(
        ["planning", "land", "construction_debt", "jobs", "training", "credit", "procedures"], 6
    )
    assert sum("resolved_on" in row for row in rows()) == 14
    assert sum("answered_on" in row for row in rows()) == 28
    assert sum(row.get("session") == SESSION["id"] for row in rows()) == 7
    days = [date.fromisoformat(row["filed_on"]) for row in rows()]
    assert date(2025, 3, 1) < min(days)
    assert max(days) == CONFERENCE
