"""Files on their way in, and what became of them."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from services.registry.domain import Refusal
from services.registry.domain.sheets import Options
from services.registry.store import imports as store
from services.registry.store import imports_rows
from services.registry.store.imports import Import, RowResult
from shared.plumbing.clock import Clock
from shared.plumbing.errors import Problem
from shared.plumbing.ids import new_event_id
from shared.plumbing.postgres import Connection, Database

_PIECE: Final = 1024 * 1024
_MOST_UNFINISHED: Final = 20
_PAGE: Final = 1_000
_WORKBOOK: Final = b"PK\x03\x04"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Sent:
    """Who sends a file, and what it declares about it."""

    principal: str
    system: str
    format: str
    options: Options
    dry_run: bool = False
    again: bool = False
    key: str | None = None


class Imports:
    """The use cases of the door. Methods raise one of `postgres.UNAVAILABLE`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def receive(self, sent: Sent, body: AsyncIterator[bytes]) -> tuple[Import, bool]:
        """Take a file in; (the import, whether it was known). It waits for the worker then.

        The same octets under the same declarations are the same import unless `again`. Raises
        Refusal for what is no such file, Problem 429 `too_many_imports` or 422
        `idempotency_key_reused`. One piece of the file is in memory.
        """
        import_id = new_event_id()
        async with self._database.connection() as conn:
            if await store.count_unfinished(conn) >= _MOST_UNFINISHED:
                raise _too_many()
            await store.begin(
                conn,
                import_id=import_id,
                principal=sent.principal,
                system=sent.system,
                file_format=sent.format,
                options=asdict(sent.options),
                dry_run=sent.dry_run,
                now=self._clock.now(),
            )
        try:
            taken = await self._take(import_id, sent, body)
            return await self._settle(import_id, sent, *taken)
        except BaseException:
            async with self._database.connection() as conn:
                await store.delete(conn, import_id)
            raise

    async def _take(
        self, import_id: str, sent: Sent, body: AsyncIterator[bytes]
    ) -> tuple[int, bytes, str | None]:
        digest, octets, number = hashlib.sha256(), 0, 0
        encoding = _Encoding()
        async for piece in _pieces(body):
            if number == 0:
                _check_beginning(sent.format, piece)
            digest.update(piece)
            if sent.format == "csv":
                encoding.feed(piece)
            async with self._database.connection() as conn:
                await store.add_piece(conn, import_id, number, piece)
            octets, number = octets + len(piece), number + 1
        if not octets:
            raise Refusal("empty_file", "Tệp rỗng.", "The file is empty")
        return octets, digest.digest(), encoding.found() if sent.format == "csv" else None

    async def _settle(
        self, import_id: str, sent: Sent, octets: int, digest: bytes, encoding: str | None
    ) -> tuple[Import, bool]:
        async with self._database.transaction() as conn:
            await store.lock_uploads(conn)
            known = await self._known(conn, import_id, sent, digest)
            if known is not None:
                await store.delete(conn, import_id)
                return known, True
            await store.received(
                conn, import_id, octets=octets, digest=digest, encoding=encoding, key=sent.key
            )
            found = await store.find(conn, import_id)
            assert found is not None
            return found, False

    async def _known(
        self, conn: Connection, import_id: str, sent: Sent, digest: bytes
    ) -> Import | None:
        if sent.key is not None:
            under_key = await store.find_by_key(conn, sent.principal, sent.key)
            if under_key is not None:
                if not _same(under_key, sent, digest):
                    raise _key_reused(sent.key)
                return under_key
        if sent.again or sent.dry_run:
            return None
        return await store.find_same(conn, import_id, digest)

    async def find(self, import_id: str) -> Import:
        """An import. Raises Problem 404 `unknown_import`."""
        async with self._database.connection() as conn:
            found = await store.find(conn, import_id)
        if found is None or found.state == "receiving":
            raise _unknown(import_id)
        return found

    async def find_with_rows(self, import_id: str) -> Import:
        """An import that still has its rows. Raises Problem 404, 410 `import_rows_removed`."""
        found = await self.find(import_id)
        if found.removed_at is not None:
            raise _removed(import_id, found.removed_at)
        return found

    async def cancel(self, import_id: str) -> Import:
        """End an import where it stands; what was recorded stays. Raises Problem 404."""
        await self.find(import_id)
        async with self._database.transaction() as conn:
            await store.end(conn, import_id, "cancelled", self._clock.now())
        return await self.find(import_id)

    async def rows(
        self, import_id: str, *, after: int, limit: int, result: str | None
    ) -> list[RowResult]:
        """What became of the rows after one. Raises Problem 404, 410 `import_rows_removed`."""
        await self.find_with_rows(import_id)
        async with self._database.connection() as conn:
            return await imports_rows.load_rows(
                conn, import_id, after=after, limit=limit, result=result
            )

    async def refused(self, import_id: str) -> AsyncIterator[RowResult]:
        """The refused rows with their cells, in their order, a page in memory at a time."""
        after = 0
        while True:
            async with self._database.connection() as conn:
                page = await imports_rows.load_refused(conn, import_id, after=after, limit=_PAGE)
            for row in page:
                yield row
            if len(page) < _PAGE:
                return
            after = page[-1].row

    async def states(self) -> Mapping[str, int]:
        """Imports by state, for a scrape."""
        async with self._database.connection() as conn:
            return dict(await store.count_results(conn))

    async def work_waits(self) -> bool:
        """Whether a file waits and nobody works on it."""
        async with self._database.transaction() as conn:
            return await store.work_waits(conn)


class _Encoding:
    """Says how the octets of a CSV become text: by its mark, else UTF-8 where all of it is."""

    def __init__(self) -> None:
        self._marked: str | None = None
        self._first = True
        self._rest = b""
        self._utf8 = True

    def feed(self, piece: bytes) -> None:
        if self._first and piece[:2] in _UTF16:
            self._marked = "utf-16"
        self._first = False
        if self._marked is None and self._utf8:
            self._check(piece)

    def _check(self, piece: bytes) -> None:
        octets = self._rest + piece
        try:
            octets.decode()
        except UnicodeDecodeError as error:
            # A letter may be cut at the end of a piece.
            self._utf8 = error.end == len(octets) and len(octets) - error.start < 4
            self._rest = octets[error.start :]
        else:
            self._rest = b""

    def found(self) -> str:
        return self._marked or ("utf-8-sig" if self._utf8 and not self._rest else "cp1258")


async def _pieces(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    waiting = bytearray()
    async for part in body:
        waiting += part
        while len(waiting) >= _PIECE:
            yield bytes(waiting[:_PIECE])
            del waiting[:_PIECE]
    if waiting:
        yield bytes(waiting)


def _check_beginning(file_format: str, piece: bytes) -> None:
    if (file_format == "xlsx") != piece.startswith(_WORKBOOK):
        raise Refusal(
            "format_misfit",
            "Nội dung tệp không đúng kiểu đã khai (Content-Type).",
            "The file is not what its Content-Type says",
        )


def _same(known: Import, sent: Sent, digest: bytes) -> bool:
    return (known.digest, known.format, known.options, known.dry_run) == (
        digest,
        sent.format,
        asdict(sent.options),
        sent.dry_run,
    )


def _too_many() -> Problem:
    return Problem(
        "too_many_imports",
        429,
        title_vi="Quá nhiều tệp đang chờ",
        title_en="Too many imports are waiting",
        detail_vi=f"Đã có {_MOST_UNFINISHED} tệp chưa xong. Hãy gửi lại sau.",
        detail_en=f"{_MOST_UNFINISHED} imports are not finished. Send it again later.",
        headers={"Retry-After": "30"},
    )


def _unknown(import_id: str) -> Problem:
    return Problem(
        "unknown_import",
        404,
        title_vi="Không có lần nhập này",
        title_en="There is no such import",
        facts={"id": import_id},
    )


def _removed(import_id: str, at: datetime) -> Problem:
    return Problem(
        "import_rows_removed",
        410,
        title_vi="Báo cáo từng dòng đã hết hạn lưu",
        title_en="The rows of this import are no longer kept",
        detail_vi="Chỉ còn bản tóm tắt; gửi lại tệp với again=true để có báo cáo mới.",
        detail_en="Its summary is left; send the file with again=true for a new report.",
        facts={"id": import_id, "removed_at": at.isoformat()},
    )


def _key_reused(key: str) -> Problem:
    return Problem(
        "idempotency_key_reused",
        422,
        title_vi="Khoá Idempotency-Key đã dùng cho yêu cầu khác",
        title_en="Idempotency-Key already used for another request",
        facts={"key": key},
    )
