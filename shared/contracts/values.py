"""Values of the published language: codes, money, dates, closed vocabularies.

Vocabularies are closed per major version of an event; a new word needs a new version.
"""

import contextlib
import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final, Literal, NewType, get_args

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.vn import mst

EntityKind = Literal[
    "enterprise",
    "cooperative",
    "cooperative_union",
    "cooperative_group",
    "branch",
    "representative_office",
    "business_location",
]
EnterpriseForm = Literal[
    "llc_one_member", "llc_multi_member", "joint_stock", "partnership", "sole_proprietorship"
]
CollectiveKind = Literal["cooperative", "cooperative_union", "cooperative_group"]
DependentKind = Literal["branch", "representative_office", "business_location"]
ParentKind = Literal["enterprise", "cooperative", "cooperative_union", "cooperative_group"]
ParentSeat = Literal["local", "elsewhere"]
LegalForm = Literal[
    "llc_one_member",
    "llc_multi_member",
    "joint_stock",
    "partnership",
    "sole_proprietorship",
    "cooperative",
    "cooperative_union",
    "cooperative_group",
]
# Legal status 5 is two words here: an entity that is dissolving is still counted by the default
# policy, one that was divided, consolidated or merged (reorganized) is not.
EntityStatus = Literal[
    "active",
    "suspended",
    "not_at_address",
    "certificate_revoked",
    "dissolving",
    "reorganized",
    "in_bankruptcy",
    "ended",
]
RegisteredBy = Literal["first", "consolidation", "division", "separation"]
EndedWhy = Literal[
    "dissolved",
    "bankrupt",
    "revoked",
    "merged",
    "consolidated",
    "divided",
    "moved_out",
    "parent_ended",
]
IndustryScheme = Literal["vsic2018", "vsic2025"]
PetitionField = Literal[
    "registration",
    "investment",
    "construction_debt",
    "land",
    "agriculture",
    "planning",
    "construction",
    "jobs",
    "training",
    "digital",
    "trade",
    "energy",
    "credit",
    "tax",
    "border_zone",
    "procedures",
    "other",
]
PetitionStatus = Literal[
    "filed",
    "assigned",
    "in_progress",
    "waiting_petitioner",
    "answered",
    "resolved",
    "rejected",
    "referred",
    "withdrawn",
    "duplicate",
]
PetitionerKind = Literal["enterprise", "cooperative", "household", "association", "person"]
PetitionOutcome = Literal[
    "accepted", "partly_accepted", "explained", "not_accepted", "referred", "withdrawn", "duplicate"
]
Origin = Literal["live", "backfill"]

ENTERPRISE_FORMS: Final[frozenset[str]] = frozenset(get_args(EnterpriseForm))
COLLECTIVE_KINDS: Final[frozenset[str]] = frozenset(get_args(CollectiveKind))
DEPENDENT_KINDS: Final[frozenset[str]] = frozenset(get_args(DependentKind))

# A million billion VND: three times the largest charter capital in the country. The limit keeps
# sums over thousands of records inside 64 bits.
MAX_CAPITAL_VND: Final = 10**15
MAX_SEQUENCE: Final = 2**31 - 1
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199

SUBJECT_PATTERN: Final = r"^([0-9]{10}(-[0-9]{3})?|THT-[0-9A-Z]{10})$"
COMMUNE_PATTERN: Final = r"^[0-9]{5}$"
INDUSTRY_PATTERN: Final = r"^[0-9]{2,5}$"
PETITION_ID_PATTERN: Final = r"^[0-9A-Za-z-]{1,40}$"
AGENCY_PATTERN: Final = r"^[0-9A-Z][0-9A-Z-]{0,31}$"
_SUBJECT = re.compile(SUBJECT_PATTERN.strip("^$"))
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CODE_SHAPE_VI = "Mã số gồm 10 chữ số, đơn vị phụ thuộc thêm gạch nối và 3 chữ số từ 001."
_CODE_SHAPE_EN = "A code has 10 digits; a dependent unit adds a dash and 3 digits from 001"


def complaint(code: str, vi: str, en: str) -> PydanticCustomError:
    """Make a validation error with a stable code and both languages (in `ctx`)."""
    return PydanticCustomError(code, "{en}", {"vi": vi, "en": en})


def _iso_date(value: object) -> date:
    # A time of day, a number of seconds or "2025-1-1" would be accepted by lenient parsers and
    # mean another day in another zone.
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    raise complaint("invalid_date", "Ngày phải có dạng 2025-09-12.", "A date looks like 2025-09-12")


def _sane_year(value: date) -> date:
    if FIRST_YEAR <= value.year <= LAST_YEAR:
        return value
    raise complaint(
        "invalid_date",
        f"Năm phải từ {FIRST_YEAR} đến {LAST_YEAR}.",
        f"The year must be {FIRST_YEAR} to {LAST_YEAR}",
    )


def _check_code(value: str) -> str:
    # The library also takes "0100.233.488" and 13 digits without a dash: two spellings of one
    # subject would be two subjects, so the shape comes first.
    if not _SUBJECT.fullmatch(value):
        raise complaint("invalid_code", _CODE_SHAPE_VI, _CODE_SHAPE_EN)
    # The group's internal id has no check digit; everything else is a tax code.
    if value.startswith("THT-"):
        return value
    if _is_ordinary(value):
        return value
    try:
        mst.validate(value)
    except InvalidChecksum as error:
        raise complaint(
            "invalid_check_digit",
            f"Mã số {value} sai số kiểm tra.",
            f"The check digit of {value} is wrong",
        ) from error
    except ValidationError as error:
        raise complaint("invalid_code", _CODE_SHAPE_VI, _CODE_SHAPE_EN) from error
    return value


def _is_ordinary(code: str) -> bool:
    # What the library would find valid in the end, of a code whose shape is known. Its cleaning of
    # other spellings costs more than all other checks of a registration together.
    return (
        mst.calc_check_digit(code[:10]) == code[9]
        and code[2:9] != "0000000"
        and code[10:] != "-000"
    )


LegalDate = Annotated[date, BeforeValidator(_iso_date), AfterValidator(_sane_year)]
"""A date in Asia/Ho_Chi_Minh, written 2025-09-12, of the years 1900 to 2199."""

Vnd = Annotated[int, Field(strict=True, ge=0, le=MAX_CAPITAL_VND)]
"""An amount of whole đồng, 0 to 10^15."""

Subject = Annotated[str, Field(pattern=SUBJECT_PATTERN)]
"""An entity's code as events carry it. The check digit is a matter of the doors (`EntityCode`):
a reader must not refuse what is registered."""

EntityCode = Annotated[str, Field(max_length=14), AfterValidator(_check_code)]
"""An entity's code at a door: the shape and the check digit of the tax code (python-stdnum)."""

Commune = Annotated[str, Field(pattern=COMMUNE_PATTERN)]
PetitionId = Annotated[str, Field(pattern=PETITION_ID_PATTERN)]
Agency = Annotated[str, Field(pattern=AGENCY_PATTERN)]

Section = NewType("Section", str)
"""A letter of VSIC (A to V); the industry's first level."""

UNKNOWN_SECTION: Final = Section("?")

_SECTIONS: Final[Mapping[str, str]] = {
    # scheme: "letter first-last division", as decisions 27/2018/QĐ-TTg and 36/2025/QĐ-TTg list them
    "vsic2018": "A1-3 B5-9 C10-33 D35-35 E36-39 F41-43 G45-47 H49-53 I55-56 J58-63 K64-66 L68-68 "
    "M69-75 N77-82 O84-84 P85-85 Q86-88 R90-93 S94-96 T97-98 U99-99",
    "vsic2025": "A1-3 B5-9 C10-33 D35-35 E36-39 F41-43 G46-47 H49-53 I55-56 J58-60 K61-63 L64-66 "
    "M68-68 N69-75 O77-82 P84-84 Q85-85 R86-88 S90-93 T94-96 U97-98 V99-99",
}


def _divisions(text: str) -> dict[str, Section]:
    found: dict[str, Section] = {}
    for part in text.split():
        first, last = part[1:].split("-")
        found.update({f"{n:02d}": Section(part[0]) for n in range(int(first), int(last) + 1)})
    return found


_SECTION_OF: Final = {scheme: _divisions(text) for scheme, text in _SECTIONS.items()}


def section_of(scheme: str, code: str) -> Section:
    """Return the VSIC section letter of an industry code, "?" when no division has it."""
    return _SECTION_OF[scheme].get(code[:2], UNKNOWN_SECTION)


def section_bounds(scheme: str, section: str) -> tuple[str, str]:
    """Return (first, beyond): the codes of a section are at least the one and below the other.

    Of a section that the scheme does not have, bounds between which nothing lies.
    """
    divisions = [division for division, own in _SECTION_OF[scheme].items() if own == section]
    if not divisions:
        return "", ""
    return min(divisions), f"{max(divisions)}:"  # the colon comes after the nine


SECTIONS: Final[tuple[Section, ...]] = (
    *sorted({s for table in _SECTION_OF.values() for s in table.values()}),
    UNKNOWN_SECTION,
)
