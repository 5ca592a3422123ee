"""The routes that hold the source of record's figures against the register."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic import ValidationError as Invalid
from starlette.responses import Response

from services.registry.api.lists import checked, invalid_row, read_list
from services.registry.api.parameters import FEED, Limit, Reader
from services.registry.api.problems import problem_of_fields
from services.registry.api.reconciled import (
    DifferencesOut,
    ReconciliationOut,
    ReconciliationsOut,
    answer_of,
    differences_json,
    octets,
    result_json,
)
from services.registry.api.rows import NDJSON
from services.registry.api.views import JSON, response
from services.registry.handlers import Key
from services.registry.handlers.reconcile import Reconciler, Said, Theirs, Total
from shared.contracts.values import EntityKind, EntityStatus, LegalDate, complaint
from shared.plumbing.auth import Principal
from shared.plumbing.clock import legal_date
from shared.plumbing.errors import Problem
from shared.plumbing.http import BodyRule, IdempotencyKey, requires

PREFIX: Final = "/v1/reconciliations"
_CSV: Final = "text/csv"
BODY_RULE: Final = BodyRule(256 * 1024 * 1024, frozenset({JSON, NDJSON, _CSV}))
_LARGEST_JSON: Final = 16 * 1024 * 1024
_KINDS: Final = get_args(EntityKind)
_Source = Annotated[str, Field(min_length=1, max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TotalIn(_Body):
    """Open subjects of a kind, or those of one status; capital in VND where it is known."""

    kind: EntityKind
    status: EntityStatus | None = None
    count: Annotated[int, Field(ge=0, le=2**53)]
    capital_vnd: Annotated[int | None, Field(ge=0, le=10**24)] = None


class ListedIn(_Body):
    """A code of the other side; what is left out is not compared."""

    code: Annotated[str, Field(max_length=14)]
    status: EntityStatus | None = None
    capital_vnd: Annotated[int | None, Field(ge=0, le=10**15)] = None


class ReconciliationIn(_Body):
    """Totals, or a list of codes; a long list comes as lines of JSON or CSV instead."""

    figures: Annotated[list[TotalIn] | None, Field(min_length=1, max_length=200)] = None
    entities: Annotated[list[ListedIn] | None, Field(max_length=200_000)] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "ReconciliationIn":
        if (self.figures is None) == (self.entities is None):
            raise complaint(
                "totals_or_list",
                "Gửi hoặc số tổng (figures) hoặc danh sách mã số (entities).",
                "Send either totals (figures) or a list of codes (entities)",
            )
        keys = [(f.kind, f.status) for f in self.figures or ()]
        whole = {kind for kind, status in keys if status is None}
        if len(set(keys)) < len(keys) or any(s is not None and k in whole for k, s in keys):
            raise complaint(
                "figure_twice",
                "Một loại được cho hai lần, hoặc vừa tổng vừa theo tình trạng.",
                "A kind is given twice, or both as a whole and by status",
            )
        return self


_body: Final = TypeAdapter(ReconciliationIn)


class SaidBy(BaseModel):
    """Whose figures they are, of which legal date (today when left out), and of which kinds."""

    model_config = ConfigDict(extra="forbid")

    source: _Source = "-"
    as_of: LegalDate | None = None
    kind: Annotated[
        list[EntityKind],
        Field(max_length=7, description="The kinds that a list is about; all when left out."),
    ] = []


def _whole(part: Any, named: dict[str, Any]) -> Any:
    """Return a schema with its named parts in their places: the document does not know them."""
    if isinstance(part, list):
        return [_whole(one, named) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _whole(named[part["$ref"].rsplit("/", 1)[-1]], named)
    return {name: _whole(one, named) for name, one in part.items() if name != "$defs"}


def _schema() -> Any:
    schema = ReconciliationIn.model_json_schema()
    return _whole(schema, schema["$defs"])


_REQUEST: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": _schema()},
            NDJSON: {"schema": {"type": "string"}},
            _CSV: {"schema": {"type": "string"}},
        },
    }
}
_Feeder = Annotated[Principal, Depends(requires(FEED))]
_What = Literal["missing_here", "missing_there", "status_differs", "capital_differs"]


class _Taken:
    """A body as it comes, with its digest."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._digest = hashlib.sha256(f"POST {request.url.path}?{request.url.query}\n".encode())

    async def pieces(self) -> AsyncIterator[bytes]:
        async for piece in self._request.stream():
            self._digest.update(piece)
            yield piece

    async def whole(self) -> bytes:
        body = bytearray()
        async for piece in self.pieces():
            body += piece
            if len(body) > _LARGEST_JSON:
                raise invalid_row(0, "quá dài: hãy gửi NDJSON hoặc CSV", "too long: send NDJSON")
        return bytes(body)

    def key(self, caller: str, key: str | None) -> Key | None:
        return None if key is None else Key(caller, key, self._digest.digest())


@dataclass(frozen=True)
class Reconciling:
    """The routes over `Reconciler`."""

    reconciler: Reconciler

    def router(self) -> APIRouter:
        """All of them."""
        router = APIRouter(prefix=PREFIX, tags=["reconciliation"])

        @router.post(
            "",
            status_code=201,
            response_model=ReconciliationOut,
            openapi_extra=_REQUEST,
            summary="Hold the totals or the list of the source of record against the register",
        )
        async def reconcile(
            request: Request,
            said: Annotated[SaidBy, Query()],
            caller: _Feeder,
            key: IdempotencyKey = None,
        ) -> Response:
            return await self._reconcile(request, said, caller.name, key)

        @router.get(
            "",
            response_model=ReconciliationsOut,
            dependencies=[Reader],
            summary="Reconciliations, the newest first",
        )
        async def newest(before: UUID | None = None, limit: Limit = 20) -> Response:
            found = await self.reconciler.newest(str(before) if before else None, limit)
            following = found[-1].made.id if len(found) == limit else None
            body = {"reconciliations": [result_json(r) for r in found], "next": following}
            return Response(octets(body), media_type=JSON)

        @router.get(
            "/{id}",
            response_model=ReconciliationOut,
            dependencies=[Reader],
            summary="One reconciliation",
        )
        async def one(id: UUID) -> Response:  # noqa: A002 - the path names it
            result = await self.reconciler.find(str(id))
            return Response(octets(result_json(result)), media_type=JSON)

        @router.get(
            "/{id}/differences",
            response_model=DifferencesOut,
            dependencies=[Reader],
            summary="The codes on which both sides differ",
        )
        async def differences(
            id: UUID,  # noqa: A002 - the path names it
            what: _What | None = None,
            after: Annotated[str, Query(max_length=14)] = "",
            limit: Limit = 100,
        ) -> Response:
            found = await self.reconciler.differences(str(id), what, after, limit)
            return Response(octets(differences_json(found, limit)), media_type=JSON)

        return router

    async def _reconcile(
        self, request: Request, asked: SaidBy, caller: str, key: str | None
    ) -> Response:
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        taken = _Taken(request)
        today = legal_date(self.reconciler.clock.now())
        said = Said(caller, asked.source, asked.as_of or today)
        kinds = asked.kind or _KINDS
        if kind in (NDJSON, _CSV):
            rows = read_list(taken.pieces(), as_csv=kind == _CSV)
            return response(
                await self.reconciler.listed(
                    said, kinds, rows, lambda: taken.key(caller, key), answer_of
                )
            )
        body = _read(await taken.whole())
        mine = taken.key(caller, key)
        if body.figures is not None:
            totals = [Total(f.kind, f.status, f.count, f.capital_vnd) for f in body.figures]
            return response(await self.reconciler.totals(said, totals, mine, answer_of))
        rows = _slices(body.entities or [])
        return response(await self.reconciler.listed(said, kinds, rows, lambda: mine, answer_of))


def _read(body: bytes) -> ReconciliationIn:
    try:
        return _body.validate_json(body)
    except Invalid as error:
        errors: list[Any] = [{**e, "loc": ("body", *e["loc"])} for e in error.errors()]
        if errors[0]["type"] == "json_invalid":
            raise _malformed() from error
        raise problem_of_fields(errors) from error


def _malformed() -> Problem:
    return Problem(
        "malformed_json",
        400,
        title_vi="Nội dung không phải JSON hợp lệ",
        title_en="The body is not valid JSON",
    )


async def _slices(listed: list[ListedIn]) -> AsyncIterator[list[Theirs]]:
    yield [
        checked(one.code, one.status, one.capital_vnd, number)
        for number, one in enumerate(listed, start=1)
    ]
