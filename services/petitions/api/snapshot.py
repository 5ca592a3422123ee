"""For subscribers: the snapshot of all petitions, and the log after a position."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from services.petitions.api.parameters import AfterPosition, Limit, Subscriber
from services.petitions.api.views import EventOut, event_json
from services.petitions.handlers.feed import Cut, Feed, Line

NDJSON: Final = "application/x-ndjson"
MOST_SECONDS: Final = 30
Wait = Annotated[
    float,
    Query(ge=0, le=MOST_SECONDS, description="Seconds to wait for an event when none follows yet."),
]
_SNAPSHOT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "First `{position, partitions}`: the place in the log where the snapshot "
        "stands, and the last position of each partition there. Then a line for each petition, "
        "`{id, sequence, state}`. Last `{petitions}`: how many; without it the answer is cut.",
        "content": {NDJSON: {"schema": {"type": "string"}}},
    }
}


class FeedOut(BaseModel):
    """Events of the log in their order; `next` is the place to go on from, `head` its end."""

    events: list[EventOut]
    next: int
    head: int


def feed_router(feed: Feed) -> APIRouter:
    """The routes for subscribers."""
    router = APIRouter(tags=["events"])

    @router.get("/v1/events", response_model=FeedOut, summary="The event log after a position")
    async def events(
        _: Subscriber, after: AfterPosition = 0, limit: Limit = 100, wait: Wait = 0
    ) -> Response:
        found, head = await feed.after(after, limit, wait)
        last = found[-1].position if found else after
        body = {"events": [event_json(event) for event in found], "next": last, "head": head}
        return Response(orjson.dumps(body), media_type="application/json")

    @router.get(
        "/v1/snapshot",
        responses=_SNAPSHOT,
        response_class=StreamingResponse,
        summary="All petitions as of a position of the log (NDJSON)",
    )
    async def snapshot(_: Subscriber) -> Response:
        pieces = feed.snapshot()
        # The first one is had before the answer begins: a database that is away is a 503.
        begin = await anext(pieces)
        return StreamingResponse(_written(begin, pieces), media_type=NDJSON)

    return router


async def _written(
    begin: Cut | list[Line], pieces: AsyncGenerator[Cut | list[Line], None]
) -> AsyncIterator[bytes]:
    count = 0
    assert isinstance(begin, Cut)
    yield _line({"position": begin.position, "partitions": list(begin.partitions)})
    # Closed with the answer, so that its transaction does not outlive a client that went away.
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, list):
                count += len(piece)
                yield b"".join(
                    _line({"id": p.id, "sequence": p.sequence, "state": orjson.Fragment(p.state)})
                    for p in piece
                )
    yield _line({"petitions": count})


def _line(value: dict[str, object]) -> bytes:
    return orjson.dumps(value) + b"\n"
