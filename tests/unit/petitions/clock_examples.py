"""Worked examples of the clocks, reckoned on a paper calendar. Days are ISO, hours Vietnam's.

2025: off 1/1, 27-31/1 (Tết), 7/4, 30/4-2/5, 1-2/9; Saturday 26/4 worked.
2026: off 1/1, 16-20/2 (Tết), 27/4, 30/4-1/5, 31/8-2/9, 24/11; Saturday 22/8 worked.
"""

from typing import Any

# (what, received, the clock's first day)
STARTS: list[tuple[str, str, str]] = [
    ("a Monday morning", "2026-03-02 09:00", "2026-03-02"),
    ("before the office opens", "2026-03-02 00:05", "2026-03-02"),
    ("at 17:00 sharp", "2026-03-02 17:00", "2026-03-02"),
    ("at 17:01", "2026-03-02 17:01", "2026-03-03"),
    ("at 17:01 on a Friday", "2026-03-06 17:01", "2026-03-09"),
    ("at 16:59 before a swapped Saturday", "2025-04-25 16:59", "2025-04-25"),
    ("at 17:01 on a Friday before a swapped Saturday", "2025-04-25 17:01", "2025-04-26"),
    ("on a swapped Saturday", "2025-04-26 10:00", "2025-04-26"),
    ("at 17:01 on a swapped Saturday", "2025-04-26 17:01", "2025-04-28"),
    ("the evening before the long holiday", "2025-04-29 17:01", "2025-05-05"),
    ("on the day off that was swapped", "2025-05-02 10:00", "2025-05-05"),
    ("the last afternoon before Tết 2025", "2025-01-24 16:00", "2025-01-24"),
    ("the last evening before Tết 2025", "2025-01-24 17:01", "2025-02-03"),
    ("on the first day of Tết 2025", "2025-01-29 09:00", "2025-02-03"),
    ("on the Saturday that ends Tết 2025", "2025-02-01 09:00", "2025-02-03"),
    ("the last evening before Tết 2026", "2026-02-13 17:30", "2026-02-23"),
    ("within Tết 2026", "2026-02-18 09:00", "2026-02-23"),
    ("a Friday evening before the Saturday of 2026", "2026-08-21 17:01", "2026-08-22"),
    ("before National Day 2026", "2026-08-28 17:01", "2026-09-03"),
    ("before Vietnam's Culture Day", "2026-11-23 17:01", "2026-11-25"),
    ("New Year's Eve", "2025-12-31 17:01", "2026-01-02"),
    ("a Saturday before the Hùng Kings' day", "2025-04-05 09:00", "2025-04-08"),
    ("a Friday evening before the Saturday of 2024", "2024-05-03 17:01", "2024-05-04"),
    ("an ordinary Sunday", "2026-03-08 12:00", "2026-03-09"),
]
# (what, first day, terms like "20c" or "5w", pauses, last day)
DUES: list[tuple[str, str, list[str], list[tuple[str, str | None]], str]] = [
    ("20 days end on a Sunday", "2026-03-02", ["20c"], [], "2026-03-23"),
    ("20 days end on a Monday", "2026-03-03", ["20c"], [], "2026-03-23"),
    ("20 days end within Tết", "2025-01-07", ["20c"], [], "2025-02-03"),
    ("20 days end on the Sunday before Tết", "2025-01-06", ["20c"], [], "2025-02-03"),
    ("20 days end on Liberation Day", "2025-04-10", ["20c"], [], "2025-05-05"),
    ("20 days end on Labour Day", "2025-04-11", ["20c"], [], "2025-05-05"),
    ("20 days from a swapped Saturday", "2025-04-26", ["20c"], [], "2025-05-16"),
    ("20 days end within Tết 2026", "2026-01-27", ["20c"], [], "2026-02-23"),
    ("20 days end on a swapped day off", "2026-08-11", ["20c"], [], "2026-09-03"),
    ("20 days end on New Year's Day", "2025-12-12", ["20c"], [], "2026-01-02"),
    ("20 days over a leap day", "2028-02-10", ["20c"], [], "2028-03-01"),
    ("5 working days", "2026-03-02", ["5w"], [], "2026-03-09"),
    ("2 working days over Tết", "2025-01-24", ["2w"], [], "2025-02-04"),
    ("1 working day to a swapped Saturday", "2025-04-25", ["1w"], [], "2025-04-26"),
    ("5 working days over the long holiday", "2025-04-25", ["5w"], [], "2025-05-06"),
    ("15 working days", "2026-03-02", ["15w"], [], "2026-03-23"),
    ("30 working days", "2026-03-02", ["30w"], [], "2026-04-13"),
    ("no working day at all", "2026-03-02", ["0w"], [], "2026-03-02"),
    ("a pause of 2 days", "2026-03-02", ["20c"], [("2026-03-04", "2026-03-06")], "2026-03-24"),
    ("a pause over a weekend", "2026-03-02", ["20c"], [("2026-03-06", "2026-03-09")], "2026-03-25"),
    ("a pause over Tết", "2025-01-20", ["20c"], [("2025-01-22", "2025-02-04")], "2025-02-24"),
    (
        "a pause over Tết, working days",
        "2025-01-20",
        ["5w"],
        [("2025-01-22", "2025-02-04")],
        "2025-02-07",
    ),
    (
        "two pauses",
        "2026-03-02",
        ["20c"],
        [("2026-03-04", "2026-03-06"), ("2026-03-10", "2026-03-13")],
        "2026-03-27",
    ),
    ("a pause that lasts", "2026-03-02", ["20c"], [("2026-03-04", None)], "2026-03-23"),
    (
        "a pause from before the first day",
        "2026-03-09",
        ["20c"],
        [("2026-03-07", "2026-03-10")],
        "2026-03-30",
    ),
    ("extended by 10 days", "2026-03-02", ["20c", "10c"], [], "2026-04-01"),
    (
        "extended and paused",
        "2026-03-02",
        ["20c", "10c"],
        [("2026-03-04", "2026-03-06")],
        "2026-04-03",
    ),
    ("extended by 5 working days", "2026-03-02", ["20c", "5w"], [], "2026-03-27"),
]
# (what, first day, pauses, working days of earlier rounds, day, working days)
ELAPSED: list[tuple[str, str, list[tuple[str, str | None]], int, str, int]] = [
    ("the first day", "2026-03-02", [], 0, "2026-03-02", 0),
    ("the day after", "2026-03-02", [], 0, "2026-03-03", 1),
    ("a week", "2026-03-02", [], 0, "2026-03-09", 5),
    ("before it began", "2026-03-09", [], 0, "2026-03-02", 0),
    ("over Tết", "2025-01-20", [], 0, "2025-02-04", 6),
    ("with a swapped Saturday", "2025-04-25", [], 0, "2025-04-28", 2),
    ("over the long holiday", "2025-04-25", [], 0, "2025-05-05", 4),
    ("the whole of 2025", "2024-12-31", [], 0, "2025-12-31", 250),
    ("a pause", "2026-03-02", [("2026-03-04", "2026-03-06")], 0, "2026-03-09", 3),
    ("while it pauses", "2026-03-02", [("2026-03-04", None)], 0, "2026-03-13", 2),
    ("a second round", "2026-03-02", [], 12, "2026-03-03", 13),
]
# (what, due, alarms said, day of the next)
ALARMS: list[tuple[str, str, int, str | None]] = [
    ("overdue the day after", "2026-03-23", 0, "2026-03-24"),
    ("overdue after Tết", "2025-01-24", 0, "2025-02-03"),
    ("overdue on a swapped Saturday", "2025-04-25", 0, "2025-04-26"),
    ("to the head of the lead agency", "2026-03-23", 1, "2026-03-25"),
    ("to Sở Tài chính", "2026-03-23", 2, "2026-03-30"),
    ("to the province's office", "2026-03-23", 3, "2026-04-06"),
    ("nobody is left", "2026-03-23", 4, None),
]
# (what, due, the last word to the petitioner, the next one)
UPDATES: list[tuple[str, str, str | None, str]] = [
    ("7 days after the 20", "2026-03-23", None, "2026-03-30"),
    ("7 days after the last word", "2026-03-23", "2026-03-30", "2026-04-06"),
    ("a word before it was late", "2026-03-23", "2026-03-20", "2026-03-30"),
    ("over the long holiday", "2025-04-23", None, "2025-05-05"),
]
# (what, old date, reckoned anew, today, date)
REDATED: list[tuple[str, str, str, str, str]] = [
    ("a new holiday", "2026-03-23", "2026-03-24", "2026-03-10", "2026-03-24"),
    ("what was late stays late", "2026-03-23", "2026-03-24", "2026-03-24", "2026-03-23"),
    ("nobody is made late", "2026-03-23", "2026-03-09", "2026-03-10", "2026-03-10"),
    ("a holiday less", "2026-03-24", "2026-03-23", "2026-03-10", "2026-03-23"),
]
# (what, [(moment, action)...], what the state then says)
COURSES: list[tuple[str, list[tuple[str, str]], dict[str, Any]]] = [
    (
        "assigned",
        [("2026-03-02 09:00", "file"), ("2026-03-03 09:00", "assign")],
        {"due_on": "2026-03-23", "agency_due_on": "2026-03-10", "days_elapsed": 1},
    ),
    (
        "transferred on the last day",
        [
            ("2026-03-02 09:00", "file"),
            ("2026-03-03 09:00", "assign"),
            ("2026-03-23 09:00", "transfer"),
        ],
        {"due_on": "2026-03-23", "agency_due_on": "2026-03-30", "days_elapsed": 15},
    ),
    (
        "transferred a day late",
        [
            ("2026-03-02 09:00", "file"),
            ("2026-03-03 09:00", "assign"),
            ("2026-03-24 09:00", "transfer"),
        ],
        {"due_on": "2026-03-23", "agency_due_on": "2026-03-31", "days_elapsed": 16},
    ),
    (
        "the petitioner was awaited",
        [
            ("2026-03-02 09:00", "file"),
            ("2026-03-03 09:00", "assign"),
            ("2026-03-04 09:00", "request_supplement"),
            ("2026-03-06 09:00", "receive_supplement"),
        ],
        {"due_on": "2026-03-24", "agency_due_on": "2026-03-12", "days_elapsed": 2},
    ),
    (
        "the supplement came on a Friday evening",
        [
            ("2026-03-02 09:00", "file"),
            ("2026-03-03 09:00", "assign"),
            ("2026-03-04 09:00", "request_supplement"),
            ("2026-03-06 17:30", "receive_supplement"),
        ],
        {"due_on": "2026-03-27", "agency_due_on": "2026-03-13", "days_elapsed": 2},
    ),
    (
        "a central authority was awaited",
        [
            ("2026-03-02 09:00", "file"),
            ("2026-03-03 09:00", "assign"),
            ("2026-03-04 09:00", "refer"),
            ("2026-03-18 09:00", "take_back"),
        ],
        {"due_on": "2026-04-06", "agency_due_on": "2026-03-24", "days_elapsed": 2},
    ),
    (
        "asked for more when it was late already",
        [
            ("2026-03-02 09:00", "file"),
            ("2026-03-03 09:00", "assign"),
            ("2026-03-24 09:00", "request_supplement"),
            ("2026-03-26 09:00", "receive_supplement"),
        ],
        {"due_on": "2026-03-23", "days_elapsed": 16},
    ),
    (
        "extended on the last day",
        [
            ("2026-03-02 09:00", "file"),
            ("2026-03-03 09:00", "assign"),
            ("2026-03-23 09:00", "extend"),
        ],
        {"due_on": "2026-04-01", "days_elapsed": 15},
    ),
    (
        "disputed",
        [
            ("2026-03-02 09:00", "file"),
            ("2026-03-03 09:00", "assign"),
            ("2026-03-10 09:00", "answer"),
            ("2026-03-12 09:00", "dispute"),
        ],
        {"due_on": "2026-04-01", "round": 2, "days_elapsed": 8},
    ),
    (
        "settled and opened again",
        [
            ("2026-03-02 09:00", "file"),
            ("2026-03-03 09:00", "assign"),
            ("2026-03-10 09:00", "answer"),
            ("2026-03-12 09:00", "resolve"),
            ("2026-03-20 09:00", "reopen"),
        ],
        {"due_on": "2026-04-09", "round": 2, "days_elapsed": 8, "settled_on": None},
    ),
    (
        "filed at 17:01 on a Friday before a swapped Saturday",
        [("2025-04-25 17:01", "file"), ("2025-04-26 09:00", "assign")],
        {"filed_on": "2025-04-25", "due_on": "2025-05-16", "agency_due_on": "2025-05-07"},
    ),
    (
        "the petitioner was awaited over Tết",
        [
            ("2026-02-02 09:00", "file"),
            ("2026-02-02 10:00", "assign"),
            ("2026-02-12 09:00", "request_supplement"),
            ("2026-02-24 09:00", "receive_supplement"),
        ],
        {"due_on": "2026-03-06", "agency_due_on": "2026-02-09", "days_elapsed": 8},
    ),
    (
        "the petitioner was awaited over the long holiday of 2025",
        [
            ("2025-04-14 09:00", "file"),
            ("2025-04-14 10:00", "assign"),
            ("2025-04-16 09:00", "request_supplement"),
            ("2025-05-06 09:00", "receive_supplement"),
        ],
        {"due_on": "2025-05-26", "agency_due_on": "2025-05-09", "days_elapsed": 2},
    ),
    (
        "opened again after a year (a province with a window of 400 days)",
        [
            ("2025-03-03 09:00", "file"),
            ("2025-03-03 10:00", "assign"),
            ("2025-03-10 09:00", "answer"),
            ("2025-03-12 09:00", "resolve"),
            ("2026-03-12 09:00", "reopen"),
        ],
        {"due_on": "2026-04-01", "round": 2, "days_elapsed": 7},
    ),
]
# A row of 10 days instead of 20 is valid from 2026-03-10: what had begun keeps the old one, and a
# round that begins later has the new one. (what, [(moment, action)...], due)
CHANGED_LATER: list[tuple[str, list[tuple[str, str]], str]] = [
    (
        "sent on after the change",
        [
            ("2026-03-02 09:00", "file"),
            ("2026-03-03 09:00", "assign"),
            ("2026-03-12 09:00", "transfer"),
        ],
        "2026-03-23",
    ),
    (
        "awaited over the change",
        [
            ("2026-03-02 09:00", "file"),
            ("2026-03-03 09:00", "assign"),
            ("2026-03-06 09:00", "request_supplement"),
            ("2026-03-13 09:00", "receive_supplement"),
        ],
        "2026-03-30",
    ),
    (
        "opened again after the change",
        [
            ("2026-03-02 09:00", "file"),
            ("2026-03-03 09:00", "assign"),
            ("2026-03-05 09:00", "answer"),
            ("2026-03-11 09:00", "dispute"),
        ],
        "2026-03-23",
    ),
]
# The same row. (what, received, due)
CHANGED_LIMIT: list[tuple[str, str, str]] = [
    ("filed under the old row", "2026-03-02 09:00", "2026-03-23"),
    ("the last to come under the old row", "2026-03-09 17:00", "2026-03-30"),
    ("a minute later: the clock starts under the new row", "2026-03-09 17:01", "2026-03-20"),
    ("filed under the new row", "2026-03-10 09:00", "2026-03-20"),
]
