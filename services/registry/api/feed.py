"""The routes of subscribers: the snapshot, and the log after a position."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from services.registry.api.parameters import AfterPosition, Limit, Reader
from services.registry.api.rows import NDJSON, ndjson, state_json
from services.registry.api.views import FeedOut, feed_response
from services.registry.handlers.feed import Cut, Feed, Line

MOST_SECONDS: Final = 30
Wait = Annotated[
    float,
    Query(ge=0, le=MOST_SECONDS, description="Seconds to wait for an event when none follows."),
]
_SNAPSHOT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "First `{position, partitions}`: the place in the log where the snapshot "
        "stands, and the last position of each partition of the topic there. Then a line for each "
        "subject, `{code, sequence, state}`, the state null where the registration was voided. "
        "Last `{entities}`: how many; without it the answer is not whole.",
        "content": {NDJSON: {"schema": {"type": "string"}}},
    }
}


@dataclass(frozen=True)
class Subscribing:
    """The routes over `Feed`."""

    feed: Feed

    def router(self) -> APIRouter:
        """Both of them."""
        router = APIRouter(prefix="/v1", tags=["log"], dependencies=[Reader])

        @router.get(
            "/events",
            response_model=FeedOut,
            summary="The event log after a position, in order and without gaps",
            description="With `wait` an answer without events comes only after so many seconds.",
        )
        async def events(
            after: AfterPosition = 0, limit: Limit = 100, wait: Wait = 0.0
        ) -> Response:
            found, head = await self.feed.after(after, limit, wait)
            return feed_response(after, found, head)

        @router.get(
            "/snapshot",
            responses=_SNAPSHOT,
            response_class=StreamingResponse,
            summary="All states as of a position of the log (NDJSON)",
        )
        async def snapshot() -> Response:
            pieces = self.feed.snapshot()
            # Had before the answer begins: a database that is away is a 503.
            cut = await anext(pieces)
            assert isinstance(cut, Cut)
            return StreamingResponse(_written(cut, pieces), media_type=NDJSON)

        return router


async def _written(
    cut: Cut, pieces: AsyncGenerator[Cut | list[Line], None]
) -> AsyncIterator[bytes]:
    count = 0
    yield ndjson([{"position": cut.position, "partitions": list(cut.partitions)}])
    # Closed with the answer, so that its transaction does not outlive a client that went away.
    async with aclosing(pieces):
        async for piece in pieces:
            assert isinstance(piece, list)
            count += len(piece)
            yield ndjson(_line(line) for line in piece)
    yield ndjson([{"entities": count}])


def _line(line: Line) -> dict[str, Any]:
    if line.state is None or isinstance(line.state, str):
        state = None if line.state is None else orjson.Fragment(line.state)
        return {"code": line.code, "sequence": line.sequence, "state": state}
    return {"code": line.code, "sequence": line.sequence, "state": state_json(line.state)}
