"""Which column says what: Vietnamese headings and the contract's names of fields."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.registry.domain.refusals import Refusal
from services.registry.domain.sheets.words import SCHEMES, UNITS, plain

_FIELDS: Final[Mapping[str, str]] = {
    "code": "code | Mã số doanh nghiệp | Mã số DN | MSDN | Mã số | Mã số thuế | MST | "
    "Mã doanh nghiệp | Mã số hợp tác xã | Mã số HTX | Mã số đơn vị | Mã số chi nhánh",
    "name": "name | Tên | Tên doanh nghiệp | Tên công ty | Tên đơn vị | Tên hợp tác xã | Tên HTX | "
    "Tên chi nhánh",
    "form": "legal_form | kind | form | Loại hình | Loại hình doanh nghiệp | Loại hình pháp lý | "
    "Loại",
    "capital": "capital_vnd | capital | Vốn | Vốn điều lệ | Vốn đăng ký | Vốn đầu tư",
    "commune": "commune | Xã | Phường | Xã phường | Phường xã | Xã phường thị trấn | Mã xã | "
    "Mã xã phường | Địa bàn",
    "industry": "industry | industry_code | industry.code | Ngành nghề | Ngành | Mã ngành | "
    "Ngành nghề chính | Ngành nghề kinh doanh chính | Ngành nghề kinh doanh | Ngành chính",
    "scheme": "industry_scheme | industry.scheme | scheme | Hệ thống ngành",
    "on": "on | Ngày đăng ký | Ngày | Ngày cấp | Ngày thành lập | Ngày hiệu lực | Ngày thay đổi | "
    "Ngày cấp GCN | Ngày sự việc | Ngày phát sinh | Ngày chuyển đến | Ngày chuyển đi | "
    "Ngày quyết định | Ngày thông báo | Từ ngày | Ngày tạm ngừng | Ngày giải thể | "
    "Ngày chấm dứt | Ngày thu hồi | Ngày khôi phục",
    "registered_on": "registered_on | Ngày đăng ký lần đầu | Ngày cấp lần đầu",
    "parent": "parent | Mã số đơn vị chủ quản | Đơn vị chủ quản | Mã số doanh nghiệp chủ quản",
    "parent_seat": "parent_seat | Trụ sở đơn vị chủ quản",
    "reference": "reference | Số hồ sơ | Mã hồ sơ | Số tham chiếu",
    "reason": "reason | Ghi chú lý do | Lý do thay đổi | Lý do | Căn cứ",
    "fact": "fact | Sự việc | Loại sự việc | Loại biến động | Biến động",
    "origin": "origin | Loại dữ liệu",
    "until": "until | Tạm ngừng đến | Đến ngày | Ngừng đến ngày",
    "why": "why | Lý do chấm dứt | Hình thức chấm dứt",
}
FIELD_OF: Final = {
    plain(word): field for field, words in _FIELDS.items() for word in words.split(" | ")
}
REASON_HEADINGS: Final = ("Mã lỗi", "Lý do từ chối")
"""The columns that a download of rejected rows adds; an upload that still has them is taken."""
_OURS: Final = frozenset(plain(heading) for heading in REASON_HEADINGS)
_BRACKETS = re.compile(r"^(.*?)[(\[]([^)\]]*)[)\]]\s*$", re.DOTALL)
_UNIT_LABEL = re.compile(r"^(?:dvt|don vi|don vi tinh)\s+")


@dataclass(frozen=True)
class Columns:
    """Where each field stands in a row, what a heading says of its unit and scheme, the rest."""

    places: Mapping[str, int]
    unit: int | None
    scheme: str | None
    ignored: tuple[str, ...]


def find_columns(cells: Sequence[object]) -> Columns | None:
    """Read a row as headings; None when it is none (a title above the table, say).

    Raises Refusal `ambiguous_heading` when two columns say the same field.
    """
    places: dict[str, int] = {}
    ignored: list[str] = []
    unit: int | None = None
    scheme: str | None = None
    for place, cell in enumerate(cells):
        text = str(cell).strip() if cell is not None else ""
        if not text:
            continue
        field, aside = _read(text)
        if field is None:
            if plain(text) not in _OURS:
                ignored.append(text[:100])
            continue
        if field in places:
            raise _twice(text)
        places[field] = place
        if field == "capital":
            unit = 1 if plain(text) == "capital vnd" else UNITS.get(aside)
        if field == "industry":
            scheme = SCHEMES.get(aside)
    if "code" not in places or len(places) < 2:
        return None
    return Columns(places, unit, scheme, tuple(ignored))


def _read(text: str) -> tuple[str | None, str]:
    """Return (field, what its brackets or its end say)."""
    whole = plain(text)
    if whole in FIELD_OF:
        return FIELD_OF[whole], ""
    match = _BRACKETS.match(text)
    if match is not None:
        return FIELD_OF.get(plain(match[1])), _UNIT_LABEL.sub("", plain(match[2]))
    # "Vốn điều lệ tỷ đồng", "Vốn điều lệ - triệu đồng": the unit at the end.
    for unit in sorted(UNITS, key=len, reverse=True):
        if whole.endswith(f" {unit}") and FIELD_OF.get(whole[: -len(unit) - 1]) == "capital":
            return "capital", unit
    return None, ""


def _twice(text: str) -> Refusal:
    return Refusal(
        "ambiguous_heading",
        f"Hai cột cùng nghĩa: “{text}”. Hãy giữ một cột.",
        f"Two columns mean the same: '{text}'. Keep one",
        {"heading": text[:100]},
    )
