"""What every act leaves behind: the petition as it is then, its event, its reference."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from services.petitions import store
from services.petitions.domain.calendar import Moment
from services.petitions.domain.petition import Decision, Line
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.workings import from_json, to_json
from shared.contracts.catalogue import event_type
from shared.contracts.envelope import Source
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


async def record(
    conn: Connection,
    decision: Decision,
    hand: Hand,
    *,
    document: str | None = None,
    ledger: list[dict[str, Any]] | None = None,
) -> None:
    """Save what was decided about a known petition and append its event.

    `ledger` are the lines that stood before a correction.
    """
    if decision.standing is None:
        line = line_of(decision, hand, document)
        await store.save(conn, decision.petition, line=line, at=hand.now)
    else:
        assert ledger is not None
        lines = [
            {**line, "entry": entry.model_dump(mode="json")}
            for line, entry in zip(ledger, decision.standing, strict=False)
        ]
        await store.restate(conn, decision.petition, ledger=lines, at=hand.now)
    await publish(conn, decision, hand)


async def publish(conn: Connection, decision: Decision, hand: Hand) -> None:
    """Append the event of a decision to the log."""
    event = outbox.NewEvent(
        ce_id=ids.new_event_id(),
        subject=decision.petition.id,
        sequence=decision.petition.version,
        type=event_type(decision.name),
        recorded_at=hand.now,
        data=decision.event.model_dump_json().encode(),
        traceparent=hand.traceparent,
    )
    await outbox.append(conn, [event])


def line_of(decision: Decision, hand: Hand, document: str | None) -> dict[str, Any]:
    """Return the line of the ledger that a decision adds, as values of JSON."""
    return {
        "sequence": decision.event.sequence,
        "entry": decision.event.asserts[0].model_dump(mode="json"),
        "workings": to_json(decision.petition.workings),
        "document": document,
        "by": hand.name,
        "agency": hand.agency,
        "recorded_at": hand.now.isoformat(),
    }


def read_line(line: dict[str, Any]) -> Line:
    """Read a line of the ledger back."""
    entry = PetitionEntry.model_validate_json(orjson.dumps(line["entry"]))
    assert entry.after is not None
    workings = from_json(orjson.dumps(line.get("workings", {})).decode(), entry.after)
    return Line(line["sequence"], entry, workings)


async def used_reference(conn: Connection, source: Source, digest: bytes) -> store.Reference | None:
    """Return what was recorded under a reference. Raises Refusal `reference_conflict`."""
    used = await store.find_reference(conn, source.system, source.reference)
    if used is not None and used.digest != digest:
        raise Refusal(
            "reference_conflict",
            f"Mã tham chiếu {source.reference} đã được dùng cho nội dung khác "
            f"({used.petition_id}).",
            f"The reference {source.reference} was used for other content ({used.petition_id})",
            {"reference": source.reference, "id": used.petition_id, "sequence": used.sequence},
            way="conflict",
        )
    return used


async def keep_reference(conn: Connection, decision: Decision, digest: bytes) -> None:
    """Record the reference under which a decision came in."""
    source = decision.event.source
    used = store.Reference(decision.petition.id, decision.petition.version, digest)
    await store.keep_reference(conn, source.system, source.reference, used)
