"""The routes of the register."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastapi import APIRouter
from starlette.responses import Response

from services.registry.api.bodies import Change, reported
from services.registry.api.parameters import (
    AfterPosition,
    AfterSequence,
    Caller,
    CallerOf,
    Code,
    Expected,
    Limit,
    Reader,
)
from services.registry.api.quick import QuickRoute
from services.registry.api.views import (
    EntityOut,
    FeedOut,
    HistoryOut,
    WrittenOut,
    entity_response,
    feed_response,
    history_response,
    response,
    written_answer,
)
from services.registry.domain import fact_of
from services.registry.handlers import Done, Once, Queries, Request
from shared.contracts.intake import (
    BranchRegisteredIn,
    CooperativeRegisteredIn,
    EnterpriseRegisteredIn,
    IntakeFact,
)
from shared.plumbing.idempotency import Answer


@dataclass(frozen=True)
class Doors:
    """The routers of this service over its use cases."""

    once: Once
    queries: Queries

    def routers(self) -> Sequence[APIRouter]:
        """All routers."""
        return (self._registrations(), self._entities(), self._log())

    async def _register(self, fact: IntakeFact, caller: Caller) -> Response:
        return response(await self.once.run(_request(fact, caller), caller.key, _created))

    def _registrations(self) -> APIRouter:
        router = APIRouter(prefix="/v1", tags=["registration"], route_class=QuickRoute)

        @router.post(
            "/enterprises",
            status_code=201,
            response_model=WrittenOut,
            summary="Register an enterprise",
        )
        async def enterprise(body: EnterpriseRegisteredIn, caller: CallerOf) -> Response:
            return await self._register(body, caller)

        @router.post(
            "/cooperatives",
            status_code=201,
            response_model=WrittenOut,
            summary="Register a co-operative, a union or a group",
        )
        async def cooperative(body: CooperativeRegisteredIn, caller: CallerOf) -> Response:
            return await self._register(body, caller)

        @router.post(
            "/branches",
            status_code=201,
            response_model=WrittenOut,
            summary="Register a dependent unit",
        )
        async def branch(body: BranchRegisteredIn, caller: CallerOf) -> Response:
            return await self._register(body, caller)

        return router

    def _entities(self) -> APIRouter:
        router = APIRouter(prefix="/v1/entities", tags=["entities"])

        @router.post("/{code}/changes", response_model=WrittenOut, summary="Record a change")
        async def change(
            code: Code, body: Change, caller: CallerOf, expected: Expected
        ) -> Response:
            request = replace(_request(reported(code, body), caller), expected=expected)
            return response(await self.once.run(request, caller.key, _changed))

        @router.get(
            "/{code}",
            response_model=EntityOut,
            dependencies=[Reader],
            summary="An entity as it stands",
        )
        async def entity(code: Code) -> Response:
            return entity_response(await self.queries.find(code))

        @router.get(
            "/{code}/events",
            response_model=HistoryOut,
            dependencies=[Reader],
            summary="The events of an entity",
        )
        async def history(code: Code, after: AfterSequence = 0, limit: Limit = 100) -> Response:
            return history_response(code, after, await self.queries.history(code, after, limit))

        return router

    def _log(self) -> APIRouter:
        router = APIRouter(prefix="/v1", tags=["log"])

        @router.get(
            "/events",
            response_model=FeedOut,
            dependencies=[Reader],
            summary="The event log after a position, in order and without gaps",
        )
        async def feed(after: AfterPosition = 0, limit: Limit = 100) -> Response:
            events, head = await self.queries.feed(after, limit)
            return feed_response(after, events, head)

        return router


def _request(fact: IntakeFact, caller: Caller) -> Request:
    return Request(fact, caller.system, fact_of(fact), caller.traceparent)


def _created(done: Done) -> Answer:
    return written_answer(done, 201)


def _changed(done: Done) -> Answer:
    return written_answer(done, 200)
