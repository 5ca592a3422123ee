"""Applying batches: the one place where figures change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.analytics.domain.batch import (
    Batch,
    Partition,
    Progress,
    petition_lines,
)
from services.analytics.domain.cells import Deltas, merge
from services.analytics.domain.columns import joined
from services.analytics.domain.entity_fold import fold_entries
from services.analytics.domain.petition_fold import fold_petitions
from services.analytics.store import batches
from services.analytics.store.batches import Fenced
from shared.plumbing.failpoints import reach
from shared.plumbing.postgres import Database

__all__ = ["Applier", "Fenced", "NotLive", "deltas_of"]


class NotLive(Exception):
    """Another generation has taken this one's place."""


def deltas_of(batch: Batch) -> Deltas:
    """Return what a batch adds to the cells."""
    entities = fold_entries(joined([entries for entries, _ in batch.entities]))
    petitions = fold_petitions(petition_lines(batch.petitions))
    return merge(entities, petitions) if petitions else entities


@dataclass(frozen=True)
class Applier:
    """Writes batches into one generation. `writer` is this replica's number in the cells.

    `state` is the state that the generation must have: a swap ends the writing into the old one.
    """

    database: Database
    generation: int
    writer: int
    state: str = "live"

    @classmethod
    async def of_live(cls, database: Database, writer: int) -> "Applier":
        """Return the applier of the live generation. Raises one of UNAVAILABLE."""
        async with database.connection() as conn:
            return cls(database, await batches.live_generation(conn), writer)

    @property
    def schema(self) -> str:
        """The schema of the generation's tables."""
        return batches.schema(self.generation)

    async def progress(self, partitions: Iterable[Partition]) -> dict[Partition, Progress]:
        """Return how far each partition is applied."""
        async with self.database.transaction() as conn:
            return await batches.load_progress(conn, self.schema, partitions)

    async def apply(self, batch: Batch, deltas: Deltas) -> None:
        """Apply a batch whole or not at all.

        Raises Fenced when somebody else moved the offsets, NotLive after a swap, one of
        UNAVAILABLE when the database is gone: then `is_applied` tells whether the batch is in.
        """
        async with self.database.transaction() as conn:
            # The offsets are in the same transaction: a commit that a crash of the database loses
            # is read again from Kafka, so nobody has to wait for the disk.
            state = await batches.begin(conn, self.generation)
            reach("begun")
            if state != self.state:
                raise NotLive(f"generation {self.generation} is {state}, not {self.state}")
            await batches.move_offsets(conn, self.schema, batch.spans)
            reach("offsets_moved")
            await batches.append_entities(conn, self.schema, batch.entities)
            await batches.append_petitions(conn, self.schema, batch.petitions)
            reach("ledger_written")
            await batches.add_cells(conn, self.schema, self.writer, deltas)
            if batch.dead:
                await batches.park(conn, batch.dead)
            reach("before_commit")
        reach("committed")

    async def is_applied(self, batch: Batch) -> bool:
        """Say whether a batch of unknown outcome is in. Raises Fenced when it is half another's."""
        found: Mapping[Partition, Progress] = await self.progress(batch.spans)
        at_end = [found[p].next == span.hi for p, span in batch.spans.items()]
        if all(at_end):
            return True
        if all(found[p].next == span.lo for p, span in batch.spans.items()):
            return False
        raise Fenced("the offsets are neither where the batch began nor where it ends")
