"""Lists of the register, as it stands or stood: pages, exports, and where a commune lies now."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import date

from services.registry.domain import Subject
from services.registry.domain.units import Place
from services.registry.handlers.streams import Streams
from services.registry.handlers.units import Gazetteer
from services.registry.store import queries
from services.registry.store.history import commune_days
from services.registry.store.queries import Filter, Row
from shared.plumbing.clock import Clock, legal_date
from shared.plumbing.postgres import Connection, Database

__all__ = ["Asked", "Filter", "Found", "Page", "Place", "Row", "Search"]


@dataclass(frozen=True)
class Asked:
    """What is asked for: a filter, with the name and the present commune still as they came."""

    filter: Filter
    name: str | None = None
    commune: str | None = None


@dataclass(frozen=True)
class Found:
    """A row of the register, and the present unit of its commune (None: not known)."""

    row: Row
    place: Place | None


@dataclass(frozen=True)
class Page:
    """A part of a list; `more` when something follows."""

    found: list[Found]
    more: bool


@dataclass(frozen=True)
class Search:
    """Lists. Methods raise one of `postgres.UNAVAILABLE` when the server cannot be had."""

    database: Database
    gazetteer: Gazetteer
    clock: Clock
    streams: Streams

    async def page(self, asked: Asked, after: str | None, limit: int) -> Page:
        """The next `limit` subjects in the order of codes after the code `after`."""
        async with self.database.connection() as conn:
            filter_ = await self._filter(conn, asked)
            rows = await queries.search(conn, filter_, after, limit + 1)
        return Page(self._placed(rows[:limit]), len(rows) > limit)

    async def export(self, asked: Asked) -> AsyncGenerator[list[Found], None]:
        """Yield all that fits, in slices, as it stood at one moment. Raises Problem `busy`."""
        async with self.streams.snapshot() as conn:
            filter_ = await self._filter(conn, asked)
            async for rows in queries.stream(conn, filter_):
                yield self._placed(rows)

    def place(self, subject: Subject) -> Place | None:
        """The present unit of the commune in which a subject is registered."""
        day = commune_days(subject)[subject.entries[-1].entry]
        return self.gazetteer.units.now(subject.state.commune, day, self._today())

    def _placed(self, rows: list[Row]) -> list[Found]:
        units, today = self.gazetteer.units, self._today()
        return [Found(row, units.now(row.commune, row.commune_on, today)) for row in rows]

    async def _filter(self, conn: Connection, asked: Asked) -> Filter:
        filter_ = asked.filter
        if asked.name is not None:
            filter_ = replace(filter_, words=await queries.words_of(conn, asked.name))
        if asked.commune is not None:
            spans = self.gazetteer.units.spans(asked.commune, self._today())
            filter_ = replace(filter_, communes=spans)
        return filter_

    def _today(self) -> date:
        return legal_date(self.clock.now())
