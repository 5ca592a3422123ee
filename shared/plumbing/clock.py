"""The only place that reads the clock. Everything else is handed a `Clock`."""

import time
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

LEGAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


class Clock(Protocol):
    """Whoever says what time it is."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is set: for tests and for replays."""

    def __init__(self, moment: datetime) -> None:
        self._moment = _aware_utc(moment)

    def now(self) -> datetime:
        """The moment that was set, aware, in UTC."""
        return self._moment

    def set(self, moment: datetime) -> None:
        """Move the clock to `moment` (aware; ValueError when naive)."""
        self._moment = _aware_utc(moment)


def _aware_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment must be aware: it has no time zone")
    return moment.astimezone(UTC)


def legal_date(moment: datetime) -> date:
    """The date in Vietnam at an aware moment (ValueError when naive)."""
    return _aware_utc(moment).astimezone(LEGAL_ZONE).date()


def monotonic() -> float:
    """Seconds from an arbitrary start, never going back: for measuring how long a thing took."""
    return time.monotonic()
