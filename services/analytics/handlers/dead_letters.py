"""Dead letters after a fix: applied as of their own place, or dismissed."""

from dataclasses import dataclass

from services.analytics.domain.batch import (
    Fact,
    Partition,
    columns_of,
    petition_lines,
    read,
)
from services.analytics.domain.decoder import EntityEvent
from services.analytics.domain.entity_fold import fold_entries
from services.analytics.domain.petition_fold import fold_petitions
from services.analytics.store import batches, dead_letters, generations, ledger
from services.analytics.store.dead_letters import Parked
from shared.contracts.catalogue import Refused
from shared.contracts.headers import place_of
from shared.plumbing.postgres import Connection, Database


@dataclass(frozen=True)
class Letters:
    """Looks at parked records and resolves them. `writer` is the number of its rows."""

    database: Database
    writer: int = 0

    async def waiting(self, after: int = 0, limit: int = 100) -> list[Parked]:
        """Return letters that wait."""
        async with self.database.connection() as conn:
            return await dead_letters.open_letters(conn, after=after, limit=limit)

    async def dismiss(self, number: int) -> bool:
        """Give a letter up; False when it does not wait."""
        async with self.database.transaction() as conn:
            letter = await dead_letters.lock_letter(conn, number)
            if letter is not None:
                await dead_letters.resolve(conn, number, "dismissed")
            return letter is not None

    async def apply(self, number: int) -> Fact | None:
        """Apply a letter's event as of its own offset; None when it does not wait.

        Topic, offset and mark stay as they are. Raises Refused when it still cannot be read, or
        when its event was applied by another delivery (`already_applied`: dismiss it).
        """
        async with self.database.transaction() as conn:
            letter = await dead_letters.lock_letter(conn, number)
            if letter is None:
                return None
            live = await generations.hold_live(conn)
            fact = await self._apply(conn, batches.schema(live), letter)
            await dead_letters.resolve(conn, number, "applied")
            return fact

    async def _apply(self, conn: Connection, g: str, letter: Parked) -> Fact:
        partition = Partition(letter.topic, letter.partition)
        headers = dict(letter.headers)
        fact = read(partition.src, letter, headers, place_of(headers))
        if await dead_letters.position_is_applied(conn, g, fact):
            raise Refused("already_applied", "another delivery of this event was applied")
        if isinstance(fact.event, EntityEvent):
            columns = columns_of([fact])
            deltas = fold_entries(columns[0])
            await batches.append_entities(conn, g, [columns])
        else:
            deltas = fold_petitions(petition_lines([fact]))
            await batches.append_petitions(conn, g, [fact])
        await batches.add_cells(conn, g, self.writer, deltas)
        await dead_letters.count_as_applied(conn, g, fact, partition)
        await ledger.close_gap(conn, g, fact.event.subject, fact.event.sequence)
        return fact
