"""The parameters of a list, and the cursor that goes on with it."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.registry.handlers.search import Asked, Behind, Filter, Found, Match
from shared.contracts.values import (
    Commune,
    EntityCode,
    EntityKind,
    EntityStatus,
    IndustryScheme,
    LegalDate,
    section_bounds,
)
from shared.plumbing.errors import Problem
from shared.plumbing.http import invalid_field, invalid_fields

_Word = Annotated[str, Field(min_length=1, max_length=200)]


class Parameters(BaseModel):
    """What a list may be restricted to. Dates are legal dates, inclusive."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[
        str | None,
        Field(pattern=r"^[0-9T][0-9A-Z-]{0,13}$", description="How the code begins."),
    ] = None
    name: Annotated[
        _Word | None,
        Field(
            description="Words, or their beginnings, with or without diacritics. Names of just "
            "these words come first, then those with these beginnings, then those that are near."
        ),
    ] = None
    near: Annotated[
        bool | None,
        Field(
            description="Also names that hold a word of `name` in the middle of one of theirs, or "
            "with a typing error. Unless said otherwise pages do, exports do not."
        ),
    ] = None
    kind: Annotated[list[EntityKind], Field(max_length=7)] = []
    status: Annotated[list[EntityStatus], Field(max_length=8)] = []
    commune: Annotated[
        Commune | None,
        Field(description="A present unit: also who was registered under what it came from."),
    ] = None
    scheme: Annotated[IndustryScheme | None, Field(description="Classification of `industry`.")] = (
        None
    )
    industry: Annotated[
        str | None,
        Field(
            pattern=r"^([A-V]|[0-9]{2,5})$",
            description="A section, or how the industry's code begins; needs `scheme`.",
        ),
    ] = None
    parent: EntityCode | None = None
    registered_from: LegalDate | None = None
    registered_to: LegalDate | None = None
    changed_from: Annotated[
        LegalDate | None, Field(description="Legal date of the last change, from.")
    ] = None
    changed_to: LegalDate | None = None
    as_of: Annotated[
        LegalDate | None, Field(description="As it stood at the end of that day, as known now.")
    ] = None

    def asked(self, *, near: bool = False) -> Asked:
        """Return what is asked for; `near` where it does not say it itself.

        Problem 422 when an industry comes without its scheme.
        """
        if self.industry is not None and self.scheme is None:
            raise invalid_fields([invalid_field("missing", ["query", "scheme"])])
        filter_ = Filter(
            code=self.code,
            kinds=tuple(self.kind),
            statuses=tuple(self.status),
            scheme=self.scheme,
            industry=None if self.industry is None else _bounds(self.scheme, self.industry),
            parent=self.parent,
            registered_from=self.registered_from,
            registered_to=self.registered_to,
            changed_from=self.changed_from,
            changed_to=self.changed_to,
            as_of=self.as_of,
        )
        return Asked(filter_, self.name, self.commune, near if self.near is None else self.near)

    def digest(self) -> str:
        """Return what tells one list from another."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def _bounds(scheme: str | None, industry: str) -> tuple[str, str]:
    if industry.isdigit():
        return industry, f"{industry}:"  # the colon comes after the nine
    return section_bounds(scheme or "", industry)


class PageParameters(Parameters):
    """A list, page by page."""

    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    cursor: Annotated[
        str | None, Field(max_length=200, description="`next` of the page before.")
    ] = None

    def listed(self) -> Parameters:
        """Return the list of which this is a page."""
        return Parameters.model_construct(
            **{name: getattr(self, name) for name in Parameters.model_fields}
        )


@dataclass(frozen=True)
class _Cursor:
    digest: str
    code: str
    match: Match | None = None


_cursors: Final = msgspec.json.Decoder(_Cursor)


def cursor_of(parameters: Parameters, last: Found) -> str:
    """Return the cursor behind a row of a list."""
    cursor = _Cursor(parameters.digest(), last.row.code, last.match)
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()


def place_behind(parameters: Parameters, cursor: str | None) -> Behind | None:
    """Return where a page begins. Problem 422 for a cursor of another list."""
    if cursor is None:
        return None
    try:
        octets = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = _cursors.decode(octets)
        found.code.encode()
    except ValueError as error:
        raise _invalid_cursor() from error
    if found.digest != parameters.digest() or "\x00" in found.code:
        raise _invalid_cursor()
    return Behind(found.code, found.match)


def _invalid_cursor() -> Problem:
    return Problem(
        "invalid_cursor",
        422,
        title_vi="Con trỏ trang không hợp lệ",
        title_en="Invalid cursor",
        detail_vi="Con trỏ không thuộc danh sách này: điều kiện lọc đã đổi hoặc con trỏ bị hỏng.",
        detail_en="The cursor is not of this list: its filter has changed, or it is broken.",
    )


ListOf = Annotated[Parameters, Query()]
PageOf = Annotated[PageParameters, Query()]
