"""Slices of an imported file: each is one transaction with its rows, its events and its cursor."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.registry.domain import root_of
from services.registry.handlers.imports.bulk import BulkRecorder, Done, Reported
from services.registry.handlers.imports.reading import Line, Reading
from services.registry.handlers.imports.results import depends, facts_in, results
from services.registry.store import imports as store
from services.registry.store import imports_rows
from services.registry.store.imports import Import
from services.registry.store.imports_rows import WAITS
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import UNAVAILABLE, Connection, Database

_log = get_logger(__name__)
SLICE = 1_000
"""Lines of a slice: no more than the registrar takes in one transaction."""


class Moved(Exception):
    """Somebody else moved or ended the import: leave it."""


_LEAVE: tuple[type[Exception], ...] = (Moved, *UNAVAILABLE)


class _DryRun(Exception):
    """Rolls a slice of a dry run back; carries what it would have done."""

    def __init__(self, outcomes: list[Done]) -> None:
        self.outcomes = outcomes


@dataclass
class Course:
    """Where the work on one file stands."""

    one: Import
    counts: Counter[str]
    row: int


class Slices:
    """Records slices. Methods raise Moved or one of `postgres.UNAVAILABLE`."""

    def __init__(self, database: Database, bulk: BulkRecorder) -> None:
        self._database, self._bulk = database, bulk

    async def take(self, course: Course, lines: Sequence[Line], octets: int) -> None:
        """Record lines behind the course's cursor; `octets` of the file are done then."""
        try:
            await self._record(course, lines, octets)
        except _LEAVE:
            raise
        except Exception:
            if len(lines) == 1:
                # A mistake of ours about one row must not stop the others.
                _log.exception("import_row_failed", id=course.one.id, row=lines[0].row)
                await self._record(course, lines, octets, broken=True)
                return
            for line in lines:
                await self.take(course, [line], octets)

    async def settle(self, course: Course, reading: Reading) -> bool:
        """Take the next of the rows that wait, in their order; False when none waits.

        To be called when the whole file was read: they do not wait any longer.
        """
        if not course.counts[WAITS]:
            return False
        try:
            await self._settle(course, reading, SLICE)
        except _LEAVE:
            raise
        except Exception:
            for _ in range(SLICE):
                await self._settle_alone(course, reading)
        return True

    async def _settle_alone(self, course: Course, reading: Reading) -> None:
        try:
            await self._settle(course, reading, 1)
        except _LEAVE:
            raise
        except Exception:
            _log.exception("import_row_failed", id=course.one.id)
            await self._settle(course, reading, 1, broken=True)

    async def _record(
        self, course: Course, lines: Sequence[Line], octets: int, *, broken: bool = False
    ) -> None:
        one = course.one
        facts = [] if broken else facts_in(lines)
        rehearsed = await self._rehearse(one, facts) if one.dry_run else None

        async def work(conn: Connection) -> Counter[str]:
            outcomes = rehearsed
            if outcomes is None:
                outcomes = await self._bulk.record(conn, one.system, facts)
            waits: set[str] = set()
            if course.counts[WAITS]:
                waits = await imports_rows.waiting_codes(conn, one.id, [f.code for f in facts])
            rows = results(lines, outcomes, waits, broken=broken)
            counts = course.counts + Counter([row.result for row in rows])
            moved = await store.advance(
                conn, one.id, before=course.row, after=lines[-1].row, octets=octets, counts=counts
            )
            if not moved:
                raise Moved
            await imports_rows.save_rows(conn, one.id, rows)
            if rehearsed is not None:
                await _note_families(conn, one.id, facts, rehearsed)
            return counts

        course.counts = await self._bulk.registrar.transaction(work)
        course.row = lines[-1].row

    async def _settle(
        self, course: Course, reading: Reading, most: int, *, broken: bool = False
    ) -> None:
        one = course.one

        async def work(conn: Connection) -> Counter[str]:
            counts = await store.lock_running(conn, one.id)
            if counts is None:
                raise Moved
            waiting = await imports_rows.load_waiting(conn, one.id, most)
            lines = [Line(row, reading.again(cells), cells) for row, cells in waiting]
            facts = [] if broken else facts_in(lines)
            if one.dry_run:
                outcomes = await self._rehearse(one, facts)
                await _note_families(conn, one.id, facts, outcomes)
            else:
                outcomes = await self._bulk.record(conn, one.system, facts)
            rows = results(lines, outcomes, broken=broken)
            left = Counter(counts)
            left.update(row.result for row in rows)
            # Nothing waits: whatever the number says, the work ends here.
            left[WAITS] = left[WAITS] - len(rows) if rows else 0
            await imports_rows.replace_rows(conn, one.id, rows)
            await store.set_counts(conn, one.id, +left)
            return +left

        course.counts = await self._bulk.registrar.transaction(work)

    async def _rehearse(self, one: Import, facts: Sequence[Reported]) -> list[Done]:
        """What recording them would do: it is done, and rolled back."""
        async with self._database.connection() as conn:
            roots = sorted({root_of(fact.code) for fact in facts})
            known = await imports_rows.known_families(conn, one.id, roots)
        alone = [fact for fact in facts if root_of(fact.code) not in known]

        async def work(conn: Connection) -> None:
            raise _DryRun(await self._bulk.record(conn, one.system, alone))

        try:
            await self._bulk.registrar.transaction(work)
        except _DryRun as done:
            outcomes = iter(done.outcomes)
        return [
            depends(fact.code) if root_of(fact.code) in known else next(outcomes) for fact in facts
        ]


async def _note_families(
    conn: Connection, import_id: str, facts: Sequence[Reported], outcomes: Sequence[Done]
) -> None:
    touched = {
        root_of(fact.code)
        for fact, done in zip(facts, outcomes, strict=True)
        if done.refusal is None and not done.repeated
    }
    await imports_rows.add_families(conn, import_id, sorted(touched))
