"""The routes of the petitions."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, Query
from starlette.responses import Response

from services.petitions.api.actions import BODIES, ActionIn
from services.petitions.api.bodies import FileIn
from services.petitions.api.parameters import (
    Actor,
    AfterSequence,
    CallerOf,
    Expected,
    Filer,
    Handler,
    Id,
    Limit,
    Subscriber,
)
from services.petitions.api.quick import QuickRoute
from services.petitions.api.views import (
    ActedOut,
    CaseOut,
    FiledOut,
    HistoryOut,
    PageOut,
    acted_answer,
    case_json,
    etag,
    event_json,
    filed_answer,
    listed_json,
    next_of,
    read_cursor,
)
from services.petitions.domain.workflow import ACTION_VI
from services.petitions.handlers import Commands, Filters, Queries
from shared.contracts.values import Agency, PetitionId, PetitionStatus
from shared.plumbing.idempotency import Answer


@dataclass(frozen=True)
class Doors:
    """The routers of this service over its use cases."""

    commands: Commands
    queries: Queries

    def routers(self) -> Sequence[APIRouter]:
        """All routers."""
        return (self._petitions(), self._actions(), self._events())

    def _petitions(self) -> APIRouter:
        router = APIRouter(prefix="/v1/petitions", tags=["petitions"], route_class=QuickRoute)

        @router.post(
            "",
            status_code=201,
            response_model=FiledOut,
            dependencies=[Filer],
            summary="File a petition",
        )
        async def file(body: FileIn, caller: CallerOf) -> Response:
            answer = await self.commands.file(
                body.command(),
                body.private(),
                reference=body.reference,
                caller=caller,
                render=filed_answer,
            )
            return _response(answer)

        @router.get("", response_model=PageOut, summary="List petitions by due date")
        async def page(
            _: Handler,
            status: PetitionStatus | None = None,
            agency: Agency | None = None,
            session: PetitionId | None = None,
            after: Annotated[
                str | None, Query(max_length=100, description="`next` of the page before.")
            ] = None,
            limit: Limit = 100,
        ) -> Response:
            filters = Filters(status, agency, session)
            found = await self.queries.page(filters, read_cursor(after), limit)
            items = [listed_json(listed) for listed in found]
            return _json({"items": items, "next": next_of(found, limit)})

        @router.get("/{petition_id}", response_model=CaseOut, summary="Read a petition")
        async def get(petition_id: Id, principal: Handler) -> Response:
            case = await self.queries.get(petition_id, principal)
            headers = {"ETag": etag(case.standing.petition.version)}
            # A person's data stays out of every cache on the way.
            return _json(case_json(case), {**headers, "Cache-Control": "private, no-store"})

        return router

    def _actions(self) -> APIRouter:
        router = APIRouter(
            prefix="/v1/petitions/{petition_id}/actions",
            tags=["actions"],
            dependencies=[Actor],
            route_class=QuickRoute,
        )
        for action, body in BODIES.items():
            router.add_api_route(
                f"/{action}",
                self._act(body),
                methods=["POST"],
                name=action,
                response_model=ActedOut,
                summary=ACTION_VI[action].capitalize(),
                description=body.__doc__,
            )
        return router

    def _act(self, model: type[ActionIn]) -> Callable[..., Awaitable[Response]]:
        async def act(
            petition_id: Id, caller: CallerOf, seen: Expected, body: ActionIn
        ) -> Response:
            answer = await self.commands.act(
                petition_id,
                body.command(),
                expected=seen,
                reference=body.reference,
                caller=caller,
                render=acted_answer,
                tracking_code=body.tracking_code,
            )
            return _response(answer)

        # One endpoint for all rows of the table; each has its own body.
        act.__annotations__["body"] = model
        if not any(field.is_required() for field in model.model_fields.values()):
            act.__annotations__["body"] = Annotated[model, Body(default_factory=model)]
        return act

    def _events(self) -> APIRouter:
        router = APIRouter(tags=["events"])

        @router.get(
            "/v1/petitions/{petition_id}/events",
            response_model=HistoryOut,
            summary="The events of a petition",
        )
        async def history(
            petition_id: Id, _: Subscriber, after: AfterSequence = 0, limit: Limit = 100
        ) -> Response:
            found = await self.queries.history(petition_id, after, limit)
            last = found[-1].sequence if found else after
            return _json({"events": [event_json(event) for event in found], "next": last})

        return router


def _response(answer: Answer) -> Response:
    return Response(
        answer.body, answer.status, headers=dict(answer.headers), media_type="application/json"
    )


def _json(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")
