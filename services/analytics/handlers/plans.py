"""Setting a plan: a revision is added, nothing is changed."""

from dataclasses import dataclass
from datetime import date

from services.analytics.domain.figures import PlanRow
from services.analytics.store import plans
from shared.plumbing.clock import Clock
from shared.plumbing.postgres import Database


@dataclass(frozen=True)
class Plans:
    """Sets and reads plans."""

    database: Database
    clock: Clock

    async def of_year(self, year: int) -> list[PlanRow]:
        """Return all revisions of a year."""
        async with self.database.connection() as conn:
            return await plans.plans_of(conn, year)

    async def set(
        self, year: int, indicator: str, target: int, effective_from: date, decision: str, by: str
    ) -> tuple[PlanRow, bool]:
        """Add a revision and return it with True; the very same one again comes with False."""
        async with self.database.transaction() as conn:
            rows = await plans.lock_plan(conn, year, indicator)
            wanted = (target, effective_from, decision)
            for row in rows:
                if (row.target, row.effective_from, row.decision) == wanted:
                    return row, False
            row = PlanRow(year, indicator, len(rows) + 1, *wanted)
            await plans.add_plan(conn, row, by, self.clock.now())
            return row, True
