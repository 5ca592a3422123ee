"""Proof of the log: every row in its place, every hash over what stands before it."""

from dataclasses import dataclass

from shared.plumbing.outbox.chain import genesis, link, partition_of
from shared.plumbing.outbox.log import LOGGED, LoggedEvent
from shared.plumbing.postgres import Connection, Record

_SLICE = 5_000


@dataclass(frozen=True)
class Misfit:
    """The first thing in the log that does not fit. `position` 0: a thing without a place."""

    position: int
    reason: str


@dataclass(frozen=True)
class Mark:
    """A head of the log that was written down elsewhere: its position and its hash.

    Whoever cuts rows off the end and sets the relay back leaves a log that fits in itself. It
    does not reach, or no longer fits, a mark that was taken before.
    """

    position: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.position}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Mark":
        """Read `position:hash` as it is logged. Raises ValueError."""
        position, _, digits = text.partition(":")
        mark = cls(int(position), bytes.fromhex(digits))
        if mark.position < 0 or len(mark.hash) != 32:
            raise ValueError("a head is written as position:hash, the hash in 64 digits")
        return mark


async def verify(conn: Connection, mark: Mark | None = None) -> Misfit | None:
    """Walk the whole log; the first row that does not fit, or None when everything does.

    With a `mark` the log must also go through it. Reads in one snapshot, in slices of 5,000 rows;
    takes no lock.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        relay = await conn.fetchrow("SELECT * FROM relay")
        if relay is None:
            stray = await conn.fetchval("SELECT min(position) FROM stamp")
            if stray is not None:
                return Misfit(stray, "stamped, but no relay ever ran")
            return _missed(0, mark) if mark is not None and mark.position > 0 else None
        walk = _Walk(relay["topic"], relay["partitions"], mark)
        misfit = await _walk(conn, walk)
        misfit = misfit or _compare_relay(relay, walk)
        if misfit is None and mark is not None and walk.position < mark.position:
            misfit = _missed(walk.position, mark)
        return misfit or await _find_lost(conn)


def _missed(position: int, mark: Mark) -> Misfit:
    return Misfit(position, f"the log ends here, but it stood at {mark.position}: its end is cut")


class _Walk:
    """What the rows read so far lead to."""

    def __init__(self, topic: str, partitions: int, mark: Mark | None) -> None:
        self._mark = mark
        self.position = 0
        self.hash = genesis(topic, partitions)
        self.last = [0] * partitions

    def step(self, row: Record) -> str | None:
        """Take the next row; why it does not fit, or None."""
        position = row["position"]
        if position != self.position + 1:
            return f"position {self.position + 1} is missing before it"
        if row["ce_id"] is None:
            return "its event is missing"
        event = LoggedEvent(*row[:10])
        if event.partition != partition_of(event.subject, len(self.last)):
            return f"partition {event.partition} is not the one of its subject"
        if event.previous != self.last[event.partition]:
            return f"previous is {event.previous}, should be {self.last[event.partition]}"
        expected = link(self.hash, event)
        if row["hash"] != expected:
            return "its hash does not fit its content and the row before it"
        self.position, self.hash, self.last[event.partition] = position, expected, position
        return None

    def leaves(self, position: int) -> str | None:
        """Say why a row that fits does not lead through the mark; None when it does."""
        mark = self._mark
        if mark is None or position != mark.position or self.hash == mark.hash:
            return None
        return "its hash is not the one that was written down: the log was rewritten"


async def _walk(conn: Connection, walk: _Walk) -> Misfit | None:
    while True:
        rows = await conn.fetch(
            f"SELECT {LOGGED}, s.hash FROM stamp s LEFT JOIN event e ON e.id = s.event_id "  # noqa: S608
            "WHERE s.position > $1 ORDER BY s.position LIMIT $2",
            walk.position,
            _SLICE,
        )
        for row in rows:
            reason = walk.step(row) or walk.leaves(row["position"])
            if reason is not None:
                return Misfit(row["position"], reason)
        if len(rows) < _SLICE:
            return None


def _compare_relay(relay: Record, walk: _Walk) -> Misfit | None:
    if relay["stamped_through"] != walk.position:
        return Misfit(walk.position, f"the relay stands at {relay['stamped_through']}")
    if relay["head"] != walk.hash:
        return Misfit(walk.position, "the relay's head is another hash")
    if list(relay["last_positions"]) != walk.last:
        return Misfit(walk.position, "the relay's last positions are others")
    return None


async def _find_lost(conn: Connection) -> Misfit | None:
    lost = await conn.fetchval(
        "SELECT e.id FROM event e WHERE NOT EXISTS (SELECT FROM stamp s WHERE s.event_id = e.id) "
        "AND NOT EXISTS (SELECT FROM outbox o WHERE o.event_id = e.id) ORDER BY e.id LIMIT 1"
    )
    return None if lost is None else Misfit(0, f"event {lost} is neither stamped nor waiting")
