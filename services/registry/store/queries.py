"""Statements that search the register, as it stands or as it stood."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, get_args

from services.registry.domain.units import Span
from shared.contracts.values import EntityKind
from shared.plumbing.postgres import Connection, Record

_SLICE = 2_000
KINDS: Final[tuple[str, ...]] = get_args(EntityKind)
Match = Literal["exact", "beginning", "near"]
"""How a name fits: it has just these words; each begins one of its words; it is close to that."""


@dataclass(frozen=True)
class Filter:
    """What is asked for; None and () ask for everything. Dates are legal dates, inclusive.

    `code` is a prefix; `words` are words in small letters without diacritics, each of which begins
    a word of the name. `match` asks for those that fit so and no better, None for all but the near
    ones; `near` are, for each of `words`, those that do in its place. `communes` are the codes,
    and when they were set, that lie in the commune; `industry` bounds the codes of the scheme
    (from, and before). `as_of`: as it stood at the end of that date.
    """

    code: str | None = None
    words: Sequence[str] | None = None
    match: Match | None = None
    near: Sequence[Sequence[str]] = ()
    kinds: Sequence[str] = ()
    statuses: Sequence[str] = ()
    communes: Sequence[Span] | None = None
    scheme: str | None = None
    industry: tuple[str, str] | None = None
    parent: str | None = None
    registered_from: date | None = None
    registered_to: date | None = None
    changed_from: date | None = None
    changed_to: date | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A subject as a list shows it. `since`: from which legal date on this state holds.

    `version` is the sequence of its last event, None for a state that stood earlier.
    """

    code: str
    version: int | None
    kind: str
    legal_form: str | None
    name: str
    status: str
    capital_vnd: int | None
    commune: str
    commune_on: date
    industry_scheme: str
    industry_code: str
    registered_on: date
    parent: str | None
    since: date


_STATE = (
    "kind, legal_form, name, status, capital_vnd, commune, commune_on, industry_scheme, "
    "industry_code, registered_on, parent, since"
)
_COLUMNS = f"code, version, {_STATE}"


class _Conditions:
    """Conditions with their arguments, in the order in which they were added."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.arguments: list[Any] = []

    def value(self, value: object) -> str:
        """Return the placeholder of a value."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def add(self, text: str, *values: object) -> None:
        """Add a condition; each {} in it is a value."""
        self.texts.append(text.format(*(self.value(value) for value in values)))

    @property
    def where(self) -> str:
        return " AND ".join(self.texts) or "true"


def statement(filter_: Filter, after: str | None, limit: int | None) -> tuple[str, list[Any]]:
    """Return the statement that lists what fits in the order of codes, and its arguments.

    `after` is the last code that was seen, None at the beginning; `limit` None: all.
    """
    found = _Conditions()
    _restrict_subject(found, filter_)
    _restrict_place(found, filter_)
    _restrict_dates(found, filter_)
    if after is not None:
        found.add("code > {}", after)
    last = "ORDER BY code" + ("" if limit is None else f" LIMIT {found.value(limit)}")
    if filter_.as_of is None:
        return f"SELECT {_COLUMNS} FROM entity WHERE {found.where} {last}", found.arguments
    # What stands now stood then already, unless something changed since. Each half in order and
    # with its own limit, so that each can be read by its key.
    day = found.value(filter_.as_of)
    sql = (
        f"(SELECT {_COLUMNS} FROM entity WHERE since <= {day} AND {found.where} {last}) "
        f"UNION ALL (SELECT code, NULL::int, {_STATE} FROM entity_former "
        f"WHERE since <= {day} AND until > {day} AND {found.where} {last}) {last}"
    )
    return sql, found.arguments


def _restrict_subject(found: _Conditions, filter_: Filter) -> None:
    if filter_.code is not None:
        _restrict_code(found, filter_.code)
    if filter_.words is not None:
        _restrict_name(found, filter_.words, filter_)
    if filter_.kinds or filter_.statuses:
        # The index is by kind and status: with all kinds written out a status alone finds its way.
        found.add("kind = ANY({}::text[])", list(filter_.kinds or KINDS))
    if filter_.statuses:
        found.add("status = ANY({}::text[])", list(filter_.statuses))
    if filter_.parent is not None:
        found.add("parent = {}", filter_.parent)


def _restrict_name(found: _Conditions, words: Sequence[str], filter_: Filter) -> None:
    # Words are letters and digits only, so nothing in them can be an operator.
    begins = " & ".join(f"'{word}':*" for word in words)
    match filter_.match:
        case "exact":
            # The words in the index's own writing; of no words there is no name.
            found.add("search::text = nullif(array_to_tsvector({}::text[])::text, '')", list(words))
        case "near":
            either = [
                " | ".join([f"'{word}':*", *(f"'{other}'" for other in others)])
                for word, others in zip(words, filter_.near, strict=True)
            ]
            found.add("search @@ {}::text::tsquery", " & ".join(f"({one})" for one in either))
            found.add("NOT search @@ {}::text::tsquery", begins)
        case _:
            found.add("search @@ {}::text::tsquery", begins)
            if filter_.match == "beginning":
                found.add("search <> array_to_tsvector({}::text[])", list(words))


def _restrict_code(found: _Conditions, prefix: str) -> None:
    # A range over the digits uses the key in every collation; LIKE alone only in one.
    digits = prefix[:10]
    if digits.isdigit():
        found.add("code >= {}", digits)
        if int(digits) + 1 < 10 ** len(digits):
            found.add("code < {}", f"{int(digits) + 1:0{len(digits)}d}")
    elif prefix.startswith("T"):
        found.add("code >= {}", "T")
    found.add("code LIKE {}", f"{prefix}%")


def _restrict_place(found: _Conditions, filter_: Filter) -> None:
    if filter_.communes is not None:
        spans = filter_.communes
        found.add("commune = ANY({}::text[])", sorted({span.code for span in spans}))
        if any(span.first != date.min or span.end != date.max for span in spans):
            found.add(
                "EXISTS (SELECT FROM unnest({}::text[], {}::date[], {}::date[]) "
                'AS s (code, first, "end") WHERE s.code = commune '
                'AND commune_on >= s.first AND commune_on < s."end")',
                [span.code for span in spans],
                [span.first for span in spans],
                [span.end for span in spans],
            )
    if filter_.scheme is not None:
        found.add("industry_scheme = {}", filter_.scheme)
    if filter_.industry is not None:
        low, high = filter_.industry
        found.add('industry_code COLLATE "C" >= {}', low)
        found.add('industry_code COLLATE "C" < {}', high)


def _restrict_dates(found: _Conditions, filter_: Filter) -> None:
    for column, first, last in (
        ("registered_on", filter_.registered_from, filter_.registered_to),
        ("since", filter_.changed_from, filter_.changed_to),
    ):
        if first is not None:
            found.add(f"{column} >= {{}}", first)
        if last is not None:
            found.add(f"{column} <= {{}}", last)


async def search(conn: Connection, filter_: Filter, after: str | None, limit: int) -> list[Row]:
    """What fits, in the order of codes, after a code."""
    sql, arguments = statement(filter_, after, limit)
    return [_row(record) for record in await conn.fetch(sql, *arguments)]


async def stream(conn: Connection, filter_: Filter) -> AsyncIterator[list[Row]]:
    """Yield all that fits, in slices, from one snapshot. Within a transaction."""
    sql, arguments = statement(filter_, None, None)
    cursor = await conn.cursor(sql, *arguments)
    while records := await cursor.fetch(_SLICE):
        yield [_row(record) for record in records]


def _row(record: Record) -> Row:
    return Row(*record)
