"""A row of a sheet -> a reported fact under its reference, or the refusal that it deserves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from services.registry.domain.complaints import specific
from services.registry.domain.first import First, derived_reference, first_of
from services.registry.domain.refusals import Refusal
from services.registry.domain.sheets.cells import (
    Cell,
    Communes,
    amount_of,
    code_of,
    date_of,
    form_of,
    industry_of,
    text_of,
)
from services.registry.domain.sheets.headings import Columns
from services.registry.domain.sheets.words import (
    FACTS,
    LINES_ONLY,
    ORIGINS,
    SCHEMES,
    SEATS,
    UNITS,
    VAGUE_FACTS,
    WHYS,
    plain,
)
from shared.contracts.intake import INTAKE_FACTS, IntakeFact
from shared.contracts.values import COLLECTIVE_KINDS, DEPENDENT_KINDS, ENTERPRISE_FORMS


@dataclass(frozen=True)
class Options:
    """What the sender declares for a whole file; what a row says itself wins.

    `unit` is a word of `UNITS`; `decimal` is "comma" or "dot"; None: not declared.
    """

    origin: str = "backfill"
    fact: str | None = None
    unit: str | None = None
    decimal: str | None = None
    scheme: str | None = None


class Read(msgspec.Struct, frozen=True):
    """A row that was read: the fact, or why there is none. `code` as far as it was read.

    A fact is `reported`, or `first` where it is a plain first registration.
    """

    code: str
    reported: IntakeFact | None = None
    refusal: Refusal | None = None
    first: First | None = None

    @property
    def reference(self) -> str | None:
        """The fact's reference, None where there is no fact."""
        fact = self.first or self.reported
        return None if fact is None else fact.reference


class RowReader:
    """Reads rows under one set of headings."""

    def __init__(self, options: Options, communes: Mapping[str, str]) -> None:
        self._options = options
        self._communes = Communes(communes)
        self._unit = UNITS[plain(options.unit)] if options.unit else None
        self._decimal = {"comma": ",", "dot": ".", None: None}[options.decimal]

    def cells(self, columns: Columns, row: Sequence[Cell]) -> Read:
        """Read a row of cells. Cannot fail."""
        code = ""
        try:
            found: dict[str, Cell] = {}
            for field, place in columns.places.items():
                cell = row[place] if place < len(row) else None
                if cell is not None and cell != "":
                    found[field] = cell
            code = code_of(found.get("code"))
            return self._judge(code, self._fields(code, found, columns))
        except Refusal as refusal:
            return Read(code[:40], None, refusal)

    def object(self, body: object) -> Read:
        """Read a line of NDJSON: the body of an HTTP door, with its `fact`. Cannot fail."""
        if not isinstance(body, dict):
            return Read("", None, _no_object())
        # What a download of refused rows has added begins with a line.
        fields = {name: value for name, value in body.items() if not name.startswith("_")}
        code = fields.get("code")
        try:
            fields.setdefault("origin", self._options.origin)
            if "fact" not in fields:
                fields["fact"] = self._options.fact or _fact_of_fields(fields)
            return self._judge(code if isinstance(code, str) else "", fields)
        except Refusal as refusal:
            return Read(str(code or "")[:40], None, refusal)

    def _fields(self, code: str, found: Mapping[str, Cell], columns: Columns) -> dict[str, Any]:
        """Return the fields of the intake record that the cells say. Raises Refusal."""
        form = form_of(text_of(found["form"])) if "form" in found else None
        fact = self._fact(found, form)
        fields: dict[str, Any] = {
            "fact": fact,
            "origin": _word(found, "origin", ORIGINS) or self._options.origin,
        }
        if code:
            fields["code"] = code
        for field in ("reference", "reason"):
            if field in found:
                fields[field] = text_of(found[field])
        on = _day_of(found, fact)
        if on is not None:
            fields["on"] = on
        if fact in _WITH_DETAILS:
            self._add_details(fields, found, columns, form)
        if "capital" in found and fact in _WITH_CAPITAL:
            unit = columns.unit if columns.unit is not None else self._unit
            fields["capital_vnd"] = amount_of(found["capital"], unit, self._decimal)
        if fact == "EntityMovedIn" and "registered_on" in found:
            fields["registered_on"] = date_of(found["registered_on"])
        if fact == "EntitySuspended" and "until" in found:
            fields["until"] = date_of(found["until"])
        if fact == "EntityDissolved" and "why" in found:
            fields["why"] = _word(found, "why", WHYS)
        return fields

    def _fact(self, found: Mapping[str, Cell], form: str | None) -> str:
        text = text_of(found.get("fact"))
        if (vague := VAGUE_FACTS.get(plain(text))) is not None:
            raise _vague_fact(text, vague)
        said = _word(found, "fact", FACTS) or self._options.fact
        if said in LINES_ONLY:
            raise _lines_only()
        if said is not None:
            return said
        if form is None:
            raise Refusal("form_required", "Thiếu loại hình.", "The legal form or kind is missing")
        return _fact_of_form(form)

    def _add_details(
        self,
        fields: dict[str, Any],
        found: Mapping[str, Cell],
        columns: Columns,
        form: str | None,
    ) -> None:
        fact = fields["fact"]
        if "name" in found:
            fields["name"] = text_of(found["name"])
        if form is not None:
            _add_form(fields, fact, form)
        if "commune" in found:
            fields["commune"] = self._communes.find(found["commune"])
        if "industry" in found:
            scheme = _word(found, "scheme", SCHEMES) or columns.scheme or self._options.scheme
            named, code = industry_of(found["industry"], scheme)
            fields["industry"] = {"scheme": named, "code": code}
        if fact == "BranchRegistered":
            parent = found.get("parent")
            fields["parent"] = code_of(parent) if parent else fields.get("code", "")[:10]
            if "parent_seat" in found:
                fields["parent_seat"] = _word(found, "parent_seat", SEATS)

    def _judge(self, code: str, fields: dict[str, Any]) -> Read:
        first = first_of(fields)
        if first is not None:
            return Read(code, first=first)
        model = INTAKE_FACTS.get(fields["fact"]) if isinstance(fields["fact"], str) else None
        if model is None:
            raise Refusal(
                "unknown_fact", "Không có loại sự việc (fact) này.", "There is no such fact"
            )
        derives = "reference" not in fields
        if derives:
            fields["reference"] = "-"
        try:
            reported = model.model_validate(fields)
        except ValidationError as error:
            raise _refusal_of(error) from error
        if derives:
            reported = reported.model_copy(update={"reference": derived_reference(reported)})
        return Read(code, reported)


_WITH_CAPITAL: Final = frozenset(
    {"EnterpriseRegistered", "CooperativeRegistered", "EntityMovedIn", "CapitalChanged"}
)
_WITH_DETAILS: Final = frozenset(
    {
        "EnterpriseRegistered",
        "CooperativeRegistered",
        "BranchRegistered",
        "EntityMovedIn",
        "DetailsChanged",
    }
)


def _day_of(found: Mapping[str, Cell], fact: str) -> str | None:
    """Return the date of a fact. A registration's is also that of the first certificate."""
    first = found.get("registered_on") if fact.endswith("Registered") else None
    if "on" not in found:
        return None if first is None else date_of(first)
    on = date_of(found["on"])
    if first is not None and date_of(first) != on:
        raise Refusal(
            "ambiguous_date",
            "Ngày đăng ký và ngày đăng ký lần đầu khác nhau; hãy giữ một ngày.",
            "The date and the date of the first registration differ; keep one of them",
        )
    return on


def _add_form(fields: dict[str, Any], fact: str, form: str) -> None:
    if fact == "EntityMovedIn":
        fields["kind"] = form if form in COLLECTIVE_KINDS else "enterprise"
        if form not in COLLECTIVE_KINDS:
            fields["legal_form"] = form
    else:
        field = "legal_form" if fact in ("EnterpriseRegistered", "DetailsChanged") else "kind"
        fields[field] = form


def _fact_of_form(form: str) -> str:
    if form in ENTERPRISE_FORMS:
        return "EnterpriseRegistered"
    return "CooperativeRegistered" if form in COLLECTIVE_KINDS else "BranchRegistered"


def _fact_of_fields(fields: Mapping[str, Any]) -> str:
    if "legal_form" in fields:
        return "EnterpriseRegistered"
    if fields.get("kind") in COLLECTIVE_KINDS:
        return "CooperativeRegistered"
    if "parent" in fields or fields.get("kind") in DEPENDENT_KINDS:
        return "BranchRegistered"
    raise Refusal("fact_required", "Thiếu loại sự việc (fact).", "The kind of fact is missing")


def _word(found: Mapping[str, Cell], field: str, table: Mapping[str, str]) -> str | None:
    if field not in found:
        return None
    text = text_of(found[field])
    meaning = table.get(plain(text))
    if meaning is None:
        raise Refusal(
            f"unknown_{field}",
            f"Không hiểu “{text[:60]}”.",
            f"'{text[:60]}' is no known {field}",
        )
    return meaning


_FIELD_VI: Final = {
    "code": "Mã số",
    "name": "Tên",
    "legal_form": "Loại hình",
    "kind": "Loại hình",
    "capital_vnd": "Vốn",
    "commune": "Xã, phường",
    "industry": "Ngành nghề",
    "on": "Ngày",
    "why": "Lý do chấm dứt",
    "parent": "Đơn vị chủ quản",
    "reference": "Số hồ sơ",
    "registered_on": "Ngày đăng ký lần đầu",
    "until": "Ngày hết tạm ngừng",
    "reason": "Lý do",
    "corrects": "Sự kiện được đính chính",
}


def _refusal_of(error: ValidationError) -> Refusal:
    first = error.errors(include_url=False, include_input=False)[0]
    own = specific(first)
    if own is not None:
        return Refusal(*own)
    field = str(first["loc"][0]) if first["loc"] else ""
    what = _FIELD_VI.get(field, field)
    if first["type"] == "missing":
        return Refusal("missing_field", f"{what}: thiếu dữ liệu.", f"{field}: is missing")
    return Refusal(
        "invalid_field", f"{what}: giá trị không hợp lệ.", f"{field}: {first['msg'][:200]}"
    )


def _vague_fact(text: str, vague: str) -> Refusal:
    return Refusal(
        "ambiguous_fact",
        f"“{text}” chưa đủ rõ: {vague}",
        f"'{text}' is said of more than one fact; name it as the manual does",
    )


def _lines_only() -> Refusal:
    return Refusal(
        "lines_only",
        "Đính chính, huỷ đăng ký chỉ nhận ở tệp NDJSON hoặc qua giao diện, không ở bảng tính.",
        "Corrections and voidings are taken as NDJSON or at the other doors, not from a sheet",
    )


def _no_object() -> Refusal:
    return Refusal(
        "malformed_json", "Dòng không phải đối tượng JSON.", "The line is no JSON object"
    )
