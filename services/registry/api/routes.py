"""The routes that write into the register."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.responses import Response

from services.registry.api.bodies import (
    Change,
    CorrectionBody,
    VoidBody,
    reported,
    reported_correction,
    reported_voiding,
)
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

# The same report again is answered by what it did the first time.
_KNOWN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": WrittenOut, "description": "It was recorded before."}
}

_REGISTRATIONS: Final[Sequence[tuple[str, type[IntakeFact], str]]] = (
    ("enterprises", EnterpriseRegisteredIn, "Register an enterprise"),
    ("cooperatives", CooperativeRegisteredIn, "Register a co-operative, a union or a group"),
    ("branches", BranchRegisteredIn, "Register a dependent unit"),
)


@dataclass(frozen=True)
class Doors:
    """The routers of this service over its use cases."""

    once: Once

    def routers(self) -> Sequence[APIRouter]:
        """All routers."""
        return (self._registrations(), self._entities())

    def _registration(self, model: type[IntakeFact]) -> Callable[..., Awaitable[Response]]:
        async def register(body: IntakeFact, caller: CallerOf) -> Response:
            return response(await self.once.run(_request(body, caller), caller.key, _created))

        # What the framework, and QuickRoute, read a body as.
        register.__annotations__["body"] = model
        return register

    def _registrations(self) -> APIRouter:
        router = APIRouter(prefix="/v1", tags=["registration"], route_class=QuickRoute)

        for name, model, summary in _REGISTRATIONS:
            router.add_api_route(
                f"/{name}",
                self._registration(model),
                methods=["POST"],
                name=name,
                status_code=201,
                response_model=WrittenOut,
                responses=_KNOWN,
                summary=summary,
            )
        return router

    def _entities(self) -> APIRouter:
        router = APIRouter(prefix="/v1/entities", tags=["entities"])

        @router.post("/{code}/changes", response_model=WrittenOut, summary="Record a change")
        async def change(
            code: Code, body: Change, caller: CallerOf, expected: Expected
        ) -> Response:
            return await self._change(_reported(reported, code, body), caller, expected)

        @router.post(
            "/{code}/corrections",
            response_model=WrittenOut,
            summary="Put right what was recorded wrongly",
        )
        async def correction(
            code: Code, body: CorrectionBody, caller: CallerOf, expected: Expected
        ) -> Response:
            return await self._change(_reported(reported_correction, code, body), caller, expected)

        @router.post(
            "/{code}/void",
            response_model=WrittenOut,
            summary="Undo a registration that was issued in error",
        )
        async def void(
            code: Code, body: VoidBody, caller: CallerOf, expected: Expected
        ) -> Response:
            return await self._change(_reported(reported_voiding, code, body), caller, expected)

        return router

    async def _change(self, fact: IntakeFact, caller: Caller, expected: int | None) -> Response:
        request = replace(_request(fact, caller), expected=expected)
        return response(await self.once.run(request, caller.key, _changed))


_Body = TypeVar("_Body")


def _reported(read: Callable[[str, _Body], IntakeFact], code: str, body: _Body) -> IntakeFact:
    # Fields that are right one by one may contradict one another.
    try:
        return read(code, body)
    except ValidationError as error:
        errors = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(errors) from error


def _request(fact: IntakeFact, caller: Caller) -> Request:
    return Request(fact, caller.system, fact_of(fact), caller.traceparent)


def _created(done: Done) -> Answer:
    return written_answer(done, 201)


def _changed(done: Done) -> Answer:
    return written_answer(done, 200)
