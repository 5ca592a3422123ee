"""Working on imported files: slice by slice, each in a transaction with its cursor.

Whoever is killed has done whole slices; the next worker goes on behind the last one. Memory holds
two slices, whatever the length of the file.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from services.registry.domain import Refusal, fact_of, root_of
from services.registry.domain.sheets import Options
from services.registry.handlers.imports.bulk import BulkRecorder
from services.registry.handlers.imports.reading import Line, Reading
from services.registry.handlers.work import Outcome, Request
from services.registry.store import imports as store
from services.registry.store.imports import Import, RowResult
from shared.plumbing.clock import Clock
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import UNAVAILABLE, Connection, Database

_log = get_logger(__name__)
SLICE = 1_000
_TORN_AFTER = timedelta(hours=6)
_MOST_ATTEMPTS = 10
DEPENDS = "depends_on_earlier_row"
_T = TypeVar("_T")


class _Moved(Exception):
    """Somebody else moved or ended the import: leave it."""


class _DryRun(Exception):
    """Rolls a slice of a dry run back; carries what it would have done."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        self.outcomes = outcomes


@dataclass
class _Course:
    """Where the work on one file stands."""

    one: Import
    counts: Counter[str]
    row: int


class Importer:
    """The worker. `communes` is {code: name}, by which a row may name its commune."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        bulk: BulkRecorder,
        communes: Mapping[str, str],
        on_slice: Callable[[], None] = lambda: None,
    ) -> None:
        self._database, self._clock, self._bulk = database, clock, bulk
        self._communes, self._on_slice = communes, on_slice

    async def run_pending(self) -> int:
        """Work until no file waits; how many were ended. None when another worker is at it.

        Raises one of `postgres.UNAVAILABLE`: what was begun goes on at the next call.
        """
        ended = 0
        async with self._database.connection() as holder:
            if not await store.take_worker_lock(holder):
                return 0
            try:
                await store.forget_torn(holder, self._clock.now() - _TORN_AFTER)
                while (one := await store.next_to_do(holder)) is not None:
                    await self._work(holder, one)
                    ended += 1
            finally:
                if not holder.is_closed():
                    await store.leave_worker_lock(holder)
        return ended

    async def _work(self, holder: Connection, one: Import) -> None:
        attempts = await store.start(holder, one.id, self._clock.now())
        _log.info("import_begins", id=one.id, octets=one.octets, after=one.row_done)
        state, failure = "done", None
        if attempts > _MOST_ATTEMPTS:
            failure = {"code": _DIED.code, "vi": _DIED.vi, "en": _DIED.en}
            await store.end(holder, one.id, "failed", self._clock.now(), failure)
            return
        with tempfile.TemporaryDirectory(prefix="caunoi-import-") as folder:
            path = Path(folder) / "file"
            with path.open("wb") as file:
                async for piece in store.pieces(holder, one.id):
                    file.write(piece)
            try:
                await self._read(one, path)
            except _Moved:
                _log.info("import_left", id=one.id)
            except Refusal as refusal:
                state = "failed"
                failure = {"code": refusal.code, "vi": refusal.vi, "en": refusal.en}
        await store.end(holder, one.id, state, self._clock.now(), failure)
        _log.info("import_ended", id=one.id, state=state, failure=failure and failure["code"])

    async def _read(self, one: Import, path: Path) -> None:
        reading: Reading = await asyncio.to_thread(_guarded, self._open, one, path)
        try:
            async with self._database.connection() as conn:
                await store.describe(
                    conn,
                    one.id,
                    headings=reading.layout.headings,
                    delimiter=reading.layout.delimiter,
                    ignored=reading.layout.ignored,
                )
            course = _Course(one, Counter(one.counts), one.row_done)
            ahead = asyncio.create_task(asyncio.to_thread(_guarded, reading.take, SLICE))
            try:
                while lines := await ahead:
                    octets = reading.octets
                    ahead = asyncio.create_task(asyncio.to_thread(_guarded, reading.take, SLICE))
                    await self._slice(course, lines, octets)
                    self._on_slice()
            finally:
                await asyncio.gather(ahead, return_exceptions=True)
        finally:
            reading.close()

    def _open(self, one: Import, path: Path) -> Reading:
        reading = Reading(
            path,
            file_format=one.format,
            encoding=one.encoding,
            options=Options(**one.options),
            communes=self._communes,
        )
        reading.skip(one.row_done)
        return reading

    async def _slice(self, course: _Course, lines: Sequence[Line], octets: int) -> None:
        try:
            await self._record(course, lines, octets)
        except _Moved:
            raise
        except UNAVAILABLE:
            raise
        except Exception:
            if len(lines) == 1:
                # A mistake of ours about one row must not stop the others.
                _log.exception("import_row_failed", id=course.one.id, row=lines[0].row)
                await self._record(course, lines, octets, broken=True)
                return
            for line in lines:
                await self._slice(course, [line], octets)

    async def _record(
        self, course: _Course, lines: Sequence[Line], octets: int, *, broken: bool = False
    ) -> None:
        one = course.one
        requests = [
            Request(line.read.reported, one.system, fact_of(line.read.reported))
            for line in lines
            if line.read.reported is not None and not broken
        ]
        rehearsed = await self._rehearse(one, requests) if one.dry_run else None

        async def work(conn: Connection) -> Counter[str]:
            outcomes = rehearsed
            if outcomes is None:
                outcomes = await self._bulk.record(conn, requests)
            rows = _results(lines, outcomes, broken=broken)
            counts = course.counts + Counter(row.result for row in rows)
            moved = await store.advance(
                conn, one.id, before=course.row, after=lines[-1].row, octets=octets, counts=counts
            )
            if not moved:
                raise _Moved
            await store.save_rows(conn, one.id, rows)
            if rehearsed is not None:
                touched = {root_of(o.code) for o in rehearsed if o.recorded and not o.repeated}
                await store.add_families(conn, one.id, sorted(touched))
            return counts

        course.counts = await self._bulk.registrar.transaction(work)
        course.row = lines[-1].row

    async def _rehearse(self, one: Import, requests: Sequence[Request]) -> list[Outcome]:
        """What recording them would do: it is done, and rolled back."""
        async with self._database.connection() as conn:
            roots = sorted({root_of(request.code) for request in requests})
            known = await store.known_families(conn, one.id, roots)
        alone = [request for request in requests if root_of(request.code) not in known]

        async def work(conn: Connection) -> None:
            raise _DryRun(await self._bulk.record(conn, alone))

        try:
            await self._bulk.registrar.transaction(work)
        except _DryRun as done:
            outcomes = iter(done.outcomes)
        return [
            _depends(request) if root_of(request.code) in known else next(outcomes)
            for request in requests
        ]


def _guarded(work: Callable[..., _T], *given: object) -> _T:
    """Read; a mistake of ours, or of a reader below us, fails the file and not the worker."""
    try:
        return work(*given)
    except Refusal:
        raise
    except Exception as error:
        _log.exception("import_unreadable")
        raise Refusal(
            "internal",
            "Hệ thống gặp lỗi khi đọc tệp.",
            "Something went wrong here while the file was read",
        ) from error


def _depends(request: Request) -> Outcome:
    return Outcome(
        request.code,
        refusal=Refusal(
            DEPENDS,
            f"{request.code}: chạy thử không xét được vì dựa trên một dòng trước trong tệp.",
            f"{request.code}: a dry run cannot judge it, it builds on an earlier row of the file",
        ),
    )


_DIED = Refusal(
    "worker_died",
    "Tệp này làm bộ xử lý dừng nhiều lần; hãy chia nhỏ hoặc gửi dạng CSV.",
    "This file has ended the worker again and again; part it, or send CSV",
)
_BROKEN = Refusal(
    "internal",
    "Hệ thống gặp lỗi khi xử lý dòng này; các dòng khác không bị ảnh hưởng.",
    "Something went wrong here with this row; the others are not touched",
)


def _results(
    lines: Sequence[Line], outcomes: Sequence[Outcome], *, broken: bool
) -> list[RowResult]:
    found, rows = iter(outcomes), []
    for line in lines:
        read = line.read
        if broken:
            rows.append(_refused(line, _BROKEN))
        elif read.refusal is not None:
            rows.append(_refused(line, read.refusal))
        else:
            assert read.reported is not None
            outcome, reference = next(found), read.reported.reference
            if outcome.refusal is not None:
                rows.append(_refused(line, outcome.refusal, reference))
            else:
                result = "repeated" if outcome.repeated else "recorded"
                rows.append(RowResult(line.row, read.code, result, outcome.sequence, reference))
    return rows


def _refused(line: Line, refusal: Refusal, reference: str | None = None) -> RowResult:
    vi, en = _storable(refusal.vi), _storable(refusal.en)
    code = _storable(line.read.code) or None
    cells = _storable_cells(line.cells)
    return RowResult(line.row, code, refusal.code, None, reference, vi, en, cells)


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _storable_cells(cells: object) -> object:
    if isinstance(cells, str):
        return _storable(cells)
    if isinstance(cells, list):
        return [_storable_cells(cell) for cell in cells]
    if isinstance(cells, dict):
        return {_storable(str(name)): _storable_cells(value) for name, value in cells.items()}
    return cells
