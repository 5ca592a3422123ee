"""Import of an older portal's history: CSV or NDJSON, one petition a row, its whole life."""

import asyncio
from collections.abc import Iterable
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from services.petitions.api.import_rows import CSV, NDJSON, Read, RefusedRow, read_rows
from services.petitions.domain.refusals import Refusal
from services.petitions.handlers.imports import Imports
from shared.plumbing.errors import Problem
from shared.plumbing.http import BodyRule, requires

__all__ = ["BODY_RULE", "CSV", "NDJSON", "PLACE", "import_rows", "imports_router", "read_rows"]
PLACE: Final = "/v1/imports"
BODY_RULE: Final = BodyRule(16 * 1024 * 1024, frozenset({CSV, NDJSON}))
MOST_ROWS: Final = 5_000
_AT_ONCE: Final = 6
_TAKES: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "Rows with the fields of `ImportRow` and, for what a life's dates cannot "
        "tell, rows of acts: `reference` of their petition, `action`, `on` and what the action "
        "needs. In CSV lists are parted by blanks. See docs/petition-import.md.",
        "content": {kind: {"schema": {"type": "string"}} for kind in (CSV, NDJSON)},
    }
}
Operator: Final = Depends(requires("operate"))


class ImportOut(BaseModel):
    """What became of the petitions: `filed` are new, `repeated` were there before."""

    rows: int
    filed: int
    repeated: int
    refused: list[RefusedRow]


def imports_router(imports: Imports) -> APIRouter:
    """The route of imports."""
    router = APIRouter(tags=["imports"], dependencies=[Operator])

    @router.post(
        PLACE,
        response_model=ImportOut,
        openapi_extra=_TAKES,
        summary="Import an older portal's history; the same rows again change nothing",
    )
    async def take(
        request: Request,
        dry_run: Annotated[
            bool, Query(description="Judge the rows by the rules, record nothing.")
        ] = False,
    ) -> Response:
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        rows = read_rows(await request.body(), kind)
        if len(rows) > MOST_ROWS:
            raise _too_many()
        found = await import_rows(imports, rows, dry_run=dry_run)
        return Response(orjson.dumps(found.model_dump()), media_type="application/json")

    return router


async def import_rows(imports: Imports, rows: Iterable[Read], *, dry_run: bool) -> ImportOut:
    """Take in what could be read; rows of one file come in any order, a few at once.

    Duplicates come after what they repeat.
    """
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(row: Read) -> bool | RefusedRow | None:
        if row.life is None:
            return row.refused
        async with room:
            try:
                if dry_run:
                    await imports.rehearse(row.life)
                    return None
                return await imports.take(row.life)
            except Refusal as refusal:
                return RefusedRow(
                    row=row.number, code=refusal.code, detail=refusal.vi, detail_en=refusal.en
                )

    all_rows = list(rows)
    first = [row for row in all_rows if row.life is None or not row.life.needs_another]
    later = [row for row in all_rows if row.life is not None and row.life.needs_another]
    results = [
        result
        for some in (first, later)
        for result in await asyncio.gather(*(one(row) for row in some))
    ]
    refused = [result for result in results if isinstance(result, RefusedRow)]
    return ImportOut(
        rows=len(results),
        filed=sum(result is False for result in results),
        repeated=sum(result is True for result in results),
        refused=sorted(refused, key=lambda one: one.row),
    )


def _too_many() -> Problem:
    return Problem(
        "too_many_rows",
        422,
        title_vi="Quá nhiều dòng",
        title_en="Too many rows",
        detail_vi=f"Mỗi lần tối đa {MOST_ROWS} dòng; tệp lớn dùng lệnh import.",
        detail_en=f"At most {MOST_ROWS} rows at a time; a larger file goes by the command.",
        facts={"limit": MOST_ROWS},
    )
