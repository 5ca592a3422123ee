"""The door of reorganizations: one request, several subjects, all or nothing."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from services.registry.api.parameters import CallerOf, Reader
from services.registry.api.views import JSON
from services.registry.domain import Refusal, reorganization_of
from services.registry.handlers import Done, Once, Queries, Request
from shared.contracts.reorganizations import ReorganizationIn, ReorganizationKind
from shared.plumbing.idempotency import Answer


class CausedOut(BaseModel):
    """One event of a reorganization."""

    code: str
    sequence: int
    event_id: str
    type: str


class ReorganizationOut(BaseModel):
    """A reorganization and its events in their order; `id` is their common `cause`."""

    id: str
    kind: ReorganizationKind
    on: date
    reference: str
    events: list[CausedOut]


class ReorganizedOut(ReorganizationOut):
    """A reorganization that was recorded, now or before (`repeated`)."""

    repeated: bool


@dataclass(frozen=True)
class Reorganizing:
    """The router of reorganizations."""

    once: Once
    queries: Queries

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/v1/reorganizations", tags=["reorganizations"])

        @router.post(
            "",
            status_code=201,
            response_model=ReorganizedOut,
            responses={200: {"model": ReorganizedOut, "description": "It was recorded before."}},
            summary="Merge, consolidate, divide or separate",
        )
        async def reorganize(body: ReorganizationIn, caller: CallerOf) -> Response:
            command = reorganization_of(body)
            request = Request(body, caller.system, command, caller.traceparent)
            answer = await self.once.run(request, caller.key, _named)
            named = orjson.loads(answer.body)
            found = {**await self._find(named["id"]), "repeated": named["repeated"]}
            return Response(orjson.dumps(found), answer.status, dict(answer.headers), JSON)

        @router.get(
            "/{id}",
            response_model=ReorganizationOut,
            dependencies=[Reader],
            summary="A reorganization and its events",
        )
        async def reorganization(id: uuid.UUID) -> Response:  # noqa: A002
            return Response(orjson.dumps(await self._find(str(id))), media_type=JSON)

        return router

    async def _find(self, cause: str) -> dict[str, Any]:
        found = await self.queries.reorganization(cause)
        if found is None:
            raise Refusal(
                "unknown_reorganization",
                f"Không có lần tổ chức lại {cause}.",
                f"There is no reorganization {cause}",
                {"id": cause},
            )
        return {
            "id": found.id,
            "kind": found.kind,
            "on": found.on,
            "reference": found.reference,
            "events": found.events,
        }


def _named(done: Done) -> Answer:
    """Return what is kept as the answer: which reorganization it was."""
    outcome = done.outcome
    cause = outcome.cause if done.data is None else orjson.loads(done.data)["cause"]
    body = orjson.dumps({"id": cause, "repeated": outcome.repeated})
    status = 200 if outcome.repeated else 201
    return Answer(status, body, {"Location": f"/v1/reorganizations/{cause}"})
