"""Asking for figures: one snapshot of the database, one answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.analytics.domain.cells import ENTITY_DIMS, PETITION_DIMS, Sum
from services.analytics.domain.entity_fold import fold_entities
from services.analytics.domain.figures import (
    NOTHING,
    Attainment,
    Days,
    PlanRow,
    attainment,
    days_to_resolve,
    share,
    value,
)
from services.analytics.domain.indicators import INDICATORS, Indicator, Policy
from services.analytics.domain.petition_figures import Counts, PetitionCounts, ping_pong
from services.analytics.domain.petition_fold import fold_petitions
from services.analytics.store import batches, figures, plans
from shared.plumbing.postgres import Connection, Database

Sums = Mapping[str, Sum]
_COUNTED: Final[Mapping[str, Callable[[PetitionCounts], Counts]]] = {
    "petitions_overdue": lambda counts: counts.overdue,
    "petitions_ping_pong": lambda counts: counts.ping_pong,
}


@dataclass(frozen=True)
class Figure:
    """One indicator's answer; `before_history` means that nobody knows."""

    indicator: Indicator
    value: int | None = None
    share: tuple[int, int] | None = None
    days: Days | None = None
    plan: Attainment | None = None
    before_history: bool = False


@dataclass(frozen=True)
class Answer:
    """All figures at a date, and the offsets that they stand at."""

    as_of: date
    figures: Sequence[Figure]
    offsets: Mapping[str, int]
    breakdown: Mapping[str, Mapping[str, Figure]] | None = None


@dataclass(frozen=True)
class Figures:
    """Answers questions about figures. `history_from` is the date of the opening balance."""

    database: Database
    policy: Policy
    history_from: date | None

    async def at(self, as_of: date, by: str | None = None) -> Answer:
        """Return every figure at a legal date, by one breakdown if asked."""
        async with self.database.transaction(isolation="repeatable_read", readonly=True) as conn:
            g = batches.schema(await batches.live_generation(conn))
            sums = await figures.totals(conn, g, as_of)
            counts = await self._petitions(conn, g, as_of)
            rows = await plans.plans_of(conn, as_of.year)
            offsets = {
                f"{row.topic}/{row.partition}": row.next for row in await figures.standing(conn, g)
            }
            parts = await self._parts(conn, g, by, as_of) if by else None
        found = [self._figure(indicator, sums, as_of, rows, counts) for indicator in INDICATORS]
        broken = self._broken_down(by, parts or {}, counts, as_of) if by else None
        return Answer(as_of, found, offsets, broken)

    async def _petitions(self, conn: Connection, g: str, as_of: date) -> PetitionCounts:
        lives = await figures.lives_with_transfers(conn, g, as_of)
        return PetitionCounts(
            await figures.overdue(conn, g, as_of),
            ping_pong(lives, as_of.year),
            await figures.days_to_resolve(conn, g, as_of),
            await figures.first_filing(conn, g),
        )

    def _figure(
        self,
        indicator: Indicator,
        sums: Sums,
        as_of: date,
        rows: Sequence[PlanRow],
        counts: PetitionCounts,
    ) -> Figure:
        known_from = self._known_from(indicator, counts)
        if known_from is not None and as_of < known_from:
            return Figure(indicator, before_history=True)
        if indicator.nature == "share":
            return Figure(indicator, share=share(indicator, sums))
        if indicator.nature == "distribution":
            return Figure(indicator, days=days_to_resolve(counts.histogram()))
        counted = _COUNTED.get(indicator.name)
        figure = sum(counted(counts).values()) if counted else value(indicator, sums, self.policy)
        mine = [row for row in rows if row.indicator == indicator.name]
        return Figure(indicator, figure, plan=attainment(figure, mine, as_of))

    def _known_from(self, indicator: Indicator, counts: PetitionCounts) -> date | None:
        # The opening balance is the register's: of petitions whole lives are imported.
        is_of_petitions = indicator.by == PETITION_DIMS
        if self.history_from is None or not is_of_petitions or counts.since is None:
            return self.history_from
        return min(self.history_from, counts.since)

    async def _parts(
        self, conn: Connection, g: str, by: str, as_of: date
    ) -> dict[str, dict[str, Sum]]:
        """Return {key: {measure: sum}}: whole months from the cells, the open one from facts."""
        parts: dict[str, dict[str, Sum]] = {}

        def add(key: str, measure: str, found: Sum) -> None:
            mine = parts.setdefault(key, {})
            old = mine.get(measure, NOTHING)
            mine[measure] = Sum(old.n + found.n, old.amount + found.amount)

        for (measure, key), found in (await figures.breakdown(conn, g, by, as_of)).items():
            add(key, measure, found)
        lines = await figures.lines_of_month(conn, g, by, as_of)
        deltas = fold_entities(lines) if by in ENTITY_DIMS else fold_petitions(lines)  # type: ignore[arg-type]
        for cell, found in deltas.items():
            if cell.dim == by:
                add(cell.key, cell.measure, found)
        return parts

    def _broken_down(
        self, by: str, parts: Mapping[str, Sums], counts: PetitionCounts, as_of: date
    ) -> dict[str, dict[str, Figure]]:
        counted = counts.by(by) if by in PETITION_DIMS else {}
        keys = sorted(parts.keys() | counted.keys())
        answer: dict[str, dict[str, Figure]] = {}
        for indicator in INDICATORS:
            if by not in indicator.by:
                continue
            figures_of = {
                key: self._figure(
                    indicator,
                    parts.get(key, {}),
                    as_of,
                    (),
                    counted.get(key, PetitionCounts(since=counts.since)),
                )
                for key in keys
            }
            answer[indicator.name] = {k: f for k, f in figures_of.items() if _says_something(f)}
        return answer


def _says_something(figure: Figure) -> bool:
    if figure.days is not None:
        return figure.days.count > 0
    if figure.share is not None:
        return figure.share[1] > 0
    return bool(figure.value)
