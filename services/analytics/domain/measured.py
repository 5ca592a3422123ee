"""What of an entity's state is measured, packed into one 64-bit key.

The fold works on columns of numbers. A key holds kind, form, status, section and commune, so that
a state is two integers (key, capital) and any breakdown is a shift and a mask. 0 is "no state".
The numbers are places in closed vocabularies and are stored: words are only ever added at the end.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from shared.contracts.states import kind_agrees
from shared.contracts.values import (
    COMMUNE_PATTERN,
    DEPENDENT_KINDS,
    INDUSTRY_PATTERN,
    SECTIONS,
    EndedWhy,
    EntityKind,
    EntityStatus,
    IndustryScheme,
    LegalForm,
    RegisteredBy,
    section_of,
)

KINDS: Final[tuple[str, ...]] = get_args(EntityKind)
FORMS: Final[tuple[str, ...]] = ("-", *get_args(LegalForm))
STATUSES: Final[tuple[str, ...]] = get_args(EntityStatus)
DETAILS: Final[tuple[str, ...]] = ("-", *get_args(RegisteredBy), *get_args(EndedWhy))
SECTION_WORDS: Final[tuple[str, ...]] = tuple(SECTIONS)

COMMUNE_BITS: Final = 17
SECTION_BITS: Final = 5
STATUS_BITS: Final = 4
FORM_BITS: Final = 4
SECTION_AT: Final = COMMUNE_BITS
STATUS_AT: Final = SECTION_AT + SECTION_BITS
FORM_AT: Final = STATUS_AT + STATUS_BITS
KIND_AT: Final = FORM_AT + FORM_BITS

BILLION: Final = 1_000_000_000
BAND_LIMITS: Final[tuple[int, ...]] = tuple(n * BILLION for n in (1, 3, 5, 10, 20, 50, 100))
"""Upper limits (exclusive, VND) of the capital bands; the last band is open."""
BANDS: Final[tuple[str, ...]] = (
    "under_1",
    "1_to_3",
    "3_to_5",
    "5_to_10",
    "10_to_20",
    "20_to_50",
    "50_to_100",
    "from_100",
)

_NUMBER_OF_KIND: Final[Mapping[str, int]] = {word: n + 1 for n, word in enumerate(KINDS)}
_NUMBER_OF_FORM: Final[Mapping[str | None, int]] = {
    None: 0,
    **{word: n for n, word in enumerate(FORMS) if n},
}
_NUMBER_OF_STATUS: Final[Mapping[str, int]] = {word: n for n, word in enumerate(STATUSES)}
_NUMBER_OF_SECTION: Final[Mapping[str, int]] = {word: n for n, word in enumerate(SECTION_WORDS)}
NUMBER_OF_DETAIL: Final[Mapping[str | None, int]] = {
    None: 0,
    **{word: n for n, word in enumerate(DETAILS) if n},
}
_COMMUNE: Final = re.compile(COMMUNE_PATTERN)
_INDUSTRY: Final = re.compile(INDUSTRY_PATTERN)


@dataclass(frozen=True)
class Measured:
    """A key taken apart."""

    kind: str
    form: str
    status: str
    section: str
    commune: str


class Words(dict[str, int]):
    """Checks and numbers words of an open vocabulary once each; remembers a bounded number.

    A word that is not of the contract is -1. Rubbish can fill the memory but not grow it.
    """

    def __init__(self, number: Callable[[str], int], limit: int = 100_000) -> None:
        super().__init__()
        self._number, self._limit = number, limit

    def __missing__(self, word: str) -> int:
        if len(self) >= self._limit:
            self.clear()
        found = self[word] = self._number(word)
        return found


def _kind_form_status() -> dict[tuple[str, str | None, str], int]:
    table = {}
    for kind, k in _NUMBER_OF_KIND.items():
        dependent = kind in DEPENDENT_KINDS
        for form, f in _NUMBER_OF_FORM.items():
            if not kind_agrees(kind, form, None if dependent else 0, "-" if dependent else None):
                continue
            for status, s in _NUMBER_OF_STATUS.items():
                table[kind, form, status] = k << KIND_AT | f << FORM_AT | s << STATUS_AT
    return table


KIND_FORM_STATUS: Final = _kind_form_status()
"""The part of a key that kind, form and status make, for the combinations that agree."""
COMMUNES: Final = Words(lambda word: int(word) if _COMMUNE.fullmatch(word) else -1)
"""The part of a key that a commune makes."""


def _sections(scheme: str) -> Words:
    def number(word: str) -> int:
        if not _INDUSTRY.fullmatch(word):
            return -1
        return _NUMBER_OF_SECTION[section_of(scheme, word)] << SECTION_AT

    return Words(number)


SECTIONS_OF: Final[Mapping[str, Words]] = {
    scheme: _sections(scheme) for scheme in get_args(IndustryScheme)
}
"""By scheme, the part of a key that an industry's code makes."""


def pack(
    kind: str, form: str | None, status: str, commune: str, scheme: str, industry: str
) -> int | None:
    """Return the key of a state, None when a part is not of the contract."""
    words = KIND_FORM_STATUS.get((kind, form, status))
    place, section = COMMUNES[commune], SECTIONS_OF[scheme][industry]
    return None if words is None or place < 0 or section < 0 else words | place | section


def unpack(key: int) -> Measured:
    """Take a key apart; the opposite of `pack` but for the industry's code."""
    return Measured(
        KINDS[(key >> KIND_AT) - 1],
        FORMS[(key >> FORM_AT) & 0xF],
        STATUSES[(key >> STATUS_AT) & 0xF],
        SECTION_WORDS[(key >> SECTION_AT) & 0x1F],
        f"{key & 0x1FFFF:05d}",
    )


DEPENDENT_FROM: Final = min(_NUMBER_OF_KIND[k] for k in DEPENDENT_KINDS) << KIND_AT
"""Keys from here on are of dependent units, which have a parent and no capital."""
