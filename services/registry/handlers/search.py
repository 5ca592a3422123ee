"""Lists of the register, as it stands or stood: pages, exports, and where a commune lies now."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from services.registry.domain import Subject
from services.registry.domain.spelling import misspellings
from services.registry.domain.units import Place, Unit
from services.registry.handlers.streams import Streams
from services.registry.handlers.units import Gazetteer
from services.registry.store import queries
from services.registry.store.history import commune_days
from services.registry.store.queries import Filter, Match, Row
from services.registry.store.words import words_near, words_of
from shared.plumbing.clock import Clock, legal_date
from shared.plumbing.postgres import Connection, Database

__all__ = ["Asked", "Behind", "Filter", "Found", "Match", "Page", "Place", "Row", "Search", "Unit"]
# Words that one typed word may stand for; of more, those that are most unlike are left out.
_MOST_NEAR: Final = 100


@dataclass(frozen=True)
class Asked:
    """What is asked for: a filter, with the name and the present commune still as they came.

    `near`: also names that hold a word in the middle of one of theirs, or despite a typing error.
    """

    filter: Filter
    name: str | None = None
    commune: str | None = None
    near: bool = False


@dataclass(frozen=True)
class Found:
    """A row of the register, and the present unit of its commune (None: not known).

    `match` says how the name fits, None where none was asked for.
    """

    row: Row
    place: Place | None
    match: Match | None = None


@dataclass(frozen=True)
class Behind:
    """A place in a list: behind this code, among those whose name fits so."""

    code: str
    match: Match | None = None


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

    async def page(self, asked: Asked, after: Behind | None, limit: int) -> Page:
        """The next `limit` subjects: names that fit best first, then in the order of codes."""
        found: list[Found] = []
        async with self.database.connection() as conn:
            async for filter_ in self._filters(conn, asked, after):
                behind = after.code if after and after.match == filter_.match else None
                rows = await queries.search(conn, filter_, behind, limit + 1 - len(found))
                found += self._placed(rows, filter_.match)
                if len(found) > limit:
                    break
        return Page(found[:limit], len(found) > limit)

    async def export(self, asked: Asked) -> AsyncGenerator[list[Found], None]:
        """Yield all that fits, in slices, as it stood at one moment. Raises Problem `busy`."""
        async with self.streams.snapshot() as conn:
            async for filter_ in self._filters(conn, asked, None):
                async for rows in queries.stream(conn, filter_):
                    yield self._placed(rows, filter_.match)

    def place(self, subject: Subject) -> Place | None:
        """The present unit of the commune in which a subject is registered."""
        return self.gazetteer.units.now(subject.state.commune, _commune_day(subject), self._today())

    def unit_then(self, subject: Subject) -> Unit | None:
        """The unit that its commune meant when it was set, None when it is not known."""
        return self.gazetteer.units.meant(subject.state.commune, _commune_day(subject))

    def _placed(self, rows: list[Row], match: Match | None) -> list[Found]:
        units, today = self.gazetteer.units, self._today()
        return [Found(row, units.now(row.commune, row.commune_on, today), match) for row in rows]

    async def _filters(
        self, conn: Connection, asked: Asked, after: Behind | None
    ) -> AsyncIterator[Filter]:
        """Yield one filter after another, each with its own order, from the place on."""
        filter_ = asked.filter
        if asked.commune is not None:
            spans = self.gazetteer.units.spans(asked.commune, self._today())
            filter_ = replace(filter_, communes=spans)
        if asked.name is None:
            yield filter_
            return
        words = await words_of(conn, asked.name)
        filter_ = replace(filter_, words=words)
        begun = after.match if after else None
        if begun in {None, "exact"}:
            yield replace(filter_, match="exact")
        if begun != "near":
            yield replace(filter_, match="beginning")
        if asked.near:
            near = [await words_near(conn, w, misspellings(w), _MOST_NEAR) for w in words]
            if any(near):
                yield replace(filter_, match="near", near=near)

    def _today(self) -> date:
        return legal_date(self.clock.now())


def _commune_day(subject: Subject) -> date:
    return commune_days(subject)[subject.entries[-1].entry]
