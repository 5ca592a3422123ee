"""The trailing check of sequences: independent of the chain, behind the hot path."""

from dataclasses import dataclass

from services.analytics.domain.batch import Partition
from services.analytics.domain.sequences import follow
from services.analytics.store import batches, figures, ledger
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import Connection, Database

log = get_logger(__name__)


@dataclass(frozen=True)
class Trail:
    """Follows the ledger of the live generation. Replicas may run it side by side."""

    database: Database
    batch: int = 10_000

    async def follow(self) -> int:
        """Check a batch of each partition; return how many events were checked."""
        async with self.database.connection() as conn:
            g = batches.schema(await batches.live_generation(conn))
            standing = await figures.standing(conn, g)
        return sum([await self._partition(g, Partition(s.topic, s.partition)) for s in standing])

    async def _partition(self, g: str, partition: Partition) -> int:
        async with self.database.transaction() as conn:
            if not await ledger.claim_trail(conn, partition.src):
                return 0
            return await self._check(conn, g, partition)

    async def _check(self, conn: Connection, g: str, partition: Partition) -> int:
        seen = await ledger.fresh_events(conn, g, partition.src, self.batch)
        if not seen:
            return 0
        subjects = list({event.subject for event in seen})
        known = await ledger.known_sequences(conn, g, subjects)
        last, gaps = follow(known, ((event.subject, event.sequence) for event in seen))
        for gap in gaps:
            log.error("sequence_gap", subject=gap.subject, expected=gap.expected, found=gap.found)
        await ledger.save_trail(conn, g, partition.src, seen[-1].position, last, gaps)
        return len(seen)
