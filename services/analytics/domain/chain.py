"""The chain in a partition: what a record's place says about it.

The producer stamps every event with its position in its log and the position before it in the
same partition. Against the mark (the last position that belongs to the chain here) a record is the
next one, a repeat, or proof that something is missing.

A record that is parked may be a true member of the chain whose content we cannot read, or rubbish
that somebody wrote with headers that look right. Which of the two is known only by the record
after it: either names the parked one as the one before it, or it names the mark. Until then both
ends are kept, so that a stranger with a huge position cannot make later events look like repeats,
and a readable event at a parked record's own position is taken: the parked one was the stranger.
"""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What to do with a record."""

    NEXT = "next"
    REPEAT = "repeat"
    HOLE = "hole"


@dataclass(slots=True)
class Chain:
    """The end of a partition's chain: `mark`, and parked positions that may extend it.

    `before` is the position before the mark: nothing of the chain lies between the two, so a record
    from there proves that the mark, or this record, is a stranger's.
    """

    mark: int = 0
    parked: tuple[int, ...] = ()
    before: int = 0

    def judge(self, position: int, previous: int) -> Verdict:
        """Judge a record by its place."""
        if position == self.mark or position <= self.before:
            return Verdict.REPEAT
        if position < self.mark:
            return Verdict.HOLE
        if previous == self.mark or previous in self.parked:
            return Verdict.NEXT
        return Verdict.HOLE

    def applied(self, position: int, previous: int) -> None:
        """Go on from an event that was applied: it decides which end was true."""
        self.mark, self.before = position, previous
        self.parked = ()

    def park(self, position: int) -> None:
        """Keep one more end, after a record with a sound place was parked."""
        self.parked = (*self.parked, position)

    def copy(self) -> "Chain":
        """Return a chain that goes its own way from here."""
        return Chain(self.mark, self.parked, self.before)
