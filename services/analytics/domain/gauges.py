"""The business gauges as values: what a scrape shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class PlanGauge:
    """A plan in force: its target and, where it can be said, the share reached."""

    indicator: str
    year: int
    target: int
    share: float | None


@dataclass(frozen=True)
class Gauges:
    """What a scrape shows. Keys are label values; what is unknown is absent."""

    entities: Mapping[str, int]
    capital: Mapping[str, int]
    new: Mapping[tuple[str, int], int]
    plans: Sequence[PlanGauge]
    petitions_open: Mapping[tuple[str, str], int]
    petitions_overdue: Mapping[tuple[str, str], int]
    applied: int
    repeated: int
    parked: int
    dead_letters: Mapping[str, int]
    sequence_gaps: int
    newest: datetime | None
    committed_at: datetime | None
