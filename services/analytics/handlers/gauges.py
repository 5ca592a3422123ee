"""The business gauges: one snapshot of the database per scrape, the same on every replica."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.analytics.domain.cells import Sum
from services.analytics.domain.figures import PlanRow, attainment, value
from services.analytics.domain.gauges import Gauges, PlanGauge
from services.analytics.domain.indicators import BY_NAME, OPEN, Policy
from services.analytics.domain.measured import KINDS
from services.analytics.domain.petition_figures import Counts
from services.analytics.store import batches, figures, ledger, plans
from shared.plumbing.clock import Clock, legal_date
from shared.plumbing.postgres import Connection, Database

_NEW = {"enterprise": "enterprises_new", "cooperative": "cooperatives_new"}


@dataclass(frozen=True)
class GaugeReader:
    """Reads the gauges as of today."""

    database: Database
    policy: Policy
    clock: Clock

    async def read(self) -> Gauges:
        """Return all gauges from one snapshot. Raises one of UNAVAILABLE."""
        today = legal_date(self.clock.now())
        async with self.database.transaction(isolation="repeatable_read", readonly=True) as conn:
            g = batches.schema(await batches.live_generation(conn))
            now = await figures.totals(conn, g, today)
            rows = await plans.all_plans(conn)
            years = {today.year, today.year - 1, *(row.year for row in rows)}
            by_year = {y: await self._sums(conn, g, y, today, now) for y in sorted(years)}
            standing = await figures.standing(conn, g)
            opened = await figures.open_petitions(conn, g, OPEN)
            late = await figures.overdue(conn, g, today)
            dead = await figures.dead_letters(conn)
            gaps = await ledger.gaps(conn, g)
        return Gauges(
            entities={kind: self._on_register(now, kind).n for kind in KINDS},
            capital={
                kind: self._on_register(now, kind).amount
                for kind in KINDS
                if kind in {"enterprise", "cooperative", "cooperative_union", "cooperative_group"}
            },
            new={
                (kind, year): value(BY_NAME[name], sums, Policy(self.policy.on_register))
                for year, sums in by_year.items()
                for kind, name in _NEW.items()
            },
            plans=[
                gauge
                for year, sums in by_year.items()
                for gauge in self._plans(rows, year, sums, today)
            ],
            petitions_open={(field, agency): n for field, agency, n in opened},
            petitions_overdue=_by_field_and_agency(late),
            applied=sum(s.applied for s in standing),
            repeated=sum(s.repeated for s in standing),
            parked=sum(s.parked for s in standing),
            dead_letters=dead,
            sequence_gaps=gaps,
            newest=max((s.newest for s in standing if s.newest), default=None),
            committed_at=max((s.committed_at for s in standing if s.committed_at), default=None),
        )

    async def _sums(
        self, conn: Connection, g: str, year: int, today: date, now: Mapping[str, Sum]
    ) -> Mapping[str, Sum]:
        if year == today.year:
            return now
        return await figures.totals(conn, g, date(year, 12, 31))

    def _on_register(self, sums: Mapping[str, Sum], kind: str) -> Sum:
        found = [sums.get(f"{kind}.{s}", Sum(0, 0)) for s in self.policy.on_register]
        return Sum(sum(f.n for f in found), sum(f.amount for f in found))

    def _plans(
        self, rows: Sequence[PlanRow], year: int, sums: Mapping[str, Sum], today: date
    ) -> list[PlanGauge]:
        gauges = []
        as_of = min(today, date(year, 12, 31))
        for name in dict.fromkeys(row.indicator for row in rows if row.year == year):
            mine = [row for row in rows if row.indicator == name and row.year == year]
            held = attainment(value(BY_NAME[name], sums, self.policy), mine, as_of)
            if held is not None:
                share = None if held.share is None else float(held.share)
                gauges.append(PlanGauge(name, year, held.target, share))
        return gauges


def _by_field_and_agency(counts: Counts) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for place, n in counts.items():
        found[place.field, place.agency] += n
    return found
