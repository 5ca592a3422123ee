"""Records that no producer of ours writes: each is bad in one way of its own."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.support.event_log import EventLog, Stamped
from tests.support.history import Made

Header = tuple[str, bytes | None]
Edit = Callable[[Stamped], "Bad"]


@dataclass(frozen=True)
class Bad:
    """A record as it is put on the topic; any part may be missing."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]


def _plain(record: Stamped) -> Bad:
    return Bad(record.partition, record.key, record.value, record.headers)


def _value(make: Callable[[bytes], bytes | None]) -> Edit:
    return lambda record: replace(_plain(record), value=make(record.value))


def _json(**changes: object) -> Edit:
    def edit(value: bytes) -> bytes:
        body = json.loads(value)
        body.update(changes)
        return json.dumps(body).encode()

    return _value(edit)


def _after(**changes: object) -> Edit:
    def edit(value: bytes) -> bytes:
        body = json.loads(value)
        body["asserts"][0]["after"].update(changes)
        return json.dumps(body).encode()

    return _value(edit)


def _header(name: str, value: bytes | None) -> Edit:
    return lambda record: replace(
        _plain(record), headers=tuple((k, value if k == name else v) for k, v in record.headers)
    )


def _without(name: str) -> Edit:
    return lambda record: replace(
        _plain(record), headers=tuple((k, v) for k, v in record.headers if k != name)
    )


BAD: dict[str, Edit] = {
    "null key": lambda r: replace(_plain(r), key=None),
    "null value, a tombstone": lambda r: replace(_plain(r), value=None),
    "empty value": lambda r: replace(_plain(r), value=b""),
    "key of another subject": lambda r: replace(_plain(r), key=b"4900000070"),
    "key not UTF-8": lambda r: replace(_plain(r), key=b"\xff\xfe"),
    "no headers": lambda r: replace(_plain(r), headers=()),
    "null header": _header("ce_type", None),
    "header not UTF-8": _header("ce_type", b"\xff\xfe\xfd"),
    "null time": _header("ce_time", None),
    "time that is none": _header("ce_time", b"yesterday"),
    "time without zone": _header("ce_time", b"2025-01-01T00:00:00"),
    "unknown type": _header("ce_type", b"vn.caunoi.EnterprisePainted.v1"),
    "unknown version": _header("ce_type", b"vn.caunoi.EnterpriseRegistered.v9"),
    "type of another topic": _header("ce_type", b"vn.caunoi.PetitionFiled.v1"),
    "other CloudEvents version": _header("ce_specversion", b"0.3"),
    "no type": _without("ce_type"),
    "no position": _without("ce_position"),
    "no previous": _without("ce_previous"),
    "position not a number": _header("ce_position", b"twelve"),
    "negative position": _header("ce_position", b"-3"),
    "position of 30 digits": _header("ce_position", b"9" * 30),
    "huge position": _header("ce_position", b"9" * 17),
    "previous above position": _header("ce_previous", b"9" * 17),
    "not JSON": _value(lambda _: b"<event/>"),
    "truncated": _value(lambda v: v[: len(v) // 2]),
    "two documents": _value(lambda v: v + v),
    "UTF-16": _value(lambda v: v.decode().encode("utf-16")),
    "not UTF-8": _value(lambda v: v.replace(b"C", b"\xff", 1)),
    "NUL bytes": _value(lambda v: b"\x00" * 64),
    "a megabyte, nearly": _value(lambda v: b'{"x":"' + b"a" * 950_000 + b'"}'),
    "a list": _value(lambda v: b"[" + v + b"]"),
    "null": _value(lambda _: b"null"),
    "deeply nested": _value(lambda _: b"[" * 20_000),
    "negative sequence": _json(sequence=-1),
    "sequence as text": _json(sequence="1"),
    "sequence beyond 31 bits": _json(sequence=2**40),
    "no entries": _json(asserts=[], retracts=[]),
    "subject that is none": _json(subject="Công ty"),
    "state missing": _json(state=None),
    "origin unknown": _json(origin="dream"),
    "negative capital": _after(capital_vnd=-1),
    "capital as fraction": _after(capital_vnd=1.5),
    "capital of 30 digits": _after(capital_vnd=10**30),
    "wrong date": _after(registered_on="2025-02-30"),
    "unknown status": _after(status="asleep"),
    "commune of letters": _after(commune="ABCDE"),
    "branch without parent": _after(kind="branch", legal_form=None, capital_vnd=None),
    "entries that do not chain": _value(
        lambda v: json.dumps(
            {**(b := json.loads(v)), "asserts": [b["asserts"][0], {**b["asserts"][0], "entry": 9}]}
        ).encode()
    ),
}


def bad(log: EventLog, name: str, event: Made, *, in_chain: bool) -> Bad:
    """Make a bad record of an event.

    `in_chain`: the producer stamped it, its successor names it. Else it is a stranger's: the log
    does not know it, and the next true event has its place.
    """
    if in_chain:
        return BAD[name](log.stamp(*event))
    aside = EventLog(log.topic, position=log.position, ends=dict(log.ends))
    return BAD[name](aside.stamp(*event))
