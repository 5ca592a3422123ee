"""Figures of the petitions that are not sums of cells: who is late, how long, sent back to whom.

They are counted by place (field, agency, petitioner kind), so that one count answers for the
whole province and for each of its breakdowns.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from services.analytics.domain.cells import PETITION_DIMS


class Place(NamedTuple):
    """Where a petition is counted; an agency that is not there is "-"."""

    field: str
    agency: str
    petitioner: str


Counts = Mapping[Place, int]
assert Place._fields == PETITION_DIMS


@dataclass(frozen=True)
class PetitionCounts:
    """Counts at a date: late answers, transfers back in its year, settlements by working days.

    `since` is the first filing that is known, None without any.
    """

    overdue: Counts = field(default_factory=dict)
    ping_pong: Counts = field(default_factory=dict)
    days: Mapping[Place, Mapping[int, int]] = field(default_factory=dict)
    since: date | None = None

    def by(self, dim: str) -> dict[str, "PetitionCounts"]:
        """Return the counts of each word of a breakdown; their sum is the whole."""
        at = PETITION_DIMS.index(dim)
        words = {place[at] for one in (self.overdue, self.ping_pong, self.days) for place in one}
        return {
            word: PetitionCounts(
                {p: n for p, n in self.overdue.items() if p[at] == word},
                {p: n for p, n in self.ping_pong.items() if p[at] == word},
                {p: n for p, n in self.days.items() if p[at] == word},
                self.since,
            )
            for word in sorted(words)
        }

    def histogram(self) -> Counter[int]:
        """Return {working days: settlements} over all places."""
        found: Counter[int] = Counter()
        for counts in self.days.values():
            found.update(counts)
        return found


class Step(NamedTuple):
    """An entry of a petition, as far as its lead agencies go: who led before, where it led to."""

    on: date
    entry: int
    fact: str
    before: str | None
    after: Place


def ping_pong(lives: Iterable[Sequence[Step]], year: int) -> Counter[Place]:
    """Count a year's transfers back to an agency that had led the petition, where they led to.

    `lives` are the entries that stand, of one petition each.
    """
    found: Counter[Place] = Counter()
    for life in lives:
        led: set[str | None] = {None}
        for step in sorted(life):
            agency = step.after.agency
            is_back = agency in led and agency != step.before
            if is_back and step.fact == "PetitionTransferred" and step.on.year == year:
                found[step.after] += 1
            led.add(step.before)
    return found
