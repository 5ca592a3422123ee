"""The routes that write into the register."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastapi import APIRouter
from starlette.responses import Response

from services.registry.api.bodies import Change, reported
from services.registry.api.parameters import (
    Caller,
    CallerOf,
    Code,
    Expected,
)
from services.registry.api.quick import QuickRoute
from services.registry.api.views import (
    WrittenOut,
    response,
    written_answer,
)
from services.registry.domain import fact_of
from services.registry.handlers import Done, Once, Request
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

    def routers(self) -> Sequence[APIRouter]:
        """All routers."""
        return (self._registrations(), self._entities())

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

        return router


def _request(fact: IntakeFact, caller: Caller) -> Request:
    return Request(fact, caller.system, fact_of(fact), caller.traceparent)


def _created(done: Done) -> Answer:
    return written_answer(done, 201)


def _changed(done: Done) -> Answer:
    return written_answer(done, 200)
