"""CloudEvents 1.0 in Kafka's binary mode: the headers of an event, and reading them back.

Two headers are ours: `ce_position` is the event's place in its producer's log, `ce_previous` the
position before it in the same partition; from them a reader tells a repeat from a hole.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from shared.contracts.catalogue import Refused
from shared.contracts.envelope import SPEC_VERSION

_DIGITS = 18  # a position fits into 64 bits
MAX_STEP = 10**9
"""A partition's next position is at most this far above the one before it: a stranger's record
with a huge position must not make everything after it look like a repeat."""
SPEC_VERSION_BYTES = SPEC_VERSION.encode()


class Place(NamedTuple):
    """Where an event stands in its producer's log; `previous` is 0 for a partition's first."""

    position: int
    previous: int


Headers = Iterable[tuple[str, bytes | None]] | Mapping[str, bytes | None]
"""Headers as a record has them, or already as a mapping (of a repeated name the last counts)."""


def _mapping(headers: Headers) -> Mapping[str, bytes | None]:
    return headers if isinstance(headers, dict) else dict(headers)


def place_of(headers: Headers) -> Place:
    """Read the chain headers. Raises Refused `no_place` when they are absent or no place."""
    found = _mapping(headers)
    position, previous = found.get("ce_position"), found.get("ce_previous")
    if not position or not previous or not position.isdigit() or not previous.isdigit():
        raise Refused("no_place", "ce_position or ce_previous is absent or not a decimal")
    if len(position) > _DIGITS or len(previous) > _DIGITS:
        raise Refused("no_place", "ce_position or ce_previous has more than 18 digits")
    if position[:1] == b"0" or (previous[:1] == b"0" and previous != b"0"):
        raise Refused("no_place", "ce_position or ce_previous begins with a 0")
    place = Place(int(position), int(previous))
    if place.previous >= place.position:
        raise Refused("no_place", "ce_previous is not below ce_position")
    if place.position - place.previous > MAX_STEP:
        raise Refused("no_place", "ce_position is implausibly far above ce_previous")
    return place


def time_of(headers: Headers) -> datetime:
    """Read `ce_time`, aware. Raises Refused `bad_headers`."""
    try:
        moment = datetime.fromisoformat((_mapping(headers).get("ce_time") or b"").decode("ascii"))
    except ValueError as error:
        raise Refused("bad_headers", "ce_time is not a time") from error
    if moment.tzinfo is None:
        raise Refused("bad_headers", "ce_time has no zone")
    return moment


def type_of(headers: Headers) -> str:
    """Read `ce_type` after checking `ce_specversion`. Raises Refused `bad_headers`."""
    found = _mapping(headers)
    if found.get("ce_specversion") != SPEC_VERSION_BYTES:
        raise Refused("bad_headers", "ce_specversion is not 1.0")
    raw = found.get("ce_type")
    if not raw:
        raise Refused("bad_headers", "ce_type is absent")
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError as error:
        raise Refused("bad_headers", "ce_type is not ASCII") from error
