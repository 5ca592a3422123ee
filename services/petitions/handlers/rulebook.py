"""The data of the province that decide, as they stand in the database: agencies and limits."""

from datetime import datetime, timedelta
from typing import Final

from services.petitions.domain.calendar import Calendar
from services.petitions.domain.routing import Directory
from services.petitions.domain.rules import Rules
from services.petitions.store import routing
from services.petitions.store.calendar import load_calendar
from shared.plumbing.clock import Clock
from shared.plumbing.postgres import Connection, Database

# How long a changed limit or agency may not be seen by a replica.
_FRESH: Final = timedelta(seconds=30)


class Rulebook:
    """Rules read from the database now and then; `given` stands where no agency was loaded."""

    def __init__(self, clock: Clock, given: Directory, calendar: Calendar) -> None:
        self._clock = clock
        self._given = given
        self._file = calendar
        self._rules = Rules(given, calendar)
        self._read_at: datetime | None = None

    @property
    def directory(self) -> Directory:
        """The agencies as they were last read."""
        return self._rules.directory

    @property
    def calendar(self) -> Calendar:
        """The calendar of working days."""
        return self._rules.calendar

    def forget(self) -> None:
        """Read the rules anew when they are asked for next."""
        self._read_at = None

    async def rules(self, conn: Connection) -> Rules:
        """Return the rules, read again when they are no longer fresh."""
        now = self._clock.now()
        if self._read_at is None or not self._read_at <= now < self._read_at + _FRESH:
            rows = await routing.load_agencies(conn)
            directory = Directory.of(rows) if rows else self._given
            limits = await routing.load_limits(conn)
            set_years = [row.decision for row in await load_calendar(conn)]
            calendar = self._file.with_decisions(set_years)
            if calendar == self._rules.calendar:
                calendar = self._rules.calendar  # it knows the days of its years already
            self._rules = Rules(directory, calendar, limits)
            self._read_at = now
        return self._rules


async def load_agencies(database: Database, directory: Directory) -> int:
    """Write a directory, which was checked, into the database; return how many agencies it has."""
    async with database.transaction() as conn:
        await routing.save_agencies(conn, list(directory.rows.values()))
        # What the table holds beside them must fit them too.
        Directory.of(await routing.load_agencies(conn))
    return len(directory.rows)
