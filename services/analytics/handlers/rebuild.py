"""A rebuild: a new generation beside the live one, compared at equal offsets, swapped at once."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from services.analytics.domain.batch import Partition
from services.analytics.handlers.apply import Applier
from services.analytics.handlers.pipeline import Pipeline
from services.analytics.store import dead_letters, generations
from shared.plumbing.clock import monotonic
from shared.plumbing.postgres import Connection, Database

NEAR = 5_000  # records: so few are applied while the live generation is held


class Player(Protocol):
    """Feeds a pipeline from the topics."""

    async def up_to(self, targets: Mapping[Partition, int], report: Callable[[int], None]) -> None:
        """Apply everything below the targets; report how many records were fed."""


MakePlayer = Callable[[Pipeline], AbstractAsyncContextManager[Player]]
Say = Callable[[str], None]


class RebuildRefused(Exception):
    """The rebuild did not take place, or its figures differ: the live ones stay."""


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild came to."""

    old: int
    new: int
    records: int
    seconds: float
    digest: str


class Progress:
    """Says how far a rebuild is, and how long it will take, once a second at most."""

    def __init__(self, total: int, say: Say) -> None:
        self.total, self.done, self._say = total, 0, say
        self._started = self._said = monotonic()

    def __call__(self, records: int) -> None:
        """Take note of records that were fed."""
        self.done += records
        now = monotonic()
        if now - self._said >= 1 or self.done >= self.total:
            self._said = now
            rate = self.done / max(now - self._started, 0.001)
            left = max(self.total - self.done, 0) / max(rate, 1)
            self._say(
                f"{self.done:,} of {self.total:,} records, {rate:,.0f} a second, "
                f"about {left:.0f} s left"
            )


@dataclass(frozen=True)
class Rebuild:
    """Rebuilds the figures. `writer` is the number of its rows in the cells."""

    database: Database
    make_player: MakePlayer
    say: Say
    writer: int = 0

    async def run(self) -> Rebuilt:
        """Rebuild and swap. Raises RebuildRefused; the new generation is then deleted."""
        async with self.database.connection() as lock:
            if not await generations.claim_rebuild(lock):
                raise RebuildRefused("another rebuild is running")
            await self._clear(lock)
            async with lock.transaction():
                new = await generations.create_generation(lock)
                resolutions = await dead_letters.resolutions(lock)
            applier = Applier(self.database, new, self.writer, state="building")
            pipeline = Pipeline(applier, resolutions=resolutions)
            async with self.make_player(pipeline) as player:
                return await self._build(player, new)

    async def _clear(self, conn: Connection) -> None:
        """Delete what rebuilds that were broken off have left."""
        for number, state in await generations.generations(conn):
            if state == "building":
                async with conn.transaction():
                    await generations.drop_generation(conn, number)
                self.say(f"generation {number}, left half built, was deleted")

    async def _build(self, player: Player, new: int) -> Rebuilt:
        started = monotonic()
        targets = await self._live_vector()
        progress = Progress(sum(targets.values()), self.say)
        self.say(f"generation {new}: {progress.total:,} records to read")
        while True:
            await player.up_to(targets, progress)
            ahead = await self._live_vector()
            if sum(ahead.values()) - progress.done <= NEAR:
                break
            targets, progress.total = ahead, sum(ahead.values())
        return await self._swap(player, new, progress, started)

    async def _live_vector(self) -> dict[Partition, int]:
        async with self.database.transaction(readonly=True, isolation="repeatable_read") as conn:
            for number, state in await generations.generations(conn):
                if state == "live":
                    return await generations.vector(conn, number)
        raise RebuildRefused("no generation is live")

    async def _swap(self, player: Player, new: int, progress: Progress, started: float) -> Rebuilt:
        async with self.database.transaction() as conn:
            # From here to the end of the transaction nobody commits into the live generation.
            old = await generations.hold_live(conn)
            targets = await generations.vector(conn, old)
            await player.up_to(targets, progress)
            if await generations.vector(conn, new) != targets:
                raise RebuildRefused("the offsets differ after reading up to the same ones")
            digests = [await generations.digest(conn, number) for number in (old, new)]
            lines = [await generations.counts(conn, number) for number in (old, new)]
            if digests[0] == digests[1] and lines[0] == lines[1]:
                await generations.swap(conn, old, new)
                return Rebuilt(old, new, progress.done, monotonic() - started, digests[1])
        raise RebuildRefused(await self._difference(old, new))

    async def _difference(self, old: int, new: int) -> str:
        async with self.database.transaction(readonly=True, isolation="repeatable_read") as conn:
            left, right = await generations.sums(conn, old), await generations.sums(conn, new)
            lines = [await generations.counts(conn, number) for number in (old, new)]
        cells = [
            f"{'/'.join(map(str, cell))}: live {left.get(cell)}, rebuilt {right.get(cell)}"
            for cell in sorted(left.keys() | right.keys())
            if left.get(cell) != right.get(cell)
        ]
        return (
            f"the rebuilt figures differ in {len(cells)} cells; the live ones stay and generation "
            f"{new} is kept for looking at.\ncounts: live {lines[0]}, rebuilt {lines[1]}\n"
            + "\n".join(cells[:20])
        )
