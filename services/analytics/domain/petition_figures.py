"""Figures of the petitions that are not sums of cells: who is late, how long, sent back to whom.

They are counted by place (field, agency, petitioner kind), so that one count answers for the
whole province and for each of its breakdowns.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.analytics.domain.cells import PETITION_DIMS
from shared.contracts.petitions import PetitionEntry
from shared.contracts.states import PetitionState


class Place(NamedTuple):
    """Where a petition is counted; an agency that is not there is "-"."""

    field: str
    agency: str
    petitioner: str


Counts = Mapping[Place, int]
assert Place._fields == PETITION_DIMS


@dataclass(frozen=True)
class PetitionCounts:
    """Counts at a date: late answers, transfers back in its year, settlements by working days."""

    overdue: Counts = field(default_factory=dict)
    ping_pong: Counts = field(default_factory=dict)
    days: Mapping[Place, Mapping[int, int]] = field(default_factory=dict)

    def by(self, dim: str) -> dict[str, "PetitionCounts"]:
        """Return the counts of each word of a breakdown; their sum is the whole."""
        at = PETITION_DIMS.index(dim)
        words = {place[at] for one in (self.overdue, self.ping_pong, self.days) for place in one}
        return {
            word: PetitionCounts(
                {p: n for p, n in self.overdue.items() if p[at] == word},
                {p: n for p, n in self.ping_pong.items() if p[at] == word},
                {p: n for p, n in self.days.items() if p[at] == word},
            )
            for word in sorted(words)
        }

    def histogram(self) -> Counter[int]:
        """Return {working days: settlements} over all places."""
        found: Counter[int] = Counter()
        for counts in self.days.values():
            found.update(counts)
        return found


def place_of(state: PetitionState) -> Place:
    """Return where a petition in a state is counted."""
    return Place(state.field, state.agency or "-", state.petitioner_kind)


def ping_pong(lives: Iterable[Sequence[PetitionEntry]], year: int) -> Counter[Place]:
    """Count a year's transfers to an agency that had led the petition before, where they led to.

    `lives` are the entries that stand, of one petition each.
    """
    found: Counter[Place] = Counter()
    for life in lives:
        led: set[str] = set()
        for entry in sorted(life, key=lambda e: (e.on, e.entry)):
            if entry.before is not None and entry.before.agency is not None:
                led.add(entry.before.agency)
            after = entry.after
            if entry.fact != "PetitionTransferred" or after is None:
                continue
            if after.agency in led and entry.on.year == year:
                found[place_of(after)] += 1
    return found
