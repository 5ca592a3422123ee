"""Reading a run of ordinary records at once.

Nearly all records are ordinary: sound headers, the next position or a repeat, one entry asserted.
A run of them is decoded by one call and checked by columns, at a third of the cost of reading them
one by one. Whatever is not ordinary, anything at all, sends the whole run to the reading one by
one (`batch`), which decides; so this file may only ever accept what that accepts (a test holds the
two against each other).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from services.analytics.domain.columns import EPOCH, Entries, Placed
from services.analytics.domain.decoder import (
    DAYS,
    NUMBER_OF_FACT,
    OWN_FACTS,
    PLAIN,
    STATE,
    SUBJECT,
    State,
)
from services.analytics.domain.measured import (
    COMMUNES,
    DEPENDENT_FROM,
    KIND_FORM_STATUS,
    NUMBER_OF_DETAIL,
    SECTIONS_OF,
)
from shared.contracts.catalogue import Refused
from shared.contracts.headers import MAX_STEP, SPEC_VERSION_BYTES
from shared.contracts.registry import entry_agrees

_OWN: Final = {ce_type.encode(): facts for ce_type, facts in OWN_FACTS.items()}
_TIME_LENGTHS: Final = frozenset({20, 24, 27})  # whole seconds, milliseconds, microseconds, and Z
_NOT_ORDINARY: Final = (
    *(KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError),
    *(msgspec.DecodeError, RecursionError, Refused),
)


class Run(NamedTuple):
    """A run that was read: its columns, the new mark, how many were repeats, the newest moment."""

    entries: Entries
    placed: Placed
    mark: int
    before: int
    repeated: int
    newest_micros: int


class _NotOrdinary(ValueError):
    """The run must be read one by one."""


def read_run(src: int, records: Sequence[Any], mark: int, before: int) -> Run | None:
    """Read a run of registry records after a mark; None when any of them is not ordinary."""
    try:
        return _read(src, records, mark, before)
    except _NOT_ORDINARY:
        return None


def _expect(holds: object) -> None:
    if not holds:
        raise _NotOrdinary


def _read(src: int, records: Sequence[Any], mark: int, before_mark: int) -> Run | None:
    headers = [dict(record.headers) for record in records]
    positions = _numbers([h["ce_position"] for h in headers])
    previous = _numbers([h["ce_previous"] for h in headers])
    _expect((previous < positions).all() and (positions - previous <= MAX_STEP).all())
    before = np.maximum.accumulate(np.concatenate(([mark], positions)))[:-1]
    fresh = positions > before
    repeated = int(len(records) - fresh.sum())
    if repeated:
        seen = {mark, *positions[fresh].tolist()}
        _expect(all(p <= before_mark or p in seen for p in positions[~fresh].tolist()))
        kept = np.flatnonzero(fresh).tolist()
        records = [records[i] for i in kept]
        headers = [headers[i] for i in kept]
        positions, previous, before = positions[fresh], previous[fresh], before[fresh]
    _expect(len(records) and (previous == before).all())
    _expect({h["ce_specversion"] for h in headers} == {SPEC_VERSION_BYTES})
    micros = _moments([h["ce_time"] for h in headers])
    events = _lines(PLAIN, [record.value for record in records])
    subjects = [event.subject for event in events]
    _check_subjects(records, subjects)
    entries = _entries([h["ce_type"] for h in headers], events)
    placed = Placed(
        src=np.full(len(records), src, dtype=np.int64),
        offset=np.array([record.offset for record in records], dtype=np.int64),
        position=positions,
        micros=micros,
        sequence=np.array([event.sequence for event in events], dtype=np.int64),
        backfill=np.array([event.origin == "backfill" for event in events], dtype=np.int64),
        subject=subjects,
    )
    return Run(entries, placed, int(positions[-1]), int(previous[-1]), repeated, int(micros[-1]))


def _numbers(raw: list[bytes]) -> np.ndarray[Any, np.dtype[np.int64]]:
    # isdigit of all of them at once, then lengths and leading zeros: as `place_of` has it.
    _expect(b"".join(raw).isdigit() and max(map(len, raw)) <= 18 and min(map(len, raw)) > 0)
    numbers = list(map(int, raw))
    _expect(sum(map(len, raw)) == sum(map(len, map(str, numbers))))
    return np.array(numbers, dtype=np.int64)


def _moments(raw: list[bytes]) -> np.ndarray[Any, np.dtype[np.int64]]:
    _expect(set(map(len, raw)) <= _TIME_LENGTHS and {t[-1:] for t in raw} == {b"Z"})
    _expect({t[10:11] for t in raw} == {b"T"})
    return np.array([t[:-1] for t in raw]).astype("datetime64[us]").astype(np.int64)


def _lines(decoder: "msgspec.json.Decoder[Any]", values: list[bytes]) -> list[Any]:
    """Decode values that stand one a line; each must be one object, neither less nor more."""
    joined = b"\n".join(values)
    _expect(joined.count(b"\n") == len(values) - 1 and {v[:1] for v in values} == {b"{"})
    found = decoder.decode_lines(joined)
    _expect(len(found) == len(values))
    return found


def _check_subjects(records: Sequence[Any], subjects: list[str]) -> None:
    together = "".join(subjects)
    if not (set(map(len, subjects)) == {10} and together.isascii() and together.isdigit()):
        _expect(all(map(SUBJECT.fullmatch, subjects)))
    _expect([record.key for record in records] == [s.encode() for s in subjects])


def _entries(types: list[bytes], events: list[Any]) -> Entries:
    entries = [event.asserts[0] for event in events]
    states = [bytes(event.state) for event in events]
    _expect(states == [bytes(entry.after) for entry in entries])
    shapes = {
        (t, e.fact, e.by, e.why, e.before is None) for t, e in zip(types, entries, strict=True)
    }
    _expect(all(_fits(*shape) for shape in shapes))
    after = _lines(STATE, states)
    days: list[date] = [DAYS[entry.on] for entry in entries]
    after_key, after_vnd = _measure(after)
    before_key, before_vnd = _measure_known([entry.before for entry in entries])
    one = np.ones(len(entries), dtype=np.int64)
    return Entries(
        sign=one,
        number=np.array([entry.entry for entry in entries], dtype=np.int64),
        fact=np.array([NUMBER_OF_FACT[entry.fact] for entry in entries], dtype=np.int64),
        detail=np.array([NUMBER_OF_DETAIL[e.by or e.why] for e in entries], dtype=np.int64),
        day=np.array([day.toordinal() for day in days], dtype=np.int64) - EPOCH,
        before_key=before_key,
        before_vnd=before_vnd,
        after_key=after_key,
        after_vnd=after_vnd,
    )


def _fits(ce_type: bytes, fact: str, by: str | None, why: str | None, first: bool) -> bool:
    return fact in _OWN[ce_type] and entry_agrees(fact, by, why, None if first else fact, fact)


def _measure(states: list[State]) -> tuple[Any, Any]:
    """Return keys and amounts of states; not ordinary when one is not of the contract."""
    words = [KIND_FORM_STATUS[s.kind, s.legal_form, s.status] for s in states]
    places = np.array([COMMUNES[s.commune] for s in states], dtype=np.int64)
    sections = np.array(
        [SECTIONS_OF[(i := s.industry).scheme][i.code] for s in states], dtype=np.int64
    )
    _expect((places >= 0).all() and (sections >= 0).all())
    for day in {s.registered_on for s in states}:
        DAYS[day]
    dependent = [word >= DEPENDENT_FROM for word in words]
    _expect(dependent == [s.capital_vnd is None for s in states])
    parents = [s.parent for s in states]
    _expect(dependent == [parent is not None for parent in parents])
    _expect(all(SUBJECT.fullmatch(parent) for parent in parents if parent is not None))
    keys = np.array(words, dtype=np.int64) | places | sections
    return keys, np.array([s.capital_vnd or 0 for s in states], dtype=np.int64)


def _measure_known(states: list[State | None]) -> tuple[Any, Any]:
    """Measure states some of which are absent (key 0, amount 0)."""
    keys, amounts = (np.zeros(len(states), dtype=np.int64) for _ in range(2))
    known = [i for i, state in enumerate(states) if state is not None]
    if known:
        keys[known], amounts[known] = _measure([s for s in states if s is not None])
    return keys, amounts
