"""Import of an older portal's history: CSV or NDJSON, one petition a row, its whole life."""

import asyncio
import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Self

import orjson
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.responses import Response

from services.petitions.api.bodies import (
    Contact,
    Document,
    Phone,
    Text,
    Title,
)
from services.petitions.domain.commands import FileCommand, When
from services.petitions.domain.private import Petitioner, Private
from services.petitions.domain.refusals import Refusal
from services.petitions.handlers.imports import Done, Imports, Life
from shared.contracts.intake import Name, Reference
from shared.contracts.values import (
    Agency,
    EntityCode,
    LegalDate,
    PetitionerKind,
    PetitionField,
    PetitionId,
    PetitionOutcome,
    complaint,
)
from shared.plumbing.errors import Problem
from shared.plumbing.http import BodyRule, requires
from shared.plumbing.http.fields import from_pydantic

PLACE: Final = "/v1/imports"
CSV, NDJSON = "text/csv", "application/x-ndjson"
BODY_RULE: Final = BodyRule(16 * 1024 * 1024, frozenset({CSV, NDJSON}))
MOST_ROWS: Final = 5_000
_AT_ONCE: Final = 6
_LISTS: Final = ("other_fields", "members")
_TAKES: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "Rows with the fields of `ImportRow`; in CSV lists are parted by blanks.",
        "content": {kind: {"schema": {"type": "string"}} for kind in (CSV, NDJSON)},
    }
}
Operator: Final = Depends(requires("operate"))


class ImportRow(BaseModel):
    """One petition of the older portal. Dates are legal dates; what is absent has not happened."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    reference: Annotated[Reference, Field(max_length=100)]
    filed_on: LegalDate
    field: PetitionField
    other_fields: list[PetitionField] = Field(default=[], max_length=16)
    petitioner_kind: PetitionerKind
    entity: EntityCode | None = None
    members: list[EntityCode] = Field(default=[], max_length=1000)
    session: PetitionId | None = None
    title: Title = Field(repr=False)
    text: Text = Field(repr=False)
    name: Name = Field(repr=False)
    phone: Phone | None = Field(default=None, repr=False)
    email: Contact | None = Field(default=None, repr=False)
    address: Contact | None = Field(default=None, repr=False)
    agency: Agency | None = None
    assigned_on: LegalDate | None = None
    answered_on: LegalDate | None = None
    answer_document: Document | None = None
    resolved_on: LegalDate | None = None
    resolve_document: Document | None = None
    outcome: PetitionOutcome | None = None

    @model_validator(mode="after")
    def _life_holds(self) -> Self:
        days = (self.filed_on, self.assigned_on, self.answered_on, self.resolved_on)
        known = [day for day in days if day is not None]
        if known != sorted(known) or (self.resolved_on and not self.answered_on):
            raise complaint(
                "life_out_of_order",
                "Các ngày phải theo thứ tự: tiếp nhận, phân công, trả lời, giải quyết.",
                "The dates stand in order: filed, assigned, answered, resolved",
            )
        pairs = (
            (self.answered_on, self.answer_document),
            (self.resolved_on, self.resolve_document),
        )
        if any((day is None) != (document is None) for day, document in pairs):
            raise complaint(
                "document_missing",
                "Trả lời và giải quyết phải có cả ngày và số văn bản.",
                "An answer and a settlement have both a date and a document",
            )
        return self

    def life(self) -> Life:
        """The life that this row tells."""
        person = Petitioner(self.name, self.phone, self.email, self.address)
        return Life(
            reference=self.reference,
            filing=FileCommand(
                field=self.field,
                petitioner_kind=self.petitioner_kind,
                other_fields=tuple(self.other_fields),
                entity=self.entity,
                session=self.session,
                members=tuple(self.members),
                when=When(self.filed_on, "backfill"),
            ),
            private=Private(self.title, self.text, person),
            agency=self.agency,
            assigned_on=self.assigned_on,
            answered=_done(self.answered_on, self.answer_document),
            resolved=_done(self.resolved_on, self.resolve_document),
            outcome=self.outcome,
        )


class RefusedRow(BaseModel):
    """A row that was refused: its number from 1, a stable code, why; nothing of its content."""

    row: int
    code: str
    detail: str
    detail_en: str


class ImportOut(BaseModel):
    """What became of the rows: `filed` are new, `repeated` were there before."""

    rows: int
    filed: int
    repeated: int
    refused: list[RefusedRow]


@dataclass(frozen=True)
class Read:
    """A row that could be read, or why not."""

    number: int
    life: Life | None
    refused: RefusedRow | None


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
        dry_run: Annotated[bool, Query(description="Only read the rows.")] = False,
    ) -> Response:
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        rows = read_rows(await request.body(), kind)
        if len(rows) > MOST_ROWS:
            raise _too_many()
        found = await import_rows(imports, rows, dry_run=dry_run)
        return Response(orjson.dumps(found.model_dump()), media_type="application/json")

    return router


async def import_rows(imports: Imports, rows: Iterable[Read], *, dry_run: bool) -> ImportOut:
    """Take in what could be read; rows of one file come in any order, a few at once."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(row: Read) -> bool | RefusedRow | None:
        if row.life is None or dry_run:
            return row.refused
        async with room:
            try:
                return await imports.take(row.life)
            except Refusal as refusal:
                return RefusedRow(
                    row=row.number, code=refusal.code, detail=refusal.vi, detail_en=refusal.en
                )

    results = await asyncio.gather(*(one(row) for row in rows))
    return ImportOut(
        rows=len(results),
        filed=sum(result is False for result in results),
        repeated=sum(result is True for result in results),
        refused=[result for result in results if isinstance(result, RefusedRow)],
    )


def read_rows(data: bytes, kind: str) -> list[Read]:
    """Read a file of rows. Raises Problem `unreadable_rows` when it is no such file at all."""
    try:
        text = data.decode("utf-8-sig")
        raw = list(_csv(text) if kind == CSV else _ndjson(text))
    except (UnicodeDecodeError, csv.Error):
        raise _unreadable() from None
    return [_read(number, row) for number, row in enumerate(raw, start=1)]


def _csv(text: str) -> Iterator[Mapping[str, Any]]:
    # Spreadsheets of this country part by semicolons.
    header = text.split("\n", 1)[0]
    mark = ";" if header.count(";") > header.count(",") else ","
    for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=mark, strict=True):
        kept = {name: value for name, value in row.items() if value not in ("", None)}
        yield {n: v.split() if n in _LISTS and isinstance(v, str) else v for n, v in kept.items()}


def _ndjson(text: str) -> Iterator[Any]:
    for line in text.splitlines():
        if line.strip():
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                yield None


def _read(number: int, raw: Any) -> Read:
    if not isinstance(raw, Mapping) or not all(isinstance(name, str) for name in raw):
        return _refused_row(number, "malformed_row", "Dòng không đọc được.", "No row")
    try:
        return Read(number, ImportRow.model_validate(raw).life(), None)
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False)[0]
        first = from_pydantic({**told, "loc": ("row", *told["loc"])})
        where = str(first["pointer"])
        return _refused_row(
            number, str(first["code"]), f"{where}: {first['vi']}", f"{where}: {first['en']}"
        )


def _refused_row(number: int, code: str, vi: str, en: str) -> Read:
    return Read(number, None, RefusedRow(row=number, code=code, detail=vi, detail_en=en))


def _done(on: date | None, document: str | None) -> Done | None:
    return Done(on, document) if on is not None and document is not None else None


def _unreadable() -> Problem:
    return Problem(
        "unreadable_rows",
        422,
        title_vi="Tệp không đọc được",
        title_en="Unreadable rows",
        detail_vi="Cần CSV có dòng tiêu đề hoặc NDJSON, mã hoá UTF-8.",
        detail_en="CSV with a header line or NDJSON is needed, in UTF-8.",
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
