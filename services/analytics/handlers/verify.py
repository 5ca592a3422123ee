"""Verification: every figure is made again from the ledger and compared with what is kept."""

from collections.abc import Callable
from dataclasses import dataclass, field

from services.analytics.domain.batch import Partition
from services.analytics.domain.cells import Cell, Sum, add
from services.analytics.domain.entity_fold import fold_entities
from services.analytics.domain.petition_fold import fold_petitions
from services.analytics.store import batches, figures, generations, ledger
from shared.plumbing.postgres import Connection, Database

SHOWN = 20


@dataclass
class Verdict:
    """What a verification found; `differences` are sentences, none when all is well."""

    generation: int
    cells: int = 0
    lines: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


@dataclass(frozen=True)
class Verify:
    """Recomputes the live generation from its ledger, in one snapshot, while events flow in."""

    database: Database
    say: Callable[[str], None] = lambda _text: None

    async def run(self) -> Verdict:
        """Verify. Raises one of UNAVAILABLE."""
        async with self.database.transaction(isolation="repeatable_read", readonly=True) as conn:
            verdict = Verdict(await batches.live_generation(conn))
            await self._figures(conn, verdict)
            await self._counts(conn, verdict)
            for misfit in await ledger.sequence_misfits(conn, verdict.generation, SHOWN):
                verdict.differences.append(f"sequence of {misfit}")
        return verdict

    async def _figures(self, conn: Connection, verdict: Verdict) -> None:
        made: dict[Cell, Sum] = {}
        async for lines in ledger.entity_chunks(conn, verdict.generation):
            verdict.lines += len(lines)
            for cell, value in fold_entities(lines).items():
                add(made, cell, value.n, value.amount)
            self.say(f"{verdict.lines:,} lines")
        async for entries in ledger.petition_chunks(conn, verdict.generation):
            verdict.lines += len(entries)
            for cell, value in fold_petitions(entries).items():
                add(made, cell, value.n, value.amount)
        made = {cell: value for cell, value in made.items() if value.n or value.amount}
        kept = await generations.sums(conn, verdict.generation)
        verdict.cells = len(kept)
        verdict.differences += [
            f"{cell.dim} {cell.period} {cell.measure} {cell.key}: kept {kept.get(cell)}, "
            f"made again {made.get(cell)}"
            for cell in sorted(kept.keys() | made.keys())
            if kept.get(cell) != made.get(cell)
        ]

    async def _counts(self, conn: Connection, verdict: Verdict) -> None:
        g = batches.schema(verdict.generation)
        found = await ledger.events_by_partition(conn, verdict.generation)
        for row in await figures.standing(conn, g):
            src = Partition(row.topic, row.partition).src
            mine = found.get(src)
            if row.applied != (mine.events if mine else 0):
                verdict.differences.append(
                    f"{row.topic}/{row.partition}: {row.applied} applied by the offsets, "
                    f"{mine.events if mine else 0} events in the ledger"
                )
            if row.applied + row.repeated + row.parked != row.next:
                verdict.differences.append(
                    f"{row.topic}/{row.partition}: {row.applied} applied, {row.repeated} repeated "
                    f"and {row.parked} parked do not make {row.next} records"
                )
