"""Parked records: what was decided about them, and how many are too many."""

from collections import deque
from collections.abc import Mapping
from typing import Final, Literal

Resolution = Literal["open", "applied", "dismissed"]
Resolutions = Mapping[tuple[str, int, int], Resolution]
"""{(topic, partition, offset): what became of the parked record}: a rebuild obeys it."""
NO_RESOLUTIONS: Final[Resolutions] = {}


class TooMuchRubbish(Exception):
    """So many records are bad that the fault is likelier ours than theirs."""


class RubbishWatch:
    """Stops before a whole topic is drained into the dead letters.

    Over the last `window` records, no more than `share` of them may be bad once at least
    `tolerated` are. A reader that does not understand a new version would otherwise park it all.
    """

    def __init__(self, *, window: int = 2_000, share: float = 0.2, tolerated: int = 100) -> None:
        self._window, self._share, self._tolerated = window, share, tolerated
        self._recent: deque[tuple[int, int]] = deque()
        self._records = 0
        self._bad = 0

    def judge(self, records: int, bad: int) -> None:
        """Take a batch into account. Raises TooMuchRubbish and forgets that batch."""
        self._recent.append((records, bad))
        self._records += records
        self._bad += bad
        while self._records - self._recent[0][0] >= self._window:
            gone = self._recent.popleft()
            self._records -= gone[0]
            self._bad -= gone[1]
        if self._bad > self._tolerated and self._bad > self._share * max(self._records, 1):
            seen = (self._bad, self._records)
            last = self._recent.pop()
            self._records -= last[0]
            self._bad -= last[1]
            raise TooMuchRubbish(f"{seen[0]} of the last {seen[1]} records could not be applied")
