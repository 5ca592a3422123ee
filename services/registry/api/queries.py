"""The routes that read the register."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Header
from starlette.responses import Response, StreamingResponse

from services.registry.api import rows
from services.registry.api.asking import ListOf, PageOf, Parameters, cursor_of, place_behind
from services.registry.api.parameters import AfterSequence, Code, Limit, Reader
from services.registry.api.views import (
    JSON,
    EntityOut,
    HistoryOut,
    StandingOut,
    entity_response,
    history_response,
    standing_response,
)
from services.registry.handlers import Queries
from services.registry.handlers.search import Found, Search

_NDJSON: Final[dict[str, Any]] = {
    "description": "A line for each subject, like an element of `entities`.",
    "content": {rows.NDJSON: {"schema": {"type": "string"}}},
}
_CSV: Final[dict[str, Any]] = {
    "description": "UTF-8 with a byte order mark, Vietnamese headings; a text that begins like a "
    "formula has an apostrophe in front.",
    "content": {"text/csv": {"schema": {"type": "string"}}},
}
_LIST: Final[dict[str, Any]] = {"content": {**_NDJSON["content"], **_CSV["content"]}}
Accept = Annotated[str | None, Header(include_in_schema=False)]


@dataclass(frozen=True)
class Reading:
    """The routes over `Search` and `Queries`."""

    search: Search
    queries: Queries

    def router(self) -> APIRouter:
        """All of them; the lists first, because `{code}` would take their names."""
        router = APIRouter(prefix="/v1", tags=["entities"], dependencies=[Reader])
        self._lists(router)
        self._subjects(router)
        return router

    def _lists(self, router: APIRouter) -> None:
        @router.get(
            "/entities",
            response_model=rows.PageOut,
            responses={200: _LIST},
            summary="Search the register, as it stands or as it stood",
            description="Pages of JSON; with `Accept: text/csv` or `application/x-ndjson` all of "
            "it, as of one moment.",
        )
        async def page(asked: PageOf, accept: Accept = None) -> Response:
            wanted = (accept or "").split(";")[0].split(",")[0].strip().lower()
            if wanted == "text/csv":
                return await self._csv(asked.listed())
            if wanted == rows.NDJSON:
                return await self._ndjson(asked.listed())
            return await self._page(asked)

        @router.get(
            "/entities.csv",
            response_class=StreamingResponse,
            responses={200: _CSV},
            summary="Export the register for a spreadsheet",
        )
        async def as_csv(asked: ListOf) -> Response:
            return await self._csv(asked)

        @router.get(
            "/entities.ndjson",
            response_class=StreamingResponse,
            responses={200: _NDJSON},
            summary="Export the register as lines of JSON",
        )
        async def as_ndjson(asked: ListOf) -> Response:
            return await self._ndjson(asked)

    def _subjects(self, router: APIRouter) -> None:
        @router.get("/entities/{code}", response_model=EntityOut, summary="An entity as it stands")
        async def entity(code: Code) -> Response:
            subject = await self.queries.find(code)
            then, now = self.search.unit_then(subject), self.search.place(subject)
            return entity_response(subject, then, now)

        @router.get(
            "/entities/{code}/history",
            response_model=StandingOut,
            summary="The standing entries of an entity, in legal order",
        )
        async def standing(code: Code) -> Response:
            return standing_response(await self.queries.find(code))

        @router.get(
            "/entities/{code}/events",
            response_model=HistoryOut,
            summary="The events of an entity, as they were recorded",
        )
        async def history(code: Code, after: AfterSequence = 0, limit: Limit = 100) -> Response:
            return history_response(code, after, await self.queries.history(code, after, limit))

    async def _page(self, asked: PageOf) -> Response:
        listed = asked.listed()
        page = await self.search.page(
            listed.asked(near=True), place_behind(listed, asked.cursor), asked.limit
        )
        body = {
            "entities": [rows.row_json(found) for found in page.found],
            "next": cursor_of(listed, page.found[-1]) if page.more else None,
        }
        return Response(orjson.dumps(body), media_type=JSON)

    async def _csv(self, listed: Parameters) -> Response:
        slices = self.search.export(listed.asked())
        first = await begun(slices)
        return StreamingResponse(
            _written(slices, first, rows.csv_rows, rows.csv_head()),
            media_type=rows.CSV,
            headers={"Content-Disposition": 'attachment; filename="so-dang-ky.csv"'},
        )

    async def _ndjson(self, listed: Parameters) -> Response:
        slices = self.search.export(listed.asked())
        first = await begun(slices)
        return StreamingResponse(_written(slices, first, _lines), media_type=rows.NDJSON)


async def begun(slices: AsyncGenerator[list[Found], None]) -> list[Found]:
    """Return the first slice, had before the answer begins: a refusal is then still possible."""
    return await anext(slices, [])


async def _written(
    slices: AsyncGenerator[list[Found], None],
    first: list[Found],
    write: Callable[[list[Found]], bytes],
    head: bytes = b"",
) -> AsyncIterator[bytes]:
    # Closed with the answer, so that its transaction does not outlive a client that went away.
    async with aclosing(slices):
        yield head + write(first)
        async for found in slices:
            yield write(found)


def _lines(found: list[Found]) -> bytes:
    return rows.ndjson(rows.row_json(one) for one in found)
