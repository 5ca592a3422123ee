"""What of an entity's state is measured, packed into one 64-bit key.

The fold works on columns of numbers. A key holds kind, form, status, section and commune, so that
a state is two integers (key, capital) and any breakdown is a shift and a mask. 0 is "no state".
The numbers are places in closed vocabularies and are stored: words are only ever added at the end.
"""

import re
from collections.abc import Mapping
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


def pack(
    kind: str, form: str | None, status: str, commune: str, scheme: str, industry: str
) -> int | None:
    """Return the key of a state, None when a part is not of the contract."""
    if not _COMMUNE.fullmatch(commune) or not _INDUSTRY.fullmatch(industry):
        return None
    dependent = kind in DEPENDENT_KINDS
    if not kind_agrees(kind, form, None if dependent else 0, "-" if dependent else None):
        return None
    return (
        _NUMBER_OF_KIND[kind] << KIND_AT
        | _NUMBER_OF_FORM[form] << FORM_AT
        | _NUMBER_OF_STATUS[status] << STATUS_AT
        | _NUMBER_OF_SECTION[section_of(scheme, industry)] << SECTION_AT
        | int(commune)
    )


def unpack(key: int) -> Measured:
    """Take a key apart; the opposite of `pack` but for the industry's code."""
    return Measured(
        KINDS[(key >> KIND_AT) - 1],
        FORMS[(key >> FORM_AT) & 0xF],
        STATUSES[(key >> STATUS_AT) & 0xF],
        SECTION_WORDS[(key >> SECTION_AT) & 0x1F],
        f"{key & 0x1FFFF:05d}",
    )


FIRST_DEPENDENT: Final = min(_NUMBER_OF_KIND[k] for k in DEPENDENT_KINDS)


def is_dependent(key: int) -> bool:
    """Say whether the key is of a dependent unit (which has a parent and no capital)."""
    return key >> KIND_AT >= FIRST_DEPENDENT
