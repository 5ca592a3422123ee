"""A fast decoder of registry events beside the contract's models.

It accepts and refuses the very bytes that `shared.contracts.catalogue.parse` accepts and refuses
(a test holds the two against each other) but keeps only what is measured: an event becomes ledger
lines of plain numbers. Vocabularies, lengths and bounds are checked by msgspec in C; what repeats
from event to event (dates, the words of a state) is checked once and remembered.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Annotated, Final, Literal, NamedTuple, get_args

import msgspec
from msgspec import Meta, Raw, Struct

from services.analytics.domain.columns import Line
from services.analytics.domain.measured import (
    COMMUNES,
    DEPENDENT_FROM,
    KIND_FORM_STATUS,
    NUMBER_OF_DETAIL,
    SECTIONS_OF,
)
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


class _Industry(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    scheme: IndustryScheme
    code: str


class State(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An entity's state as it is written; what it must be beside this, `_measure` checks."""

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
    before: State | None
    after: State | None
    by: RegisteredBy | None = None
    why: EndedWhy | None = None


class _Source(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    system: Annotated[str, Meta(min_length=1, max_length=200)]
    reference: Annotated[str, Meta(min_length=1, max_length=200)]


class _PlainEntry(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    entry: Number
    fact: EntityFact
    on: str
    before: State | None
    after: Raw
    by: RegisteredBy | None = None
    why: EndedWhy | None = None


class _Plain(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The ordinary event: one entry asserted, which is the state as it stands now.

    Its state is written twice with the same bytes; they are compared and read once. Fields that
    came later are left to the wider way, which looks into what it skips.
    """

    subject: str
    sequence: Number
    asserts: Annotated[list[_PlainEntry], Meta(min_length=1, max_length=1)]
    retracts: Annotated[list[None], Meta(max_length=0)]
    state: Raw
    corrects: None
    origin: Origin
    cause: Annotated[str, Meta(min_length=1, max_length=100)] | None
    source: _Source
    reason: Annotated[str, Meta(max_length=2000)] | None


class _Event(Struct, frozen=True, gc=False):
    subject: str
    sequence: Number
    asserts: Annotated[list[_Entry], Meta(max_length=1000)]
    retracts: Annotated[list[_Entry], Meta(max_length=1000)]
    state: State | None
    corrects: Number | None
    origin: Origin
    cause: Annotated[str, Meta(min_length=1, max_length=100)] | None
    source: _Source
    reason: Annotated[str, Meta(max_length=2000)] | None


class EntityEvent(NamedTuple):
    """What the figures need of one registry event."""

    subject: str
    sequence: int
    origin: Literal["live", "backfill"]
    lines: list[Line]


SUBJECT: Final = re.compile(SUBJECT_PATTERN)
OWN_FACTS: Final = {
    spec.type: spec.model.facts for spec in BY_TYPE.values() if spec.topic is REGISTRY_EVENTS_TOPIC
}
_decode: Final = msgspec.json.Decoder(_Event).decode
_PLAIN: Final = msgspec.json.Decoder(_Plain)
_STATE: Final = msgspec.json.Decoder(State)
# A named tuple's own constructor costs twice what a tuple does; there are a million of them.
_new_line: Final[Callable[[tuple[object, ...]], Line]] = partial(tuple.__new__, Line)
_new_event: Final[Callable[[tuple[object, ...]], EntityEvent]] = partial(tuple.__new__, EntityEvent)


class _Days(dict[str, date]):
    """Dates by their text; each is checked once. Refused: not a date of the contract."""

    def __missing__(self, text: str) -> date:
        if len(self) >= _REMEMBERED:
            self.clear()
        if not _DATE.fullmatch(text):
            raise Refused("invalid_data", "date")
        try:
            found = date.fromisoformat(text)
        except ValueError:
            raise Refused("invalid_data", "date") from None
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise Refused("invalid_data", "date")
        self[text] = found
        return found


_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DAYS: Final = _Days()


def _measure(state: State) -> int:
    industry = state.industry
    words = KIND_FORM_STATUS.get((state.kind, state.legal_form, state.status))
    place = COMMUNES[state.commune]
    section = SECTIONS_OF[industry.scheme][industry.code]
    if words is None or place < 0 or section < 0:
        raise Refused("invalid_data", "state")
    parent = state.parent
    if words >= DEPENDENT_FROM:
        if state.capital_vnd is not None or parent is None or not SUBJECT.fullmatch(parent):
            raise Refused("invalid_data", "state")
    elif state.capital_vnd is None or parent is not None:
        raise Refused("invalid_data", "state")
    DAYS[state.registered_on]
    return words | place | section


def _line(
    sign: int, entry: _Entry | _PlainEntry, before: State | None, after: State | None
) -> Line:
    by, why = entry.by, entry.why
    if not entry_agrees(entry.fact, by, why, before, after):
        raise Refused("invalid_data", "entry_misfit")
    return _new_line(
        (
            sign,
            entry.entry,
            NUMBER_OF_FACT[entry.fact],
            NUMBER_OF_DETAIL[by or why],
            DAYS[entry.on],
            0 if before is None else _measure(before),
            0 if before is None else before.capital_vnd or 0,
            0 if after is None else _measure(after),
            0 if after is None else after.capital_vnd or 0,
        )
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

    There are three ways, each slower and wider: the ordinary event, any event, and the contract
    itself, which has the last word on what the others refuse (a name that stands twice in an
    object, for one); what that accepts is decoded from its own words.
    """
    own = OWN_FACTS.get(ce_type)
    if own is None:
        raise Refused("unknown_type", ce_type[:200])
    try:
        return _ordinary(own, value)
    except (Refused, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        # msgspec does not look into the strings of fields that it skips; they must be UTF-8 too.
        value.decode()
        return _any(own, value)
    except (Refused, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        event = parse(ce_type, value, REGISTRY_EVENTS_TOPIC.name)
        return _any(own, event.model_dump_json().encode())


def _ordinary(own: tuple[str, ...], value: bytes) -> EntityEvent:
    event = _PLAIN.decode(value)
    entry = event.asserts[0]
    state = bytes(event.state)
    if state != bytes(entry.after) or entry.fact not in own:
        raise Refused("invalid_data", "not ordinary")
    if not SUBJECT.fullmatch(event.subject):
        raise Refused("invalid_data", "subject")
    line = _line(1, entry, entry.before, _STATE.decode(state))
    return _new_event((event.subject, event.sequence, event.origin, [line]))


def _any(own: tuple[str, ...], value: bytes) -> EntityEvent:
    event = _decode(value)
    if not SUBJECT.fullmatch(event.subject):
        raise Refused("invalid_data", "subject")
    if event.state is not None:
        _measure(event.state)
    lines = [_line(1, entry, entry.before, entry.after) for entry in event.asserts]
    lines += [_line(-1, entry, entry.before, entry.after) for entry in event.retracts]
    _laws(event, own)
    return _new_event((event.subject, event.sequence, event.origin, lines))
