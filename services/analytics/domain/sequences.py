"""The sequence of each subject: 1, 2, 3 ... without a gap, whatever the partition's chain says."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Gap(NamedTuple):
    """A subject whose events `expected` up to the one before `found` were not seen."""

    subject: str
    expected: int
    found: int


def follow(
    known: Mapping[str, int], events: Iterable[tuple[str, int]]
) -> tuple[dict[str, int], list[Gap]]:
    """Follow (subject, sequence) in order; return the new last sequences and the gaps met."""
    last = dict(known)
    found: list[Gap] = []
    for subject, sequence in events:
        expected = last.get(subject, 0) + 1
        if sequence > expected:
            found.append(Gap(subject, expected, sequence))
        last[subject] = max(sequence, expected - 1)
    return last, found
