"""What every act leaves behind: the petition as it is then, and its event."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from services.petitions.domain.calendar import Moment
from services.petitions.domain.petition import Decision, Line
from services.petitions.domain.workings import from_json, to_bytes
from services.petitions.store import acts
from shared.contracts.catalogue import event_type
from shared.contracts.petitions import PetitionEntry
from shared.plumbing import ids, outbox
from shared.plumbing.clock import LEGAL_ZONE
from shared.plumbing.postgres import Connection


@dataclass(frozen=True)
class Hand:
    """Who records, when: a principal's name and agency, or the clock itself."""

    name: str
    agency: str | None
    now: datetime
    traceparent: str | None = None


def moment_of(now: datetime) -> Moment:
    """Return an aware moment as it is on the clocks of Vietnam."""
    local = now.astimezone(LEGAL_ZONE)
    return Moment(local.date(), local.time())


async def record(conn: Connection, decision: Decision, hand: Hand) -> None:
    """Save what was decided about a petition that the caller holds, and append its event."""
    line = line_of(decision, hand, None)
    await acts.save_all(conn, [acts.Changed(decision.petition, [line])], hand.now)
    await outbox.append(conn, [event_of(decision, hand)])


def event_of(decision: Decision, hand: Hand) -> outbox.NewEvent:
    """Return the event of a decision, to be appended to the log."""
    return outbox.NewEvent(
        ce_id=ids.new_event_id(),
        subject=decision.petition.id,
        sequence=decision.petition.version,
        type=event_type(decision.name),
        recorded_at=hand.now,
        data=decision.event.model_dump_json().encode(),
        traceparent=hand.traceparent,
    )


def line_of(decision: Decision, hand: Hand, document: str | None) -> bytes:
    """Return the line of the ledger that a decision adds, as JSON."""
    return orjson.dumps(
        {
            "sequence": decision.event.sequence,
            "entry": orjson.Fragment(decision.event.asserts[0].model_dump_json()),
            "workings": orjson.Fragment(to_bytes(decision.petition.workings)),
            "document": document,
            "by": hand.name,
            "agency": hand.agency,
            "recorded_at": hand.now.isoformat(),
        }
    )


def lines_of(decision: Decision, ledger: list[dict[str, Any]]) -> list[bytes]:
    """Return the ledger that stands after a correction, from the one that stood before it."""
    assert decision.standing is not None
    return [
        orjson.dumps({**line, "entry": orjson.Fragment(entry.model_dump_json())})
        for line, entry in zip(ledger, decision.standing, strict=False)
    ]


def read_line(line: dict[str, Any]) -> Line:
    """Read a line of the ledger back."""
    entry = PetitionEntry.model_validate_json(orjson.dumps(line["entry"]))
    assert entry.after is not None
    workings = from_json(orjson.dumps(line.get("workings", {})).decode(), entry.after)
    return Line(line["sequence"], entry, workings)
