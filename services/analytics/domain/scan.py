"""Machine code that reads ordinary registry records out of the bytes that Kafka sent.

A million records are a million Python objects many times over when they are taken apart one by one:
the header names alone cost more than all the sums. These functions are compiled (numba), hold no
lock of the interpreter and make columns of numbers straight from the bytes.

Only what is ordinary is read: the fields of the contract in compact JSON, one entry asserted, no
escapes. Everything else, whatever it is, is left unread (`OK` stays 0) and decided by the contract
itself; so this file may refuse anything, but may only accept what the contract accepts and must
read it the same (a test holds the two against each other). A record's length frames it, and no read
goes past the end of what was framed.

The words come as tables (`vocabulary`), never as constants of the machine code, which is kept
between runs.
"""

from functools import partial
from typing import Final

import numpy as np
from numba import njit, types

# Rows of the numbers that a scan makes of one record.
OK: Final = 0
OFFSET: Final = 1
POSITION: Final = 2
PREVIOUS: Final = 3
MICROS: Final = 4
SEQUENCE: Final = 5
BACKFILL: Final = 6
NUMBER: Final = 7
FACT: Final = 8
DETAIL: Final = 9
DAY: Final = 10
BEFORE_KEY: Final = 11
BEFORE_VND: Final = 12
AFTER_KEY: Final = 13
AFTER_VND: Final = 14
ROWS: Final = 15
SUBJECT_BYTES: Final = 14

# Places of the lists in the table of words.
HEADERS: Final = 0
TYPES: Final = 1
EVENT_KEYS: Final = 2
ENTRY_KEYS: Final = 3
STATE_KEYS: Final = 4
FACTS: Final = 5
BYS: Final = 6
WHYS: Final = 7
KINDS: Final = 8
FORMS: Final = 9
STATUSES: Final = 10
SCHEMES: Final = 11
ORIGINS: Final = 12

# Types are the compiler's own here: it infers them, and refuses what does not fit.
# mypy: ignore-errors

# Nothing is allocated, so nobody counts references: that alone was half of the time.
compiled: Final = partial(njit, cache=True, nogil=True, _nrt=False)
_BYTES = types.Array(types.uint8, 1, "C", readonly=True)
_NUMBERS = types.Array(types.int64, 1, "C")
_I = types.int64
_PAIR = types.UniTuple(types.int64, 2)
_FAILED = -1


@compiled
def _varint(buf, p, end):
    """Return (value, next place) of a zigzag number; the place is -1 past the end."""
    value, shift = 0, 0
    while p < end and shift < 64:
        octet = np.int64(buf[p])
        p += 1
        value |= (octet & 0x7F) << shift
        if octet < 0x80:
            return (value >> 1) ^ -(value & 1), p
        shift += 7
    return 0, _FAILED


@compiled
def _word(buf, p, end, words, firsts, lists, which):
    """Return the place of buf[p:end] in a list of words, -1 when it is not there."""
    length = end - p
    for n in range(lists[which], lists[which + 1]):
        at = firsts[n]
        if firsts[n + 1] - at != length:
            continue
        same = True
        # From the end: words of a list differ there sooner.
        for k in range(length - 1, -1, -1):
            if buf[p + k] != words[at + k]:
                same = False
                break
        if same:
            return n - lists[which]
    return _FAILED


@compiled
def _text(buf, p, end):
    """Return (letters, place of the closing quote) of a string that begins at p, after its quote.

    The place is -1 for an escape, a control character or what is not UTF-8.
    """
    letters = 0
    while p < end:
        c = buf[p]
        if c == 0x22:
            return letters, p
        letters += 1
        if c < 0x80:
            if c < 0x20 or c == 0x5C:
                return 0, _FAILED
            p += 1
            continue
        # Well-formed UTF-8 as the Unicode standard, table 3-7, has it.
        low, high = 0x80, 0xBF
        if 0xC2 <= c <= 0xDF:
            more = 1
        elif 0xE0 <= c <= 0xEF:
            more = 2
            if c == 0xE0:
                low = 0xA0
            elif c == 0xED:
                high = 0x9F
        elif 0xF0 <= c <= 0xF4:
            more = 3
            if c == 0xF0:
                low = 0x90
            elif c == 0xF4:
                high = 0x8F
        else:
            return 0, _FAILED
        if p + more >= end or buf[p + 1] < low or buf[p + 1] > high:
            return 0, _FAILED
        for k in range(2, more + 1):
            if buf[p + k] < 0x80 or buf[p + k] > 0xBF:
                return 0, _FAILED
        p += more + 1
    return 0, _FAILED


@compiled
def _digits(buf, p, end, most):
    """Return (number, next place) of decimals without a leading zero; the place is -1 for none."""
    value, first = 0, p
    while p < end and 0x30 <= buf[p] <= 0x39:
        if p - first >= most:
            return 0, _FAILED
        value = value * 10 + (np.int64(buf[p]) - 0x30)
        p += 1
    if p == first or (buf[first] == 0x30 and p > first + 1):
        return 0, _FAILED
    return value, p


@compiled
def _fixed(buf, p, n):
    """Return the number of n decimals at p, -1 when one is none. The caller knows they are there."""
    value = 0
    for k in range(p, p + n):
        c = np.int64(buf[k])
        if c < 0x30 or c > 0x39:
            return _FAILED
        value = value * 10 + (c - 0x30)
    return value


@compiled
def _day(buf, p, first_year, last_year):
    """Return days since 1970 of ten characters 2025-09-12, -100,000,000 when they are no date."""
    nothing = -100_000_000
    year, month, day = _fixed(buf, p, 4), _fixed(buf, p + 5, 2), _fixed(buf, p + 8, 2)
    if year < first_year or year > last_year or buf[p + 4] != 0x2D or buf[p + 7] != 0x2D:
        return nothing
    if month < 1 or month > 12 or day < 1:
        return nothing
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if month == 2:
        last = 29 if leap else 28
    elif month in (4, 6, 9, 11):
        last = 30
    else:
        last = 31
    if day > last:
        return nothing
    # Days since 0000-03-01: years begin in March, so that the leap day is a year's last.
    y = year - (1 if month <= 2 else 0)
    m = month - 3 if month > 2 else month + 9
    return 365 * y + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + day - 1 - 719_468


@compiled
def _micros(buf, p, end):
    """Return microseconds since 1970 of 2025-09-12T01:02:03[.123[456]]Z; -1 in place 1 for none."""
    length = end - p
    if length not in (20, 24, 27) or buf[end - 1] != 0x5A or buf[p + 10] != 0x54:
        return 0, _FAILED
    day = _day(buf, p, 1, 9999)
    hour, minute, second = _fixed(buf, p + 11, 2), _fixed(buf, p + 14, 2), _fixed(buf, p + 17, 2)
    if day == -100_000_000 or buf[p + 13] != 0x3A or buf[p + 16] != 0x3A:
        return 0, _FAILED
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return 0, _FAILED
    part = 0
    if length > 20:
        digits = length - 21
        part = _fixed(buf, p + 20, digits)
        if part < 0 or buf[p + 19] != 0x2E:
            return 0, _FAILED
        if digits == 3:
            part *= 1000
    return (((day * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + part, 0


@compiled
def _is_subject(buf, p, end):
    """Say whether buf[p:end] is a code as events carry it."""
    length = end - p
    if length == 14 and buf[p] == 0x54:
        if buf[p + 1] != 0x48 or buf[p + 2] != 0x54 or buf[p + 3] != 0x2D:
            return False
        for k in range(p + 4, end):
            if not (0x30 <= buf[k] <= 0x39 or 0x41 <= buf[k] <= 0x5A):
                return False
        return True
    if length not in (10, 14) or _fixed(buf, p, 10) < 0:
        return False
    return length == 10 or (buf[p + 10] == 0x2D and _fixed(buf, p + 11, 3) >= 0)


@compiled
def _is_null(buf, p, end):
    """Say whether `null` stands at p."""
    return (
        p + 4 <= end
        and buf[p] == 0x6E
        and buf[p + 1] == 0x75
        and buf[p + 2] == 0x6C
        and buf[p + 3] == 0x6C
    )


@compiled
def _choice(buf, p, end, words, firsts, lists, which):
    """Return (place of the string at p in a list, place after it); -1 when it is not there."""
    if p >= end or buf[p] != 0x22:
        return 0, _FAILED
    q = p + 1
    while q < end and buf[q] != 0x22:
        q += 1
    if q >= end:
        return 0, _FAILED
    found = _word(buf, p + 1, q, words, firsts, lists, which)
    return found, (q + 1 if found >= 0 else _FAILED)


@compiled
def _key(buf, p, end, words, firsts, lists, which):
    """Return (place of the key in its list, place after its colon); -1 when it is not there."""
    found, p = _choice(buf, p, end, words, firsts, lists, which)
    return found, (p + 1 if 0 <= p < end and buf[p] == 0x3A else _FAILED)


@compiled
def _bounded(buf, p, end, most, nullable):
    """Return the place after a string of 1 to `most` letters (0 where it may be null, or null)."""
    if nullable and _is_null(buf, p, end):
        return p + 4
    if p >= end or buf[p] != 0x22:
        return _FAILED
    letters, q = _text(buf, p + 1, end)
    return _FAILED if q < 0 or letters > most else q + 1


@compiled
def _state(buf, p, end, words, firsts, lists, keys, sections, limits):
    """Return (key, VND, place after) of the state at p; the place is -1 when it is not ordinary."""
    kind = form = status = commune = scheme = division = 0
    capital, seen = _FAILED, 0
    parented = False
    if p >= end or buf[p] != 0x7B:
        return 0, 0, _FAILED
    while True:
        key, p = _key(buf, p + 1, end, words, firsts, lists, STATE_KEYS)
        if p < 0 or seen >> key & 1:
            return 0, 0, _FAILED
        seen |= 1 << key
        if key == 0:
            kind, p = _choice(buf, p, end, words, firsts, lists, KINDS)
            kind += 1
        elif key == 1:
            if _is_null(buf, p, end):
                form, p = 0, p + 4
            else:
                form, p = _choice(buf, p, end, words, firsts, lists, FORMS)
                form += 1
        elif key == 2:
            begin = p
            p = _bounded(buf, p, end, 500, False)
            if p == begin + 2:
                p = _FAILED
        elif key == 3:
            status, p = _choice(buf, p, end, words, firsts, lists, STATUSES)
        elif key == 4:
            if _is_null(buf, p, end):
                capital, p = _FAILED, p + 4
            else:
                capital, p = _digits(buf, p, end, 16)
                if capital > limits[0]:
                    p = _FAILED
        elif key == 5:
            if p + 7 <= end and buf[p] == 0x22 and buf[p + 6] == 0x22:
                commune = _fixed(buf, p + 1, 5)
                p = p + 7 if commune >= 0 else _FAILED
            else:
                p = _FAILED
        elif key == 6:
            scheme, division, p = _industry(buf, p, end, words, firsts, lists)
        elif key == 7:
            if p + 12 <= end and buf[p] == 0x22 and buf[p + 11] == 0x22:
                day = _day(buf, p + 1, limits[2], limits[3])
                p = p + 12 if day != -100_000_000 else _FAILED
            else:
                p = _FAILED
        elif _is_null(buf, p, end):
            p += 4
        else:
            parented = True
            begin = p + 1
            if p >= end or buf[p] != 0x22:
                return 0, 0, _FAILED
            _, p = _text(buf, begin, end)
            p = p + 1 if p > 0 and _is_subject(buf, begin, p) else _FAILED
        if p < 0 or p >= end:
            return 0, 0, _FAILED
        if buf[p] == 0x7D:
            break
        if buf[p] != 0x2C:
            return 0, 0, _FAILED
    if seen != (1 << (lists[STATE_KEYS + 1] - lists[STATE_KEYS])) - 1:
        return 0, 0, _FAILED
    measured = keys[kind, form, status]
    section = sections[scheme, division]
    dependent = measured >= limits[4]
    if measured < 0 or section < 0 or parented != dependent or (capital < 0) != dependent:
        return 0, 0, _FAILED
    return measured | section | commune, max(capital, 0), p + 1


@compiled
def _industry(buf, p, end, words, firsts, lists):
    """Return (scheme, division, place after) of {"scheme":...,"code":...}; the place -1 for none."""
    scheme = division = _FAILED
    for turn in range(2):
        if p + 9 > end or buf[p] != (0x7B if turn == 0 else 0x2C) or buf[p + 1] != 0x22:
            return 0, 0, _FAILED
        if buf[p + 2] == 0x73 and scheme < 0:
            # "scheme":
            if (
                buf[p + 3] != 0x63
                or buf[p + 4] != 0x68
                or buf[p + 5] != 0x65
                or buf[p + 6] != 0x6D
                or buf[p + 7] != 0x65
                or buf[p + 8] != 0x22
                or p + 10 > end
                or buf[p + 9] != 0x3A
            ):
                return 0, 0, _FAILED
            scheme, p = _choice(buf, p + 10, end, words, firsts, lists, SCHEMES)
        elif (
            buf[p + 2] == 0x63
            and division < 0
            and buf[p + 3] == 0x6F
            and buf[p + 4] == 0x64
            and buf[p + 5] == 0x65
            and buf[p + 6] == 0x22
            and buf[p + 7] == 0x3A
            and buf[p + 8] == 0x22
        ):
            # "code":"
            q = p + 9
            while q < end and 0x30 <= buf[q] <= 0x39:
                q += 1
            if q >= end or buf[q] != 0x22 or q - p - 9 < 2 or q - p - 9 > 5:
                return 0, 0, _FAILED
            division, p = _fixed(buf, p + 9, 2), q + 1
        else:
            return 0, 0, _FAILED
        if p < 0:
            return 0, 0, _FAILED
    if p >= end or buf[p] != 0x7D:
        return 0, 0, _FAILED
    return scheme, division, p + 1


@compiled
def _source(buf, p, end, most):
    """Return the place after {"system":"...","reference":"..."}, -1 for none. Order is fixed."""
    if p + 11 > end or buf[p] != 0x7B:
        return _FAILED
    system = (0x22, 0x73, 0x79, 0x73, 0x74, 0x65, 0x6D, 0x22, 0x3A)
    reference = (0x2C, 0x22, 0x72, 0x65, 0x66, 0x65, 0x72, 0x65, 0x6E, 0x63, 0x65, 0x22, 0x3A)
    p += 1
    for c in system:
        if buf[p] != c:
            return _FAILED
        p += 1
    begin = p
    p = _bounded(buf, p, end, most, False)
    if p < 0 or p == begin + 2 or p + 14 > end:
        return _FAILED
    for c in reference:
        if buf[p] != c:
            return _FAILED
        p += 1
    begin = p
    p = _bounded(buf, p, end, most, False)
    if p < 0 or p == begin + 2 or p >= end or buf[p] != 0x7D:
        return _FAILED
    return p + 1


@compiled
def _entry(buf, p, end, words, firsts, lists, keys, sections, agrees, limits, out, row):
    """Read the entry at p into a row; return (after's place, after's end, place after), -1 for none."""
    number = fact = by = why = _FAILED
    after = after_end = _FAILED
    seen = 0
    out[BEFORE_KEY, row] = out[BEFORE_VND, row] = 0
    if p >= end or buf[p] != 0x7B:
        return 0, 0, _FAILED
    while True:
        key, p = _key(buf, p + 1, end, words, firsts, lists, ENTRY_KEYS)
        if p < 0 or seen >> key & 1:
            return 0, 0, _FAILED
        seen |= 1 << key
        if key == 0:
            number, p = _digits(buf, p, end, 10)
            if number < 1 or number > limits[1]:
                p = _FAILED
        elif key == 1:
            fact, p = _choice(buf, p, end, words, firsts, lists, FACTS)
        elif key == 2:
            if p + 12 <= end and buf[p] == 0x22 and buf[p + 11] == 0x22:
                out[DAY, row] = _day(buf, p + 1, limits[2], limits[3])
                p = p + 12 if out[DAY, row] != -100_000_000 else _FAILED
            else:
                p = _FAILED
        elif key == 3:
            if _is_null(buf, p, end):
                p += 4
            else:
                by, p = _choice(buf, p, end, words, firsts, lists, BYS)
        elif key == 4:
            if _is_null(buf, p, end):
                p += 4
            else:
                why, p = _choice(buf, p, end, words, firsts, lists, WHYS)
        elif key == 5 and _is_null(buf, p, end):
            p += 4
        else:
            begin = p
            measured, capital, p = _state(buf, p, end, words, firsts, lists, keys, sections, limits)
            if key == 5:
                out[BEFORE_KEY, row], out[BEFORE_VND, row] = measured, capital
            else:
                out[AFTER_KEY, row], out[AFTER_VND, row] = measured, capital
                after, after_end = begin, p
        if p < 0 or p >= end:
            return 0, 0, _FAILED
        if buf[p] == 0x7D:
            break
        if buf[p] != 0x2C:
            return 0, 0, _FAILED
    # by and why may be absent.
    if seen | 0b0011000 != 0b1111111:
        return 0, 0, _FAILED
    if not agrees[fact, int(by >= 0), int(why >= 0), int(out[BEFORE_KEY, row] == 0)]:
        return 0, 0, _FAILED
    out[NUMBER, row], out[FACT, row] = number, fact
    out[DETAIL, row] = limits[5] + by if by >= 0 else limits[6] + why if why >= 0 else 0
    return after, after_end, p + 1


@compiled
def _event(buf, p, end, words, firsts, lists, keys, sections, agrees, limits, out, row):
    """Read an event's data into a row; return (subject's place, its end), -1 when not ordinary."""
    subject = subject_end = after = after_end = _FAILED
    seen = 0
    if p >= end or buf[p] != 0x7B:
        return _FAILED, _FAILED
    while True:
        key, p = _key(buf, p + 1, end, words, firsts, lists, EVENT_KEYS)
        if p < 0 or seen >> key & 1:
            return _FAILED, _FAILED
        seen |= 1 << key
        if key == 0:
            subject = p + 1
            if p >= end or buf[p] != 0x22:
                return _FAILED, _FAILED
            _, subject_end = _text(buf, subject, end)
            p = subject_end + 1 if subject_end > 0 else _FAILED
        elif key == 1:
            out[SEQUENCE, row], p = _digits(buf, p, end, 10)
            if out[SEQUENCE, row] < 1 or out[SEQUENCE, row] > limits[1]:
                p = _FAILED
        elif key == 2:
            if p >= end or buf[p] != 0x5B:
                return _FAILED, _FAILED
            after, after_end, p = _entry(
                buf, p + 1, end, words, firsts, lists, keys, sections, agrees, limits, out, row
            )
            p = p + 1 if 0 <= p < end and buf[p] == 0x5D else _FAILED
        elif key == 3:
            p = p + 2 if p + 2 <= end and buf[p] == 0x5B and buf[p + 1] == 0x5D else _FAILED
        elif key == 4:
            # The state as it stands now: that after the one entry, with the same bytes.
            if after < 0 or p + after_end - after > end:
                return _FAILED, _FAILED
            for k in range(after_end - after):
                if buf[after + k] != buf[p + k]:
                    return _FAILED, _FAILED
            p += after_end - after
        elif key == 5:
            p = p + 4 if _is_null(buf, p, end) else _FAILED
        elif key == 6:
            out[BACKFILL, row], p = _choice(buf, p, end, words, firsts, lists, ORIGINS)
        elif key == 7:
            begin = p
            p = _bounded(buf, p, end, 100, True)
            if p == begin + 2:
                p = _FAILED
        elif key == 8:
            p = _source(buf, p, end, 200)
        else:
            p = _bounded(buf, p, end, 2000, True)
        if p < 0 or p >= end:
            return _FAILED, _FAILED
        if buf[p] == 0x7D:
            break
        if buf[p] != 0x2C:
            return _FAILED, _FAILED
    if p + 1 != end or seen != (1 << (lists[EVENT_KEYS + 1] - lists[EVENT_KEYS])) - 1:
        return _FAILED, _FAILED
    if not _is_subject(buf, subject, subject_end):
        return _FAILED, _FAILED
    return subject, subject_end


@compiled
def _record(
    buf, p, end, words, firsts, lists, keys, sections, agrees, own, limits, out, names, row
):
    """Read one record, from its attributes to its end, into a row; say whether it is ordinary."""
    _, p = _varint(buf, p + 1, end)
    if p < 0:
        return False
    _, p = _varint(buf, p, end)
    if p < 0:
        return False
    length, p = _varint(buf, p, end)
    key, key_end = p, p + length
    if p < 0 or length < 0 or key_end > end:
        return False
    length, p = _varint(buf, key_end, end)
    value, value_end = p, p + length
    if p < 0 or length < 0 or value_end > end:
        return False
    count, p = _varint(buf, value_end, end)
    position = previous = -1
    ce_type = _FAILED
    timed = versioned = False
    for _ in range(count):
        length, p = _varint(buf, p, end) if p >= 0 else (0, _FAILED)
        name_end = p + length
        if p < 0 or length < 0 or name_end > end:
            return False
        header = _word(buf, p, name_end, words, firsts, lists, HEADERS)
        length, p = _varint(buf, name_end, end)
        stop = p + max(length, 0)
        if p < 0 or stop > end:
            return False
        if header >= 0 and length < 0:
            return False
        if header == 0:
            position, q = _digits(buf, p, stop, 18)
            if q != stop:
                return False
        elif header == 1:
            previous, q = _digits(buf, p, stop, 18)
            if q != stop:
                return False
        elif header == 2:
            out[MICROS, row], q = _micros(buf, p, stop)
            if q < 0:
                return False
            timed = True
        elif header == 3:
            ce_type = _word(buf, p, stop, words, firsts, lists, TYPES)
            if ce_type < 0:
                return False
        elif header == 4:
            versioned = (
                stop == p + 3 and buf[p] == 0x31 and buf[p + 1] == 0x2E and buf[p + 2] == 0x30
            )
            if not versioned:
                return False
        p = stop
    if p != end or previous < 0 or position < 1 or ce_type < 0 or not timed or not versioned:
        return False
    if previous >= position or position - previous > limits[7]:
        return False
    subject, subject_end = _event(
        buf, value, value_end, words, firsts, lists, keys, sections, agrees, limits, out, row
    )
    if subject < 0 or subject_end - subject != key_end - key:
        return False
    if not own[ce_type, out[FACT, row]]:
        return False
    for k in range(key_end - key):
        if buf[subject + k] != buf[key + k]:
            return False
        names[row, k] = buf[key + k]
    out[POSITION, row], out[PREVIOUS, row] = position, previous
    return True


@compiled(
    types.int64(
        _BYTES, _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS, types.int64, types.int64,
        _BYTES, _NUMBERS, _NUMBERS,
        types.Array(types.int64, 3, "C"), types.Array(types.int64, 2, "C"),
        types.Array(types.boolean, 4, "C"), types.Array(types.boolean, 2, "C"), _NUMBERS,
        types.Array(types.int64, 2, "C"), types.Array(types.uint8, 2, "C"),
    ),
)  # fmt: skip
def scan(
    buf, starts, ends, counts, bases, begin, limit,
    words, firsts, lists, keys, sections, agrees, own, limits, out, names,
):  # fmt: skip
    """Read record areas: the records with `begin` <= offset < `limit`, one a column of `out`.

    An area buf[start:end] holds `count` records after offset `base`. `out` is (ROWS, n), `names`
    (n, SUBJECT_BYTES) of zeros. Returns how many records there are, -1 when an area is not sound.
    """
    row = 0
    for area in range(len(starts)):
        p, end = starts[area], ends[area]
        for _ in range(counts[area]):
            length, p = _varint(buf, p, end)
            if p < 0 or length < 1 or p + length > end:
                return _FAILED
            stop = p + length
            _, q = _varint(buf, p + 1, stop)
            if q < 0:
                return _FAILED
            further, q = _varint(buf, q, stop)
            if q < 0:
                return _FAILED
            offset = bases[area] + further
            if begin <= offset < limit:
                out[OFFSET, row] = offset
                out[OK, row] = _record(
                    buf, p, stop, words, firsts, lists, keys, sections, agrees, own, limits,
                    out, names, row,
                )  # fmt: skip
                row += 1
            p = stop
        if p != end:
            return _FAILED
    return row
