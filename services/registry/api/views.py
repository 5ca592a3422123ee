"""What the routes answer: models for the documents, bytes for the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response

from services.registry.api.rows import PlaceOut, UnitOut, place_json, unit_json
from services.registry.domain import Subject
from services.registry.handlers import Done
from services.registry.handlers.queries import Written
from services.registry.handlers.search import Place, Unit
from shared.contracts.registry import EntityEntry
from shared.contracts.states import EntityState
from shared.plumbing.idempotency import Answer
from shared.plumbing.outbox import Head, LoggedEvent

JSON = "application/json"


class WrittenOut(BaseModel):
    """What a write did: its first event, and the subject after it; voided, it has no state."""

    code: str
    sequence: int
    event_id: str
    state: EntityState | None
    repeated: bool


class EntityOut(BaseModel):
    """A subject as it stands now. `version` is the sequence of its last event.

    `commune_then` is the unit that the state's commune names, `commune_now` the present one in
    which it lies; null when that is not known.
    """

    code: str
    version: int
    state: EntityState
    commune_then: UnitOut | None
    commune_now: PlaceOut | None


class StandingOut(BaseModel):
    """The entries of a subject that stand, in legal order."""

    code: str
    version: int
    entries: list[EntityEntry]


class EventOut(BaseModel):
    """An event of the log; `position` is null while it waits to be published."""

    position: int | None
    id: str
    type: str
    time: datetime
    subject: str
    sequence: int
    data: dict[str, Any]


class HistoryOut(BaseModel):
    """Events of one subject in their order; `next` is the place to go on from."""

    events: list[EventOut]
    next: int


class FeedOut(BaseModel):
    """Events of the log in their order; `next` is the place to go on from, `head` its end."""

    events: list[EventOut]
    next: int
    head: int


def etag(version: int) -> str:
    """Return the ETag of a version."""
    return f'"{version}"'


def written_answer(done: Done, status: int) -> Answer:
    """Return the answer of a write; a repeated one is 200."""
    outcome = done.outcome
    if done.data is None:
        state = None
        if outcome.state is not None:
            state = orjson.Fragment(outcome.state.__pydantic_serializer__.to_json(outcome.state))
    else:
        state = orjson.Fragment(orjson.dumps(orjson.loads(done.data)["state"]))
    body = {
        "code": outcome.code,
        "sequence": outcome.sequence,
        "event_id": outcome.event_id,
        "state": state,
        "repeated": outcome.repeated,
    }
    headers = {"ETag": etag(done.version), "Location": f"/v1/entities/{outcome.code}"}
    return Answer(200 if outcome.repeated else status, orjson.dumps(body), headers)


def response(answer: Answer) -> Response:
    """Return an answer as it goes out."""
    return Response(answer.body, answer.status, dict(answer.headers), JSON)


def standing_response(subject: Subject) -> Response:
    """Return the standing entries of a subject."""
    body = {
        "code": subject.code,
        "version": subject.version,
        "entries": [orjson.Fragment(e.model_dump_json().encode()) for e in subject.entries],
    }
    return Response(orjson.dumps(body), media_type=JSON, headers={"ETag": etag(subject.version)})


def entity_response(subject: Subject, then: Unit | None, place: Place | None) -> Response:
    """Return a subject as it stands."""
    body = {
        "code": subject.code,
        "version": subject.version,
        "state": orjson.Fragment(subject.state.model_dump_json().encode()),
        "commune_then": unit_json(then),
        "commune_now": place_json(place),
    }
    return Response(orjson.dumps(body), media_type=JSON, headers={"ETag": etag(subject.version)})


def history_response(code: str, after: int, events: Sequence[Written]) -> Response:
    """Return events of one subject."""
    body = {
        "events": [
            _event(e.position, e.ce_id, e.type, e.recorded_at, code, e.sequence, e.data)
            for e in events
        ],
        "next": events[-1].sequence if events else after,
    }
    return Response(orjson.dumps(body), media_type=JSON)


def feed_response(after: int, events: Sequence[LoggedEvent], head: Head) -> Response:
    """Return events of the log."""
    body = {
        "events": [
            _event(e.position, e.ce_id, e.type, e.recorded_at, e.subject, e.sequence, e.data)
            for e in events
        ],
        "next": events[-1].position if events else after,
        "head": max(head.position, events[-1].position if events else 0),
    }
    return Response(orjson.dumps(body), media_type=JSON)


def _event(
    position: int | None,
    event_id: str,
    kind: str,
    moment: datetime,
    subject: str,
    sequence: int,
    data: bytes,
) -> dict[str, Any]:
    return {
        "position": position,
        "id": event_id,
        "type": kind,
        "time": moment.isoformat().replace("+00:00", "Z"),
        "subject": subject,
        "sequence": sequence,
        # The exact bytes that were published.
        "data": orjson.Fragment(data),
    }
