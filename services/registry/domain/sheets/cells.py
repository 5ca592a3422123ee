"""Reading one cell: amounts, dates, codes, communes, industries. Ambiguous ones are refused."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from services.registry.domain.refusals import Refusal
from services.registry.domain.sheets.words import FORMS, UNITS, VAGUE_FORMS, plain
from shared.contracts.values import section_of

Cell = str | int | float | bool | date | datetime | time | timedelta | None
"""What a reader gives for a cell: text of a CSV, typed values of a workbook."""

_DMY = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})(?: 0?0:00(?::00)?)?")
_ISO = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_SHORT_YEAR = re.compile(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}")
_AMOUNT = re.compile(r"([+-]?[0-9](?:[0-9.,\s]*[0-9])?)\s*([^0-9.,\s].*)?")
_MARKED = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_TAIL = re.compile(r"[0-9]*")
_DIGITS = re.compile(r"[0-9]+")
_GROUPS = {mark: re.compile(rf"[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}})+") for mark in ".,"}
_INDUSTRY = re.compile(r"(?:[A-Va-v]\.?\s*)?([0-9]{2,5})(?:\s*[-–.:].*)?", re.DOTALL)
_NEUTRALISED: Final = re.compile(r"'[=+\-@\t\r]")
_CERTAIN_VND: Final = 1_000_000
_MOST_SPELLINGS: Final = 4_096
_LONGEST_KEPT: Final = 200


def text_of(cell: Cell) -> str:
    """Return a cell as text: whole numbers without a fraction, no surrounding space."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        text = cell.strip().strip("\ufeff\u200b\u00a0").strip()
        # What a download of rejected rows has neutralised comes back as it was.
        return text[1:] if text[:1] == "'" and _NEUTRALISED.match(text) else text
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def code_of(cell: Cell) -> str:
    """Return a code; zeros that a workbook's number has lost come back."""
    text = text_of(cell)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and text.isdecimal():
        return text.zfill(10)
    return text


@lru_cache(maxsize=4_096, typed=True)
def date_of(cell: Cell) -> str:
    """Return a date as 2025-03-04. Raises Refusal `ambiguous_date` or `invalid_date`."""
    if isinstance(cell, datetime):
        if cell.time() != time():
            raise _bad_date(str(cell))
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if not isinstance(cell, str):
        raise _bad_date(str(cell))
    text = text_of(cell)
    if found := _ISO.fullmatch(text):
        return found[1]
    if found := _DMY.fullmatch(text):
        day, month, year = int(found[1]), int(found[3]), int(found[4])
        if day <= 12 < month <= 31:
            # Month first: then its neighbours 03/04 cannot be told from 4 March either.
            raise _unclear_date(text)
        return f"{year:04}-{month:02}-{day:02}"
    if _SHORT_YEAR.fullmatch(text):
        raise _unclear_date(text)
    raise _bad_date(text)


def amount_of(cell: Cell, unit: int | None, decimal: str | None) -> int:
    """Return an amount in whole VND.

    `unit` is the heading's in VND, None where it says none; `decimal` the mark that the sender
    declared ("," or "."), None where it did not. Raises Refusal `ambiguous_amount`,
    `invalid_capital`.
    """
    if unit is not None and isinstance(cell, str) and len(cell) < 19 and _DIGITS.fullmatch(cell):
        # Digits alone have one reading: most cells of a long file.
        return int(cell) * unit
    return _read_amount(cell, unit, decimal)


@lru_cache(maxsize=4_096, typed=True)
def _read_amount(cell: Cell, unit: int | None, decimal: str | None) -> int:
    if isinstance(cell, bool) or not isinstance(cell, (str, int, float)):
        raise _bad_amount(str(cell))
    if isinstance(cell, str):
        number, own = _number(text_of(cell), unit, decimal)
    else:
        number, own = Decimal(repr(cell)), None
    factor = own or unit
    if factor is None:
        if 0 < abs(number) < _CERTAIN_VND:
            raise _unclear_amount(str(cell), "không rõ đơn vị tính", "its unit is not said")
        factor = 1
    amount = number * factor
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise _bad_amount(str(cell))
    return int(amount)


def _number(text: str, unit: int | None, decimal: str | None) -> tuple[Decimal, int | None]:
    """Return the number and the unit that is written behind it, None where there is none."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise _bad_amount(text)
    own = None
    if match[2]:
        own = 1 if match[2] == "₫" else UNITS.get(plain(match[2]))
        if own is None:
            raise _bad_amount(text)
        if unit is not None and own != unit:
            raise _unclear_amount(
                text, "đơn vị trong ô khác đơn vị ở tiêu đề", "its unit is not the heading's"
            )
    digits = re.sub(r"(?<=[0-9])\s(?=[0-9]{3}(?![0-9]))", "", match[1].strip())
    sign, body = (digits[0], digits[1:]) if digits[0] in "+-" else ("", digits)
    if not _MARKED.fullmatch(body):
        raise _bad_amount(text)
    read = _plain_marks(body, text, (own or unit) == 1) if decimal is None else None
    if decimal is not None:
        read = _declared_marks(body, text, decimal)
    return Decimal(f"{sign}{read}"), own


def _declared_marks(body: str, text: str, decimal: str) -> str:
    other = "." if decimal == "," else ","
    head, _, tail = body.partition(decimal)
    if (other in head and not _GROUPS[other].fullmatch(head)) or not _TAIL.fullmatch(tail):
        raise _bad_amount(text)
    return f"{head.replace(other, '')}.{tail or 0}"


def _plain_marks(body: str, text: str, whole: bool) -> str:
    """Read digits with dots and commas where only one reading is possible; `whole`: VND."""
    last = "," if body.rfind(",") > body.rfind(".") else "."
    other = "." if last == "," else ","
    head, _, tail = body.rpartition(last)
    if last not in body:
        return body
    if other in body:
        if not _GROUPS[other].fullmatch(head):
            raise _unclear_amount(text, "dấu chấm, dấu phẩy lẫn lộn", "dots and commas are mixed")
        return f"{head.replace(other, '')}.{tail}"
    if last in head:
        if not _GROUPS[last].fullmatch(body):
            raise _bad_amount(text)
        return body.replace(last, "")
    if len(tail) != 3 or head == "0" or len(head) > 3:
        return f"{head}.{tail}"
    if whole:
        return head + tail
    raise _unclear_amount(
        text,
        "dấu đó có thể là phần nghìn hoặc phần thập phân; hãy khai decimal",
        "its mark may part thousands or decimals; declare `decimal`",
    )


@lru_cache(maxsize=1_000)
def form_of(text: str) -> str:
    """Return the contract's word of a form or kind. Raises Refusal."""
    word = plain(text)
    found = FORMS.get(word)
    if found is not None:
        return found
    if word in VAGUE_FORMS:
        raise Refusal(
            "ambiguous_form",
            f"Loại hình “{text[:60]}” chưa đủ rõ (một hay hai thành viên trở lên?).",
            f"The form '{text[:60]}' does not say which one",
        )
    raise Refusal(
        "unknown_form",
        f"Không có loại hình “{text[:60]}”.",
        f"There is no legal form '{text[:60]}'",
    )


class Communes:
    """Finds communes by code or by name. `names` is {code: name}."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._codes = frozenset(names)
        self._full: dict[str, set[str]] = {}
        self._bare: dict[str, set[str]] = {}
        for code, name in names.items():
            words = plain(name)
            self._full.setdefault(words, set()).add(code)
            self._bare.setdefault(words.partition(" ")[2], set()).add(code)
        self._found: dict[str, str] = {}

    def find(self, cell: Cell) -> str:
        """Return a commune's code. Raises Refusal `unknown_commune`, `ambiguous_commune`."""
        if not isinstance(cell, str):
            return self._find(cell)
        code = self._found.get(cell)
        if code is None:
            code = self._find(cell)
            # However many spellings a file has, memory stays flat.
            if len(self._found) < _MOST_SPELLINGS and len(cell) < _LONGEST_KEPT:
                self._found[cell] = code
        return code

    def _find(self, cell: Cell) -> str:
        text = text_of(cell)
        head = text.split(" ")[0].rstrip("-–")
        if head.isdecimal() and head.isascii():
            # A workbook drops the zero in front; four digits have only one reading.
            return head.zfill(5) if len(head) == 4 else head
        words = plain(text)
        for short, long in (("p ", "phuong "), ("x ", "xa ")):
            if words.startswith(short):
                words = long + words[len(short) :]
        found = self._full.get(words) or self._bare.get(words) or set()
        if len(found) == 1:
            return next(iter(found))
        code, vi = ("ambiguous_commune", "nhiều") if found else ("unknown_commune", "không có")
        raise Refusal(
            code,
            f"{vi.capitalize()} xã, phường “{text[:60]}” trong tỉnh.",
            f"{'More than one' if found else 'No'} commune is called '{text[:60]}'",
        )


def industry_of(cell: Cell, scheme: str | None) -> tuple[str, str]:
    """Return (scheme, code). Raises Refusal `ambiguous_industry`, `unknown_industry`.

    Where nothing says the scheme the present one is taken, if both give the same section.
    """
    text = text_of(cell)
    return _read_industry(text[:_LONGEST_KEPT], scheme)


@lru_cache(maxsize=4_096)
def _read_industry(text: str, scheme: str | None) -> tuple[str, str]:
    match = _INDUSTRY.fullmatch(text)
    if match is None:
        raise Refusal(
            "unknown_industry",
            f"Ngành “{text[:60]}” không có mã 2 đến 5 chữ số.",
            f"The industry '{text[:60]}' has no code of 2 to 5 digits",
        )
    code = match[1]
    if scheme is None:
        if section_of("vsic2018", code) != section_of("vsic2025", code):
            raise Refusal(
                "ambiguous_industry",
                f"Ngành {code} thuộc nhóm khác nhau trong VSIC 2018 và VSIC 2025: hãy khai scheme.",
                f"{code} is in different sections of VSIC 2018 and 2025: declare `scheme`",
            )
        scheme = "vsic2025"
    return scheme, code


def _unclear_date(text: str) -> Refusal:
    return Refusal(
        "ambiguous_date",
        f"Ngày “{text[:40]}” không rõ; hãy viết 04/03/2025 (ngày/tháng/năm) hoặc 2025-03-04.",
        f"The date '{text[:40]}' can be read in two ways; write 2025-03-04",
    )


def _bad_date(text: str) -> Refusal:
    return Refusal(
        "invalid_date",
        f"“{text[:40]}” không phải ngày (ngày/tháng/năm hoặc 2025-03-04).",
        f"'{text[:40]}' is no date (dd/mm/yyyy or 2025-03-04)",
    )


def _bad_amount(text: str) -> Refusal:
    return Refusal(
        "invalid_capital",
        f"Vốn “{text[:40]}” không phải số tiền chẵn đồng.",
        f"The capital '{text[:40]}' is not an amount of whole VND",
    )


def _unclear_amount(text: str, vi: str, en: str) -> Refusal:
    return Refusal(
        "ambiguous_amount",
        f"Vốn “{text[:40]}”: {vi}.",
        f"The capital '{text[:40]}': {en}",
    )
