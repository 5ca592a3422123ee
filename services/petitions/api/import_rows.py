"""Rows of an older portal's history: one petition a row; its life by dates, or act by act."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.petitions.api.actions import BODIES, Reason
from services.petitions.api.bodies import Contact, Document, Phone, Text, Title
from services.petitions.domain.commands import Command, DuplicateCommand, FileCommand, When
from services.petitions.domain.limits import Complexity, Unit
from services.petitions.domain.private import Petitioner, Private
from services.petitions.handlers.imports import Done, Life
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
from shared.plumbing.http.fields import from_pydantic

CSV, NDJSON = "text/csv", "application/x-ndjson"
_LISTS: Final = ("other_fields", "members", "co_agencies")
_STRAIGHT: Final = (
    "agency", "assigned_on", "answered_on", "answer_document", "resolved_on", "resolve_document",
    "outcome",
)  # fmt: skip
PastAction = Literal[
    "assign",
    "transfer",
    "request_supplement",
    "receive_supplement",
    "extend",
    "answer",
    "resolve",
    "confirm",
    "dispute",
    "reopen",
    "reject",
    "refer",
    "take_back",
    "withdraw",
    "mark_duplicate",
    "review",
]


class Row(BaseModel):
    """What a file says; texts of a spreadsheet become numbers and dates."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ActRow(Row):
    """One act of a petition's life: what it is, its legal date, and what that action needs.

    `original` of a duplicate is the older portal's reference of the petition that it repeats.
    """

    action: PastAction
    on: LegalDate
    agency: Agency | None = None
    co_agencies: list[Agency] | None = Field(default=None, max_length=64)
    complexity: Complexity | None = None
    reason: Reason | None = None
    legal_basis: Reason | None = None
    days: Annotated[int, Field(ge=1, le=365)] | None = None
    unit: Unit | None = None
    document: Document | None = None
    outcome: PetitionOutcome | None = None
    original: Reference | None = None
    recommendation: Reason | None = None
    due_on: LegalDate | None = None

    @model_validator(mode="after")
    def _fits_its_action(self) -> Self:
        strange = self.model_fields_set - {"action", "on"} - set(BODIES[self.action].model_fields)
        if strange:
            names = ", ".join(sorted(strange))
            raise complaint(
                "not_of_this_action",
                f"Việc “{self.action}” không có: {names}.",
                f"The action {self.action} has no {names}",
            )
        return self

    def command(self) -> Command:
        """The command, as history."""
        when = When(self.on, "backfill")
        if self.action == "mark_duplicate":
            return DuplicateCommand(self.original, when)
        given = {name: getattr(self, name) for name in self.model_fields_set - {"action"}}
        return BODIES[self.action].model_validate({**given, "origin": "backfill"}).command()


class ImportRow(Row):
    """One petition of the older portal. Dates are legal dates; what is absent has not happened.

    A straight life is told by its dates (assigned_on, answered_on, ...); any other by `course`, in
    its order, and then by nothing else.
    """

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
    course: list[ActRow] = Field(default=[], max_length=200)

    @model_validator(mode="after")
    def _life_holds(self) -> Self:
        if self.course and any(getattr(self, name) is not None for name in _STRAIGHT):
            raise complaint(
                "life_told_twice",
                "Quá trình xử lý nêu bằng các ngày hoặc bằng từng việc, không cả hai.",
                "A life is told by its dates or act by act, not by both",
            )
        days = (self.filed_on, self.assigned_on, self.answered_on, self.resolved_on)
        known = [day for day in (*days, *(act.on for act in self.course)) if day is not None]
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
            course=tuple(act.command() for act in self.course),
        )


class RefusedRow(BaseModel):
    """A row that was refused: its number from 1, a stable code, why; nothing of its content."""

    row: int
    code: str
    detail: str
    detail_en: str


@dataclass(frozen=True)
class Read:
    """A row that could be read, or why not."""

    number: int
    life: Life | None
    refused: RefusedRow | None


def read_rows(data: bytes, kind: str) -> list[Read]:
    """Read a file of rows: one for each petition. Raises Problem `unreadable_rows`.

    A row with an `action` is an act of the petition whose `reference` it bears; acts stand in the
    order of the file.
    """
    try:
        text = data.decode("utf-8-sig")
        raw = list(enumerate(_csv(text) if kind == CSV else _ndjson(text), start=1))
    except (UnicodeDecodeError, csv.Error):
        raise _unreadable() from None
    acts = [(number, row) for number, row in raw if _is_act(row)]
    petitions = [(number, row) for number, row in raw if not _is_act(row)]
    known = {row.get("reference") for _, row in petitions if isinstance(row, Mapping)}
    lost = [number for number, row in acts if row.get("reference") not in known]
    rows = [_read(number, row) for number, row in _told(petitions, acts)]
    return sorted(rows + [_lost(number) for number in lost], key=lambda one: one.number)


def _is_act(row: Any) -> bool:
    return isinstance(row, Mapping) and row.get("action") is not None


def _told(
    petitions: Iterable[tuple[int, Any]], acts: Iterable[tuple[int, Mapping[str, Any]]]
) -> Iterator[tuple[int, Any]]:
    """Put the acts that have rows of their own into their petition's row."""
    by_reference: dict[Any, list[Any]] = {}
    for _, act in acts:
        told = {name: value for name, value in act.items() if name != "reference"}
        by_reference.setdefault(act.get("reference"), []).append(told)
    for number, row in petitions:
        mine = by_reference.get(row.get("reference")) if isinstance(row, Mapping) else None
        yield number, {**row, "course": [*(row.get("course") or []), *mine]} if mine else row


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


def _lost(number: int) -> Read:
    return _refused_row(
        number,
        "act_without_petition",
        "Không có dòng kiến nghị mang mã tham chiếu này trong tệp.",
        "No row of the file is the petition of this reference",
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
