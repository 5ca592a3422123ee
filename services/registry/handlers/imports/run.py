"""Working on imported files, one after another, slice by slice.

Whoever is killed has done whole slices; the next worker goes on behind the last one. Memory holds
two slices, whatever the length of the file.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from services.registry.domain import Refusal
from services.registry.domain.sheets import Options
from services.registry.handlers.imports.bulk import BulkRecorder
from services.registry.handlers.imports.letting_go import TORN_AFTER
from services.registry.handlers.imports.reading import Reading
from services.registry.handlers.imports.slices import SLICE, Course, Moved, Slices
from services.registry.store import imports as store
from services.registry.store.imports import Import
from shared.plumbing.clock import Clock
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import Connection, Database

_log = get_logger(__name__)
_MOST_ATTEMPTS = 10
_T = TypeVar("_T")


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
        self._database, self._clock = database, clock
        self._slices = Slices(database, bulk)
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
                await store.forget_torn(holder, self._clock.now() - TORN_AFTER)
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
            except Moved:
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
            course = Course(one, Counter(one.counts), one.row_done)
            ahead = asyncio.create_task(asyncio.to_thread(_guarded, reading.take, SLICE))
            try:
                while lines := await ahead:
                    octets = reading.octets
                    ahead = asyncio.create_task(asyncio.to_thread(_guarded, reading.take, SLICE))
                    await self._slices.take(course, lines, octets)
                    self._on_slice()
            finally:
                await asyncio.gather(ahead, return_exceptions=True)
            while await self._slices.settle(course, reading):
                self._on_slice()
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


_DIED = Refusal(
    "worker_died",
    "Tệp này làm bộ xử lý dừng nhiều lần; hãy chia nhỏ hoặc gửi dạng CSV.",
    "This file has ended the worker again and again; part it, or send CSV",
)
