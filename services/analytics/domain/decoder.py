"""A fast decoder of registry events beside the contract's models.

It accepts and refuses the very bytes that `shared.contracts.catalogue.parse` accepts and refuses
(a test holds the two against each other) but keeps only what is measured: an event becomes ledger
lines of plain numbers. Vocabularies, lengths and bounds are checked by msgspec in C; what repeats
from event to event (dates, the words of a state) is checked once and remembered.
"""

import re
from datetime import date
from typing import Annotated, Final, Literal, NamedTuple, get_args

import msgspec
from msgspec import Meta, Struct

from services.analytics.domain.measured import NUMBER_OF_DETAIL, is_dependent, pack
from shared.contracts.catalogue import BY_TYPE, Refused, parse
from shared.contracts.envelope import misfit
from shared.contracts.registry import EntityFact, entry_agrees
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC
from shared.contracts.values import (
    FIRST_YEAR,
    LAST_YEAR,
    MAX_CAPITAL_VND,
    MAX_SEQUENCE,
    SUBJECT_PATTERN,
    EndedWhy,
    EntityKind,
    EntityStatus,
    IndustryScheme,
    LegalForm,
    Origin,
    RegisteredBy,
)

FACTS: Final[tuple[str, ...]] = get_args(EntityFact)
NUMBER_OF_FACT: Final = {word: n for n, word in enumerate(FACTS)}
_REMEMBERED: Final = 200_000  # entries of a memory before it is emptied: bounds what rubbish costs

Number = Annotated[int, Meta(ge=1, le=MAX_SEQUENCE)]
Vnd = Annotated[int, Meta(ge=0, le=MAX_CAPITAL_VND)]


class _Industry(Struct, frozen=True, gc=False):
    scheme: IndustryScheme
    code: str


class _State(Struct, frozen=True, gc=False):
    kind: EntityKind
    legal_form: LegalForm | None
    name: Annotated[str, Meta(min_length=1, max_length=500)]
    status: EntityStatus
    capital_vnd: Vnd | None
    commune: str
    industry: _Industry
    registered_on: str
    parent: str | None


class _Entry(Struct, frozen=True, gc=False):
    entry: Number
    fact: EntityFact
    on: str
    before: _State | None
    after: _State | None
    by: RegisteredBy | None = None
    why: EndedWhy | None = None


class _Source(Struct, frozen=True, gc=False):
    system: Annotated[str, Meta(min_length=1, max_length=200)]
    reference: Annotated[str, Meta(min_length=1, max_length=200)]


class _Event(Struct, frozen=True, gc=False):
    subject: str
    sequence: Number
    asserts: Annotated[list[_Entry], Meta(max_length=1000)]
    retracts: Annotated[list[_Entry], Meta(max_length=1000)]
    state: _State | None
    corrects: Number | None
    origin: Origin
    cause: Annotated[str, Meta(min_length=1, max_length=100)] | None
    source: _Source
    reason: Annotated[str, Meta(max_length=2000)] | None


class Line(NamedTuple):
    """One ledger line: an entry asserted (sign 1) or retracted (sign -1).

    `before_key`/`after_key` are `measured` keys (0: no state), amounts are VND (0 where null).
    """

    sign: int
    number: int
    fact: int
    detail: int
    on: date
    before_key: int
    before_vnd: int
    after_key: int
    after_vnd: int


class EntityEvent(NamedTuple):
    """What the figures need of one registry event."""

    subject: str
    sequence: int
    origin: Literal["live", "backfill"]
    lines: list[Line]


_SUBJECT: Final = re.compile(SUBJECT_PATTERN)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OWN_FACTS: Final = {
    spec.type: spec.model.facts for spec in BY_TYPE.values() if spec.topic is REGISTRY_EVENTS_TOPIC
}
_decode: Final = msgspec.json.Decoder(_Event).decode
_dates: Final[dict[str, date]] = {}
_keys: Final[dict[tuple[str, str | None, str, str, str, str], int]] = {}


def _day(text: str) -> date:
    found = _dates.get(text)
    if found is None:
        if not _DATE.fullmatch(text):
            raise Refused("invalid_data", "date")
        try:
            found = date.fromisoformat(text)
        except ValueError:
            raise Refused("invalid_data", "date") from None
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise Refused("invalid_data", "date")
        _dates[text] = found
    return found


def _measure(state: _State) -> int:
    industry = state.industry
    words = (
        state.kind,
        state.legal_form,
        state.status,
        state.commune,
        industry.scheme,
        industry.code,
    )
    key = _keys.get(words)
    if key is None:
        key = pack(*words)
        if key is None:
            raise Refused("invalid_data", "state")
        if len(_keys) >= _REMEMBERED:
            _keys.clear()
        _keys[words] = key
    parent = state.parent
    if is_dependent(key):
        if state.capital_vnd is not None or parent is None or not _SUBJECT.fullmatch(parent):
            raise Refused("invalid_data", "state")
    elif state.capital_vnd is None or parent is not None:
        raise Refused("invalid_data", "state")
    if state.registered_on not in _dates:
        _day(state.registered_on)
    return key


def _line(sign: int, entry: _Entry) -> Line:
    before, after = entry.before, entry.after
    if not entry_agrees(entry.fact, entry.by, entry.why, before, after):
        raise Refused("invalid_data", "entry_misfit")
    return Line(
        sign,
        entry.entry,
        NUMBER_OF_FACT[entry.fact],
        NUMBER_OF_DETAIL[entry.by or entry.why],
        _dates.get(entry.on) or _day(entry.on),
        0 if before is None else _measure(before),
        0 if before is None else before.capital_vnd or 0,
        0 if after is None else _measure(after),
        0 if after is None else after.capital_vnd or 0,
    )


def _laws(event: _Event, own: tuple[str, ...]) -> None:
    wrong = misfit(
        own,
        [e.fact for e in event.asserts],
        asserts=event.asserts,
        retracts=event.retracts,
        state=event.state,
        corrects=event.corrects,
    )
    if wrong:
        raise Refused("invalid_data", wrong)


def decode(ce_type: str, value: bytes) -> EntityEvent:
    """Decode a registry event. Raises Refused `unknown_type` or `invalid_data`.

    What the fast way refuses is judged by the contract itself, which has the last word on oddities
    such as a name that stands twice in an object; what that accepts is decoded from its own words.
    """
    own = _OWN_FACTS.get(ce_type)
    if own is None:
        raise Refused("unknown_type", ce_type[:200])
    try:
        return _fast(own, value)
    except Refused:
        event = parse(ce_type, value, REGISTRY_EVENTS_TOPIC.name)
        return _fast(own, event.model_dump_json().encode())


def _fast(own: tuple[str, ...], value: bytes) -> EntityEvent:
    try:
        # msgspec does not look into the strings of fields that it skips.
        value.decode()
        event = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("invalid_data", str(error)[:500]) from error
    if not _SUBJECT.fullmatch(event.subject):
        raise Refused("invalid_data", "subject")
    if len(_dates) >= _REMEMBERED:
        _dates.clear()
    lines = [_line(1, entry) for entry in event.asserts]
    if event.state is not None:
        _measure(event.state)
    if len(lines) == 1 and not event.retracts and event.asserts[0].fact in own:
        # The ordinary event; its only other laws are these two.
        if event.state is None or event.corrects is not None:
            raise Refused("invalid_data", "correction_misfit")
    else:
        lines += [_line(-1, entry) for entry in event.retracts]
        _laws(event, own)
    return EntityEvent(event.subject, event.sequence, event.origin, lines)
