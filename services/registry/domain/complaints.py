"""What is wrong with a reported fact's fields: a stable code of its own for what callers meet."""

from collections.abc import Mapping
from typing import Any, Final

Complaint = tuple[str, str, str]
"""(code, Vietnamese, English)."""

_BY_FIELD: Final[Mapping[tuple[str, str], Complaint]] = {
    ("parent", "missing"): (
        "parent_required",
        "Đơn vị phụ thuộc phải có mã số của đơn vị chủ quản.",
        "A dependent unit needs the code of its parent",
    ),
    ("capital_vnd", "greater_than_equal"): (
        "negative_capital",
        "Vốn không được âm.",
        "Capital must not be negative",
    ),
    ("capital_vnd", "less_than_equal"): (
        "capital_too_large",
        "Vốn vượt quá 10^15 đồng.",
        "Capital is more than 10^15 VND",
    ),
    ("capital_vnd", "int_type"): (
        "invalid_capital",
        "Vốn là số nguyên đồng.",
        "Capital is a whole number of VND",
    ),
    ("commune", "string_pattern_mismatch"): (
        "unknown_commune",
        "Mã xã, phường gồm 5 chữ số.",
        "A commune code has 5 digits",
    ),
    ("code", "missing"): ("code_required", "Thiếu mã số.", "The code is missing"),
}
_BY_KIND: Final[Mapping[str, Complaint]] = {
    "union_tag_not_found": (
        "fact_required",
        "Thiếu loại sự việc (fact).",
        "The kind of fact is missing",
    ),
    "union_tag_invalid": (
        "unknown_fact",
        "Không có loại sự việc (fact) này.",
        "There is no such kind of fact",
    ),
}
_SAME: Final[Mapping[str, str]] = {
    # Other ways in which the same mistake is found.
    "int_from_float": "int_type",
    "int_parsing": "int_type",
    "int_parsing_size": "less_than_equal",
}


def specific(error: Mapping[str, Any]) -> Complaint | None:
    """Return the code and texts of one pydantic error, None where it has no code of its own."""
    context = error.get("ctx") or {}
    kind = str(error["type"])
    if "vi" in context and "en" in context:
        return kind, str(context["vi"]), str(context["en"])
    if kind in _BY_KIND:
        return _BY_KIND[kind]
    field = str(error["loc"][-1]) if error["loc"] else ""
    return _BY_FIELD.get((field, _SAME.get(kind, kind)))
