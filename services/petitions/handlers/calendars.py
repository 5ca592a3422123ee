"""The years' decisions on working days: what stands, what an officer sets, what follows of it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from services.petitions.domain.calendar import Calendar, YearDecision
from services.petitions.domain.refusals import Refusal
from services.petitions.handlers.automatic import Automatic
from services.petitions.handlers.rulebook import Rulebook
from services.petitions.store import calendar as store
from shared.plumbing.clock import Clock
from shared.plumbing.postgres import Database

__all__ = ["Calendars", "Year", "YearDecision"]
# Until every replica has read the new row; what is filed meanwhile is dated again with the rest.
_KNOWN_EVERYWHERE: Final = timedelta(seconds=60)


@dataclass(frozen=True)
class Year:
    """A year as clocks count it. `revision` 0 came with the service; nobody has set it yet.

    `off` are the weekdays that are not worked, `worked` the days of weekends that are.
    """

    decision: YearDecision
    revision: int
    off: tuple[date, ...]
    worked: tuple[date, ...]
    applied: bool


@dataclass(frozen=True)
class Calendars:
    """What can be asked and set about the calendar."""

    database: Database
    clock: Clock
    rulebook: Rulebook
    automatic: Automatic

    async def years(self) -> list[Year]:
        """List the years that have a decision, each as it counts now."""
        async with self.database.transaction("repeatable_read", readonly=True) as conn:
            calendar = (await self.rulebook.rules(conn)).calendar
            rows = await store.load_calendar(conn)
        calendar = calendar.with_decisions(row.decision for row in rows)
        mine = {row.decision.year: (row.revision, row.applied) for row in rows}
        return [
            _year(calendar, decision, *mine.get(year, (0, True)))
            for year, decision in sorted(calendar.decisions.items())
        ]

    async def set(self, decision: YearDecision, by: str) -> tuple[Year, bool]:
        """Record what a year's decision says; whether it was news. The same again changes nothing.

        Raises Refusal `day_not_of_year`, `day_off_and_worked`, `calendar_changed_meanwhile`.
        """
        _check(decision)
        decision = YearDecision(
            decision.year,
            tuple(sorted(set(decision.off))),
            tuple(sorted(set(decision.working))),
            decision.source,
            decision.verified,
        )
        async with self.database.transaction() as conn:
            calendar = (await self.rulebook.rules(conn)).calendar
            rows = {row.decision.year: row for row in await store.load_calendar(conn)}
            before = rows.get(decision.year)
            if before is not None and before.decision == decision:
                return _year(calendar, decision, before.revision, before.applied), False
            revision = before.revision + 1 if before else 1
            now = self.clock.now()
            if not await store.add_calendar(conn, decision, revision, by, now):
                raise Refusal(
                    "calendar_changed_meanwhile",
                    f"Lịch năm {decision.year} vừa được người khác sửa; hãy xem lại.",
                    f"Somebody else has just set the calendar of {decision.year}; look again",
                    {"year": decision.year},
                    way="conflict",
                )
        self.rulebook.forget()
        return _year(calendar.with_decisions([decision]), decision, revision, applied=False), True

    async def apply(self) -> int:
        """Date open petitions again under what was set; return how many dates changed.

        Any number of replicas may do it: a date that is right stays.
        """
        before = self.clock.now() - _KNOWN_EVERYWHERE
        async with self.database.connection() as conn:
            wanted = await store.unapplied_calendar(conn, before)
        if not wanted:
            return 0
        self.rulebook.forget()
        changed = await self.automatic.recalendar()
        async with self.database.transaction() as conn:
            await store.calendar_applied(conn, wanted)
        return changed


def _year(calendar: Calendar, decision: YearDecision, revision: int, applied: bool) -> Year:
    shown = calendar.with_decisions([decision])
    off, worked = shown.exceptions(decision.year)
    return Year(decision, revision, off, worked, applied)


def _check(decision: YearDecision) -> None:
    days = (*decision.off, *decision.working)
    strange = next((day for day in days if day.year != decision.year), None)
    if strange is not None:
        raise Refusal(
            "day_not_of_year",
            f"Ngày {strange:%d/%m/%Y} không thuộc năm {decision.year}.",
            f"{strange} is not a day of {decision.year}",
            {"day": strange.isoformat()},
        )
    both = set(decision.off) & set(decision.working)
    if both:
        day = min(both)
        raise Refusal(
            "day_off_and_worked",
            f"Ngày {day:%d/%m/%Y} vừa nghỉ vừa làm việc.",
            f"{day} is said to be off and to be worked",
            {"day": day.isoformat()},
        )
