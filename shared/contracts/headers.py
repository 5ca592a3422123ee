"""CloudEvents 1.0 in Kafka's binary mode: the headers of an event, and reading them back.

Two headers are ours: `ce_position` is the event's place in its producer's log, `ce_previous` the
position before it in the same partition; from them a reader tells a repeat from a hole.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shared.contracts.catalogue import Refused
from shared.contracts.envelope import SPEC_VERSION

_DECIMAL = re.compile(rb"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class Place:
    """Where an event stands in its producer's log; `previous` is 0 for a partition's first."""

    position: int
    previous: int


Headers = Iterable[tuple[str, bytes | None]]


def place_of(headers: Headers) -> Place:
    """Read the chain headers. Raises Refused `no_place` when they are absent or no place."""
    found = {k: v for k, v in headers if k in {"ce_position", "ce_previous"}}
    position, previous = found.get("ce_position"), found.get("ce_previous")
    if not position or not previous or not _DECIMAL.fullmatch(position):
        raise Refused("no_place", "ce_position or ce_previous is absent or not a decimal")
    if not _DECIMAL.fullmatch(previous) or int(previous) >= int(position):
        raise Refused("no_place", "ce_previous is not a decimal below ce_position")
    return Place(int(position), int(previous))


def type_of(headers: Headers) -> str:
    """Read `ce_type` after checking `ce_specversion`. Raises Refused `bad_headers`."""
    found = dict(headers)
    if found.get("ce_specversion") != SPEC_VERSION.encode():
        raise Refused("bad_headers", "ce_specversion is not 1.0")
    raw = found.get("ce_type")
    if not raw:
        raise Refused("bad_headers", "ce_type is absent")
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError as error:
        raise Refused("bad_headers", "ce_type is not ASCII") from error
