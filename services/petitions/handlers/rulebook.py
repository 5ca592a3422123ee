"""The data of the province that decide, as they stand in the database."""

from services.petitions.domain.calendar import Calendar
from services.petitions.domain.routing import Directory
from services.petitions.domain.rules import Rules
from services.petitions.store import routing
from services.petitions.store.calendar import load_calendar
from shared.plumbing.postgres import Connection, Database


class Rulebook:
    """Rules kept in memory as long as they are those of the database, which counts their changes.

    `given` stands where no agency was loaded.
    """

    def __init__(self, given: Directory, calendar: Calendar) -> None:
        self._given = given
        self._file = calendar
        self._rules = Rules(given, calendar)
        self._version: int | None = None

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
        self._version = None

    async def rules(self, conn: Connection, version: int | None = None) -> Rules:
        """Return the rules as they stand; `version` is given by who has looked it up already."""
        if version is None:
            version = await routing.rules_version(conn)
        if version == self._version:
            return self._rules
        # The version was read first: rules that change meanwhile are newer than it says, and are
        # read once more when they are asked for next.
        rows = await routing.load_agencies(conn)
        directory = Directory.of(rows) if rows else self._given
        limits = await routing.load_limits(conn)
        calendar = self._file.with_decisions([row.decision for row in await load_calendar(conn)])
        if calendar == self._rules.calendar:
            calendar = self._rules.calendar  # it knows the days of its years already
        self._rules, self._version = Rules(directory, calendar, limits), version
        return self._rules


async def load_agencies(database: Database, directory: Directory) -> int:
    """Write a directory, which was checked, into the database; return how many agencies it has."""
    async with database.transaction() as conn:
        await routing.save_agencies(conn, list(directory.rows.values()))
        # What the table holds beside them must fit them too.
        Directory.of(await routing.load_agencies(conn))
    return len(directory.rows)
