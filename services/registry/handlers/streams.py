"""Long answers: each holds a connection and a snapshot of the database while it goes out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.plumbing.errors import Problem
from shared.plumbing.postgres import Connection, Database


class Streams:
    """At most `most` long answers at a time, so that short ones always find a connection."""

    def __init__(self, database: Database, most: int = 4) -> None:
        self._database, self._free = database, most

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A read-only transaction that sees one moment. Raises Problem 503 `busy`.

        A reader that takes nothing for 30 seconds is cut off by the server's limit on idle
        transactions: an old snapshot must not keep the tables from being cleaned.
        """
        if self._free == 0:
            raise _busy()
        self._free -= 1
        try:
            async with self._database.transaction("repeatable_read", readonly=True) as conn:
                yield conn
        finally:
            self._free += 1


def _busy() -> Problem:
    return Problem(
        "busy",
        503,
        title_vi="Đang có nhiều lượt xuất dữ liệu",
        title_en="Too many exports at once",
        detail_vi="Hệ thống đang xuất dữ liệu cho nhiều nơi. Xin thử lại sau ít phút.",
        detail_en="Too many exports are under way. Try again in a few minutes.",
        headers={"Retry-After": "30"},
    )
