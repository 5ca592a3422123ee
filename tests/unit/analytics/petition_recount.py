"""A naive recount of the petitions' figures from whole events, by the contract and nothing else.

It knows no cell: it keeps each petition's entries that stand, and counts them one by one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from math import ceil
from typing import Any

Life = Sequence[Any]
Recount = dict[str, dict[str, Any]]
"""{indicator: {key: figure}}: a number; (numerator, denominator); (count, median, p90)."""
WAITING = {"filed", "assigned", "in_progress"}
OPEN = {*WAITING, "waiting_petitioner", "referred", "answered"}
ACTS = {
    "PetitionFiled": "petitions_filed",
    "PetitionResolved": "petitions_resolved",
    "PetitionAnswered": "petitions_answered",
    "PetitionRejected": "petitions_rejected",
    "PetitionReopened": "petitions_reopened",
    "PetitionReviewed": "petitions_reviewed",
    "PetitionTransferred": "petitions_transferred",
}


def lives(events: Iterable[Any], as_of: date) -> list[Life]:
    """Return the entries of each petition that stand at a date, in legal order."""
    known: dict[str, dict[int, Any]] = defaultdict(dict)
    for event in events:
        for entry in event.retracts:
            del known[event.subject][entry.entry]
        for entry in event.asserts:
            known[event.subject][entry.entry] = entry
    found = [[e for e in one.values() if e.on <= as_of] for one in known.values()]
    return [sorted(life, key=lambda e: (e.on, e.entry)) for life in found if life]


def word(by: str | None, state: Any) -> str:
    """Return the word under which a state is counted."""
    if by is None:
        return ""
    named = {"field": "field", "agency": "agency", "petitioner": "petitioner_kind"}
    return getattr(state, named[by]) or "-"


def recount(events: Iterable[Any], as_of: date, by: str | None) -> Recount:
    """Count every indicator of the petitions at a date; what comes to nothing is left out."""
    numbers: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    on_time: dict[str, list[bool]] = defaultdict(list)
    standing: dict[str, list[str]] = defaultdict(list)
    days: dict[str, list[int]] = defaultdict(list)
    for life in lives(events, as_of):
        last = life[-1].after
        key = word(by, last)
        standing[key].append(last.status)
        numbers["petitions_open"][key] += last.status in OPEN
        numbers["petitions_settled"][key] += last.status == "resolved"
        numbers["petitions_overdue"][key] += last.status in WAITING and last.due_on < as_of
        for place, entry in enumerate(life):
            if entry.on.year != as_of.year:
                continue
            key = word(by, entry.after)
            if entry.fact in ACTS:
                numbers[ACTS[entry.fact]][key] += 1
            if entry.fact == "PetitionAnswered":
                on_time[key].append(entry.on <= entry.after.due_on)
            if entry.fact == "PetitionResolved":
                days[key].append(entry.after.days_elapsed)
            if entry.fact == "PetitionTransferred":
                led = {one.before.agency for one in life[: place + 1] if one.before is not None}
                back = entry.after.agency in led - {entry.before.agency}
                numbers["petitions_ping_pong"][key] += back
    found: Recount = {name: {k: n for k, n in of.items() if n} for name, of in numbers.items()}
    found["petitions_on_time_share"] = {k: (sum(all_), len(all_)) for k, all_ in on_time.items()}
    found["petitions_settled_share"] = {
        k: (statuses.count("resolved"), counted)
        for k, statuses in standing.items()
        if (counted := sum(status != "duplicate" for status in statuses))
    }
    found["petitions_days_to_resolve"] = {
        k: (len(of), rank(of, 50), rank(of, 90)) for k, of in days.items()
    }
    return {name: of for name, of in found.items() if of}


def rank(values: list[int], percent: int) -> int:
    """Return the smallest value that so many percent of all do not exceed."""
    return sorted(values)[ceil(len(values) * percent / 100) - 1]
