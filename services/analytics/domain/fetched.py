"""Record batches as Kafka sent them: bytes first, records only for those who need them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, Protocol

ALL: Final = 2**62


class Raw(Protocol):
    """A record as the consumer hands it over; any part may be rubbish."""

    @property
    def topic(self) -> str: ...  # noqa: D102
    @property
    def partition(self) -> int: ...  # noqa: D102
    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...  # noqa: D102


class Area(NamedTuple):
    """The records of one batch, uncompressed: `records` of them, with offsets from `base` on."""

    octets: bytes
    base: int
    records: int


@dataclass(frozen=True)
class Fetched:
    """What Kafka sent of one partition; of it count the records with `begin` <= offset < `limit`.

    `areas` is None when a batch is not of today's format: then only `read_all` knows its records.
    """

    areas: Sequence[Area] | None
    read_all: Callable[[], Sequence[Raw]]
    begin: int = 0
    limit: int = ALL

    @property
    def records_at_most(self) -> int:
        """How many records there are at most, as far as it shows without reading them."""
        return sum(area.records for area in self.areas or ())

    @property
    def first_offset(self) -> int:
        """Where the records begin: at `begin`, or after it where the log has a gap there."""
        if self.areas is None:
            return self.records[0].offset if self.records else self.begin
        return max(self.areas[0].base, self.begin) if self.areas else self.begin

    @cached_property
    def records(self) -> Sequence[Raw]:
        """The records one by one."""
        return [r for r in self.read_all() if self.begin <= r.offset < self.limit]

    def part(self, begin: int, limit: int = ALL) -> "Fetched":
        """Return the part of it from an offset on and below another."""
        return Fetched(self.areas, self.read_all, max(begin, self.begin), min(limit, self.limit))
