"""What is wrong with a field, in two languages."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import PydanticCustomError

from shared.plumbing.errors import JsonValue, Problem

_TEXTS: Mapping[str, tuple[str, str]] = {
    "missing": ("Thiếu trường bắt buộc.", "This field is required."),
    "extra_forbidden": ("Trường này không được dùng ở đây.", "This field is not known here."),
    "string_type": ("Phải là chuỗi ký tự.", "Must be a string."),
    "string_unicode": ("Có ký tự không hợp lệ.", "Holds characters that are not valid."),
    "string_too_short": (
        "Phải có ít nhất {min_length} ký tự.",
        "Must have at least {min_length} characters.",
    ),
    "string_too_long": (
        "Không được quá {max_length} ký tự.",
        "Must have at most {max_length} characters.",
    ),
    "string_pattern_mismatch": ("Không đúng định dạng.", "Has not the required form."),
    "int_type": ("Phải là số nguyên.", "Must be an integer."),
    "int_parsing": ("Phải là số nguyên.", "Must be an integer."),
    "int_from_float": ("Phải là số nguyên.", "Must be an integer."),
    "int_parsing_size": ("Số quá lớn.", "The number is too large."),
    "bool_type": ("Phải là true hoặc false.", "Must be true or false."),
    "bool_parsing": ("Phải là true hoặc false.", "Must be true or false."),
    "float_type": ("Phải là số.", "Must be a number."),
    "greater_than_equal": ("Phải từ {ge} trở lên.", "Must be at least {ge}."),
    "greater_than": ("Phải lớn hơn {gt}.", "Must be greater than {gt}."),
    "less_than_equal": ("Không được quá {le}.", "Must be at most {le}."),
    "less_than": ("Phải nhỏ hơn {lt}.", "Must be less than {lt}."),
    "literal_error": (
        "Phải là một trong: {expected}.",
        "Must be one of: {expected}.",
    ),
    "enum": ("Phải là một trong: {expected}.", "Must be one of: {expected}."),
    "date_type": ("Phải là ngày dạng YYYY-MM-DD.", "Must be a date like YYYY-MM-DD."),
    "date_parsing": ("Phải là ngày dạng YYYY-MM-DD.", "Must be a date like YYYY-MM-DD."),
    "date_from_datetime_parsing": (
        "Phải là ngày dạng YYYY-MM-DD.",
        "Must be a date like YYYY-MM-DD.",
    ),
    "date_from_datetime_inexact": (
        "Phải là ngày, không kèm giờ.",
        "Must be a date without a time.",
    ),
    "list_type": ("Phải là danh sách.", "Must be a list."),
    "too_short": ("Phải có ít nhất {min_length} mục.", "Must have at least {min_length} items."),
    "too_long": ("Không được quá {max_length} mục.", "Must have at most {max_length} items."),
    "model_attributes_type": ("Phải là một đối tượng JSON.", "Must be a JSON object."),
    "model_type": ("Phải là một đối tượng JSON.", "Must be a JSON object."),
    "dict_type": ("Phải là một đối tượng JSON.", "Must be a JSON object."),
    "union_tag_invalid": ("Loại không hợp lệ.", "Not one of the known kinds."),
    "union_tag_not_found": ("Thiếu loại.", "The kind is missing."),
    "unstorable_text": (
        "Có ký tự không lưu được (NUL hoặc mã Unicode hỏng).",
        "Holds a character that cannot be stored (NUL or broken Unicode).",
    ),
}
_OTHER = ("Giá trị không hợp lệ.", "The value is not valid.")


def field_error(code: str, vi: str, en: str) -> PydanticCustomError:
    """What a pydantic validator raises to refuse a value with a code and texts of its own."""
    return PydanticCustomError(code, "{en}", {"vi": vi, "en": en})


def invalid_field(code: str, location: Sequence[str | int]) -> dict[str, JsonValue]:
    """One entry of the list `errors`: where (`in`, a JSON pointer), a code, both texts."""
    vi, en = _TEXTS.get(code, _OTHER)
    return _entry(code, location, vi, en)


def from_pydantic(error: Mapping[str, Any]) -> dict[str, JsonValue]:
    """One entry of the list `errors` from an error of pydantic."""
    code, context = str(error["type"]), error.get("ctx") or {}
    if "vi" in context and "en" in context:
        return _entry(code, error["loc"], str(context["vi"]), str(context["en"]))
    vi, en = _TEXTS.get(code, _OTHER)
    facts = {name: str(value) for name, value in context.items()}
    try:
        return _entry(code, error["loc"], vi.format(**facts), en.format(**facts))
    except KeyError:
        return _entry(code, error["loc"], *_OTHER)


def invalid_fields(errors: Sequence[Mapping[str, JsonValue]]) -> Problem:
    """Problem 422 `invalid_field`; `facts.errors` holds one entry for each field."""
    first = errors[0] if errors else {}
    return Problem(
        "invalid_field",
        422,
        title_vi="Dữ liệu không hợp lệ",
        title_en="Invalid data",
        detail_vi=f"{first.get('pointer') or 'Yêu cầu'}: {first.get('vi', '')}",
        detail_en=f"{first.get('pointer') or 'Request'}: {first.get('en', '')}",
        facts={"errors": list(errors)},
    )


def _entry(code: str, location: Sequence[str | int], vi: str, en: str) -> dict[str, JsonValue]:
    place, *path = [str(part) for part in location] or ["body"]
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
    return {"in": place, "pointer": pointer, "code": code, "vi": vi, "en": en}
