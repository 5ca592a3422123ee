"""Files of petitions: taken in and given out in chunks, for those who may read the text."""

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from services.petitions import store
from services.petitions.domain.decide import may_read_private
from services.petitions.domain.files import Sniffer, safe_name
from services.petitions.domain.refusals import Refusal
from services.petitions.handlers.queries import present, unknown
from services.petitions.handlers.rulebook import Rulebook
from services.petitions.store import attachments, privacy
from services.petitions.store.attachments import Attachment
from shared.plumbing import ids
from shared.plumbing.auth import Principal
from shared.plumbing.clock import Clock, legal_date
from shared.plumbing.postgres import Connection, Database

__all__ = ["MOST_FILES", "MOST_OCTETS", "Added", "Attachment", "Attachments"]
MOST_OCTETS: Final = 10 * 1024 * 1024
MOST_FILES: Final = 10
CHUNK: Final = 256 * 1024
FILE, HANDLE = "petitions:file", "petitions:handle"
_GIVEN_UP_AFTER: Final = timedelta(hours=1)
# A package is held whole while it is looked at: so many at once, and so much memory.
_AT_ONCE: Final = 8


@dataclass(frozen=True)
class Added:
    """A file that was added; `repeated`: the petition had the same content before."""

    attachment: Attachment
    repeated: bool


@dataclass(frozen=True)
class Attachments:
    """The files of petitions."""

    database: Database
    clock: Clock
    rulebook: Rulebook
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def add(
        self,
        petition_id: str,
        name: str | None,
        octets: AsyncIterable[bytes],
        principal: Principal,
    ) -> Added:
        """Add a file as its octets come: by who filed the petition, or who may read its text.

        The same content again is the same file. Raises Refusal `unknown_petition`, `not_yours`,
        `person_erased`, `attachment_type`, `attachment_too_large`, `attachment_too_many`.
        """
        async with self._room:
            attachment_id = ids.new_event_id()
            await self._begin(petition_id, attachment_id, principal)
            try:
                return await self._take(petition_id, attachment_id, name, octets)
            except attachments.Vanished:
                raise _erased() from None
            except BaseException:
                # Also when the sender goes away: what came of it does not stay.
                await asyncio.shield(self._drop(attachment_id))
                raise

    async def listing(self, petition_id: str, principal: Principal) -> list[Attachment]:
        """Return the files of a petition. Raises Refusal `unknown_petition`, `not_yours`."""
        async with self.database.connection() as conn:
            await self._check_reader(conn, petition_id, principal)
            return await attachments.listing(conn, petition_id)

    async def get(self, petition_id: str, attachment_id: str, principal: Principal) -> Attachment:
        """Return a file. Raises Refusal as `listing`, `unknown_attachment`."""
        async with self.database.connection() as conn:
            await self._check_reader(conn, petition_id, principal)
            found = await attachments.find(conn, petition_id, attachment_id)
        if found is None:
            raise Refusal(
                "unknown_attachment", "Không có tệp này.", "There is no such file", way="absent"
            )
        return found

    async def octets(self, attachment: Attachment) -> AsyncIterator[bytes]:
        """Yield the octets of a file; no connection is held while the reader takes them.

        Raises Vanished when it is erased meanwhile: the answer then ends short of its length.
        """
        given = number = 0
        while given < attachment.octets:
            async with self.database.connection() as conn:
                piece = await attachments.chunk(conn, attachment.id, number)
            if piece is None:
                raise attachments.Vanished
            given, number = given + len(piece), number + 1
            yield piece

    async def _begin(self, petition_id: str, attachment_id: str, principal: Principal) -> None:
        now = self.clock.now()
        async with self.database.transaction() as conn:
            await self._check_sender(conn, petition_id, principal)
            await self._check_room(conn, petition_id)
            await attachments.drop_unfinished(conn, now - _GIVEN_UP_AFTER)
            # Named only at its end, when it is known what it is.
            await attachments.begin(
                *(conn, attachment_id, petition_id, "?"), by=principal.name, at=now
            )

    async def _take(
        self, petition_id: str, attachment_id: str, name: str | None, octets: AsyncIterable[bytes]
    ) -> Added:
        sniffer, digest, size, number = Sniffer(), hashlib.sha256(), 0, 0
        async for piece in _in_chunks(octets):
            size += len(piece)
            if size > MOST_OCTETS:
                raise _too_large()
            digest.update(piece)
            sniffer.feed(piece)
            async with self.database.connection() as conn:
                await attachments.add_chunk(conn, attachment_id, number, piece)
            number += 1
        kind = await asyncio.to_thread(sniffer.end)
        async with self.database.transaction() as conn:
            # One after the other: ten files are ten, and none comes after an erasure.
            if await store.lock(conn, petition_id) is None:
                raise unknown(petition_id)
            before = await attachments.same(conn, petition_id, digest.digest())
            if before is not None:
                await attachments.drop(conn, attachment_id)
                return Added(before, repeated=True)
            await self._check_room(conn, petition_id)
            done = await attachments.finish(
                conn, attachment_id, safe_name(name, kind), kind, size, digest.digest()
            )
        return Added(done, repeated=False)

    async def _drop(self, attachment_id: str) -> None:
        async with self.database.connection() as conn:
            await attachments.drop(conn, attachment_id)

    async def _check_room(self, conn: Connection, petition_id: str) -> None:
        if await privacy.find_erasure(conn, petition_id) is not None:
            raise _erased()
        if await attachments.count(conn, petition_id) >= MOST_FILES:
            raise Refusal(
                "attachment_too_many",
                f"Mỗi kiến nghị tối đa {MOST_FILES} tệp.",
                f"A petition has at most {MOST_FILES} files",
                {"limit": MOST_FILES},
                way="conflict",
            )

    async def _check_sender(self, conn: Connection, petition_id: str, by: Principal) -> None:
        await present(conn, petition_id)
        if FILE in by.scopes and await attachments.filer(conn, petition_id) == by.name:
            return
        if HANDLE not in by.scopes:
            raise _not_yours()
        await self._check_reader(conn, petition_id, by)

    async def _check_reader(self, conn: Connection, petition_id: str, by: Principal) -> None:
        petition = await present(conn, petition_id)
        directory = (await self.rulebook.rules(conn)).directory
        today = legal_date(self.clock.now())
        if not may_read_private(petition.state, by.agency, directory, today):
            raise _not_yours()


async def _in_chunks(octets: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    held = bytearray()
    async for piece in octets:
        held += piece
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)


def _not_yours() -> Refusal:
    return Refusal(
        "not_yours",
        "Chỉ người gửi và cơ quan xử lý kiến nghị được dùng tệp đính kèm.",
        "Only who filed the petition may add files; only who works on it may read them",
        way="forbidden",
    )


def _erased() -> Refusal:
    return Refusal(
        "person_erased",
        "Nội dung và người kiến nghị đã được xoá; không nhận thêm tệp.",
        "The text and the person were erased; no file is taken any more",
        way="conflict",
    )


def _too_large() -> Refusal:
    return Refusal(
        "attachment_too_large",
        f"Mỗi tệp tối đa {MOST_OCTETS} byte.",
        f"A file has at most {MOST_OCTETS} octets",
        {"limit": MOST_OCTETS},
    )
