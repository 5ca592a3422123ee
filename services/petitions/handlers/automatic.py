"""What the clock does: alarms, dates under a changed calendar, work of agencies that ended."""

from dataclasses import dataclass
from typing import Final

from services.petitions.domain import decide
from services.petitions.domain.commands import SystemCommand, TransferCommand
from services.petitions.domain.petition import Petition
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.rules import SYSTEM, Rules
from services.petitions.domain.system import next_action
from services.petitions.handlers.recording import Hand, moment_of, record
from services.petitions.handlers.rulebook import Rulebook
from services.petitions.store import review
from shared.contracts.envelope import Source
from shared.plumbing import ids
from shared.plumbing.clock import Clock
from shared.plumbing.postgres import Connection, Database

_SYSTEM: Final = "/vn/lang-son/petitions"
_SLICE: Final = 100


@dataclass(frozen=True)
class Automatic:
    """What is done without anybody asking; any number of replicas may do it at once."""

    database: Database
    clock: Clock
    rulebook: Rulebook

    async def alarm(self) -> int:
        """Give the alarms that are due, each once per round and level; return how many.

        Only in office hours. A petition is claimed by its row's lock, and the alarm, the event and
        the day of the next alarm are one transaction: who comes second finds nothing to do.
        """
        given = 0
        while True:
            step = await self._alarm_some()
            given += step
            if step < _SLICE:
                return given

    async def _alarm_some(self) -> int:
        async with self.database.transaction() as conn:
            hand = Hand("clock", None, self.clock.now())
            moment = moment_of(hand.now)
            rules = await self.rulebook.rules(conn)
            if not rules.calendar.is_office_time(moment):
                return 0
            found = await review.claim_alarms(conn, moment.day.isoformat(), _SLICE)
            for petition in found:
                await self._alarms_of(conn, petition, hand, rules)
        return len(found)

    async def _alarms_of(
        self, conn: Connection, petition: Petition, hand: Hand, rules: Rules
    ) -> None:
        # After a long stop several levels are due at once; each is said.
        today = moment_of(hand.now).day
        while petition.workings.alarm_on is not None and petition.workings.alarm_on <= today:
            command = next_action(petition.workings)
            petition = await _take(conn, petition, command, hand, rules)

    async def hand_over(self) -> int:
        """Give what agencies led that have ended to their successors; return how many."""
        given = 0
        while True:
            async with self.database.transaction() as conn:
                hand = Hand("clock", None, self.clock.now())
                rules = await self.rulebook.rules(conn)
                today = moment_of(hand.now).day
                ended = rules.directory.ended(today)
                found = await review.claim_led_by(conn, ended, _SLICE) if ended else []
                for petition in found:
                    assert petition.state.agency is not None
                    heir = rules.directory.current(petition.state.agency, today)
                    reason = f"{heir} kế thừa {petition.state.agency}"
                    command = TransferCommand(heir, reason, inherits=True)
                    await _take(conn, petition, command, hand, rules)
            given += len(found)
            if len(found) < _SLICE:
                return given

    async def recalendar(self) -> int:
        """Date open petitions again under the present calendar; return how many dates changed."""
        changed, after = 0, ""
        while True:
            async with self.database.transaction() as conn:
                hand = Hand("calendar", None, self.clock.now())
                rules = await self.rulebook.rules(conn)
                found = await review.awaiting_after(conn, after, _SLICE)
                for petition in found:
                    changed += await _redate(conn, petition, hand, rules)
            if len(found) < _SLICE:
                return changed
            after = found[-1].id


async def _redate(conn: Connection, petition: Petition, hand: Hand, rules: Rules) -> bool:
    try:
        await _take(conn, petition, SystemCommand("redate"), hand, rules)
    except Refusal as refusal:
        if refusal.code != "not_changed":
            raise
        return False
    return True


async def _take(
    conn: Connection,
    petition: Petition,
    command: SystemCommand | TransferCommand,
    hand: Hand,
    rules: Rules,
) -> Petition:
    decision = decide.act(
        petition,
        command,
        actor=SYSTEM,
        source=Source(system=_SYSTEM, reference=ids.new_event_id()),
        now=moment_of(hand.now),
        rules=rules,
    )
    await record(conn, decision, hand)
    return decision.petition
