"""The chain in a partition: what a record's place says about it.

The producer stamps every event with its position in its log and the position before it in the
same partition. Against the mark (the last position that belongs to the chain here) a record is the
next one, a repeat, or proof that something is missing.

A record that is parked may be a true member of the chain whose content we cannot read, or rubbish
that somebody wrote with headers that look right. Which of the two is known only by the record
after it: either names the parked one as the one before it, or it names the mark. Until then both
ends are kept, so that a stranger with a huge position cannot make later events look like repeats.
"""

from dataclasses import dataclass, replace
from enum import Enum


class Verdict(Enum):
    """What to do with a record."""

    NEXT = "next"
    REPEAT = "repeat"
    HOLE = "hole"


@dataclass(frozen=True)
class Chain:
    """The end of a partition's chain: `mark`, and parked positions that may extend it."""

    mark: int = 0
    parked: tuple[int, ...] = ()

    def judge(self, position: int, previous: int) -> Verdict:
        """Judge a record by its place."""
        if position <= self.mark or position in self.parked:
            return Verdict.REPEAT
        if previous == self.mark or previous in self.parked:
            return Verdict.NEXT
        return Verdict.HOLE

    def applied(self, position: int) -> "Chain":
        """Return the chain after an event that was applied: it decides which end was true."""
        return Chain(position)

    def park(self, position: int) -> "Chain":
        """Return the chain after a record with a sound place was parked."""
        return replace(self, parked=(*self.parked, position))
