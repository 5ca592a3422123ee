"""Rows of lists as JSON, NDJSON and CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

import orjson
from pydantic import BaseModel

from services.registry.domain.refusals import KIND_VI, STATUS_VI
from services.registry.handlers.search import Found, Match, Place, Row, Unit
from shared.contracts.states import EntityState

NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv; charset=utf-8"
BOM: Final = b"\xef\xbb\xbf"
_FORM_VI: Final = {
    "llc_one_member": "TNHH một thành viên",
    "llc_multi_member": "TNHH hai thành viên trở lên",
    "joint_stock": "công ty cổ phần",
    "partnership": "công ty hợp danh",
    "sole_proprietorship": "doanh nghiệp tư nhân",
}
HEADINGS: Final = (
    "Mã số",
    "Loại",
    "Loại hình",
    "Tên",
    "Tình trạng",
    "Vốn đăng ký (đồng)",
    "Mã xã, phường khi đăng ký",
    "Mã xã, phường hiện nay",
    "Xã, phường hiện nay",
    "Hệ thống ngành",
    "Mã ngành",
    "Ngày đăng ký",
    "Đơn vị chủ quản",
    "Từ ngày",
)


class PlaceOut(BaseModel):
    """The present unit of a commune. `split`: its old unit was parted, and this is the main."""

    code: str
    name: str
    split: bool


class UnitOut(BaseModel):
    """A commune or ward as it was; `district`: the one it lay in, where that is known."""

    code: str
    name: str
    district: str | None


class RowOut(BaseModel):
    """A subject in a list. `since`: from which legal date on this state holds.

    `version` is the sequence of its last event, null for a state that stood earlier;
    `commune_now` null: the commune is not known. `match` says how its name fits the one that was
    asked for: it has just these words, each begins one of its words, or it is near.
    """

    code: str
    version: int | None
    since: date
    state: EntityState
    commune_now: PlaceOut | None
    match: Match | None


class PageOut(BaseModel):
    """Subjects in the order of their codes, names that fit best first.

    `next` is the cursor to go on with, null at the end.
    """

    entities: list[RowOut]
    next: str | None


def state_json(row: Row) -> dict[str, Any]:
    """Return a row's state as events carry it."""
    return {
        "kind": row.kind,
        "legal_form": row.legal_form,
        "name": row.name,
        "status": row.status,
        "capital_vnd": row.capital_vnd,
        "commune": row.commune,
        "industry": {"scheme": row.industry_scheme, "code": row.industry_code},
        "registered_on": row.registered_on,
        "parent": row.parent,
    }


def place_json(place: Place | None) -> dict[str, Any] | None:
    """Return the present unit of a commune."""
    if place is None:
        return None
    return {"code": place.code, "name": place.name, "split": place.split}


def unit_json(unit: Unit | None) -> dict[str, Any] | None:
    """Return a commune as it was."""
    if unit is None:
        return None
    return {"code": unit.code, "name": unit.name, "district": unit.district}


def row_json(found: Found) -> dict[str, Any]:
    """Return a subject in a list."""
    row = found.row
    return {
        "code": row.code,
        "version": row.version,
        "since": row.since,
        "state": state_json(row),
        "commune_now": place_json(found.place),
        "match": found.match,
    }


def ndjson(rows: Iterable[dict[str, Any]]) -> bytes:
    """Return rows as lines of JSON."""
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def csv_head() -> bytes:
    """Return the mark by which spreadsheets know UTF-8, and the headings."""
    return BOM + _lines([HEADINGS])


def csv_rows(found: Iterable[Found]) -> bytes:
    """Return rows as lines of CSV, for people: words in Vietnamese, no cell a formula."""
    return _lines([_cells(one) for one in found])


def _cells(found: Found) -> tuple[object, ...]:
    row, place = found.row, found.place
    form = row.legal_form
    return (
        row.code,
        KIND_VI[row.kind],
        "" if form is None else _FORM_VI.get(form) or KIND_VI[form],
        harmless(row.name),
        STATUS_VI[row.status],
        "" if row.capital_vnd is None else row.capital_vnd,
        row.commune,
        "" if place is None else place.code,
        "" if place is None else harmless(place.name),
        row.industry_scheme,
        row.industry_code,
        f"{row.registered_on:%d/%m/%Y}",
        row.parent or "",
        f"{row.since:%d/%m/%Y}",
    )


def harmless(text: str) -> str:
    """Return a cell's text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.lstrip()[:1] in tuple("=+-@＝＋－＠") or text[:1] in "\t\r" else text


def _lines(rows: Sequence[Sequence[object]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()
