"""The door of files: CSV, XLSX, NDJSON in; progress, report and refused rows out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response, StreamingResponse

from services.registry.api.parameters import FEED, system_of
from services.registry.domain.sheets import Options
from services.registry.handlers.imports import WAITS, Import, Imports, Sent
from services.registry.handlers.imports.rejected import as_csv, as_ndjson, as_workbook
from shared.contracts.values import IndustryScheme, Origin
from shared.plumbing.auth import Principal
from shared.plumbing.http import BodyRule, IdempotencyKey, requires

PREFIX: Final = "/v1/imports"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS: Final = {"text/csv": "csv", XLSX: "xlsx", "application/x-ndjson": "ndjson"}
_MEDIA: Final = {name: media for media, name in FORMATS.items()}
LARGEST_FILE: Final = 500 * 1024 * 1024
BODY_RULE: Final = BodyRule(LARGEST_FILE, frozenset(FORMATS))

FactName = Literal[
    "EnterpriseRegistered",
    "CooperativeRegistered",
    "BranchRegistered",
    "EntityMovedIn",
    "CapitalChanged",
    "DetailsChanged",
    "EntitySuspended",
    "EntityResumed",
    "EntityNotAtAddress",
    "EntityFoundAtAddress",
    "CertificateRevoked",
    "DissolutionStarted",
    "BankruptcyOpened",
    "EntityDissolved",
    "EntityMovedOut",
    "EntityReinstated",
    "RegistrationCorrected",
    "RegistrationVoided",
]
Unit = Literal["dong", "trieu", "ty"]
Feeder = Annotated[Principal, Depends(requires(FEED))]


class FailureOut(BaseModel):
    """Why a file could not be read as a whole."""

    code: str
    vi: str
    en: str


class ImportOut(BaseModel):
    """One imported file.

    `state`: queued, running, done, failed, cancelled. `progress` is the share of the file that is
    done; `counts` are rows by result: recorded, repeated, or the code of a refusal. `waiting` are
    rows of units whose parent was not met yet: they are judged when the whole file is read.
    `removed_at`: the rows are no longer kept, this is what is left.
    """

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    repeated: bool
    dry_run: bool
    format: Literal["csv", "xlsx", "ndjson"]
    options: dict[str, str | None]
    octets: int
    digest: str
    encoding: str | None
    ignored: list[str]
    progress: float
    last_row: int
    rows: int
    recorded: int
    rejected: int
    waiting: int
    counts: dict[str, int]
    failure: FailureOut | None
    received_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    removed_at: datetime | None


class RowOut(BaseModel):
    """What became of one row. `result`: recorded, repeated, or the code of a refusal.

    `waiting_for_parent` while the file is read.
    """

    row: int
    code: str | None
    result: str
    sequence: int | None
    reference: str | None
    reason: str | None
    reason_en: str | None


class ReportOut(BaseModel):
    """Rows in the order of the file; `next` is the row to go on after, null at the end."""

    rows: list[RowOut]
    next: int | None


async def options_dependency(
    origin: Annotated[
        Origin, Query(description="Of rows that do not say it: backfill is history.")
    ] = "backfill",
    fact: Annotated[
        FactName | None,
        Query(description="Of rows that do not say it; without it, the form's registration."),
    ] = None,
    unit: Annotated[
        Unit | None, Query(description="Of amounts whose heading and cell do not say it.")
    ] = None,
    decimal: Annotated[
        Literal["comma", "dot"] | None,
        Query(description="The decimal mark; without it, 1.234 tỷ is refused as ambiguous."),
    ] = None,
    scheme: Annotated[
        IndustryScheme | None,
        Query(description="Of industries whose heading does not say it."),
    ] = None,
) -> Options:
    """What the sender declares for a whole file."""
    return Options(origin, fact, unit, decimal, scheme)


@dataclass(frozen=True)
class ImportDoors:
    """The router of imports over its use cases."""

    imports: Imports

    def routers(self) -> Sequence[APIRouter]:
        """All routers."""
        return (self._files(), self._results())

    def _files(self) -> APIRouter:
        router = APIRouter(prefix=PREFIX, tags=["imports"])

        @router.post(
            "",
            status_code=202,
            response_model=ImportOut,
            responses={200: {"model": ImportOut, "description": "This file is known."}},
            openapi_extra={
                "requestBody": {
                    "required": True,
                    "content": {
                        m: {"schema": {"type": "string", "format": "binary"}} for m in FORMATS
                    },
                }
            },
            summary="Import a file: CSV, XLSX or NDJSON",
        )
        async def upload(
            request: Request,
            principal: Feeder,
            options: Annotated[Options, Depends(options_dependency)],
            dry_run: bool = False,
            again: Annotated[
                bool, Query(description="Run a file that is known once more.")
            ] = False,
            key: IdempotencyKey = None,
        ) -> Response:
            media = request.headers.get("content-type", "").split(";")[0].strip().lower()
            sent = Sent(
                principal.name,
                system_of(principal),
                FORMATS.get(media, "csv"),
                options,
                dry_run,
                again,
                key,
            )
            one, known = await self.imports.receive(sent, request.stream())
            return _answer(one, repeated=known, status=200 if known else 202)

        @router.get("/{import_id}", response_model=ImportOut, summary="How far an import is")
        async def status(import_id: UUID, _: Feeder) -> Response:
            return _answer(await self._find(import_id))

        @router.delete(
            "/{import_id}",
            response_model=ImportOut,
            summary="End an import where it stands; what was recorded stays",
        )
        async def cancel(import_id: UUID, _: Feeder) -> Response:
            await self._find(import_id)
            return _answer(await self.imports.cancel(str(import_id)))

        return router

    def _results(self) -> APIRouter:
        router = APIRouter(prefix=PREFIX, tags=["imports"])

        @router.get(
            "/{import_id}/report",
            response_model=ReportOut,
            summary="What became of each row",
        )
        async def report(
            import_id: UUID,
            _: Feeder,
            after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
            limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
            result: Annotated[str | None, Query(max_length=100)] = None,
        ) -> Response:
            rows = await self.imports.rows(str(import_id), after=after, limit=limit, result=result)
            body = {
                "rows": [
                    {
                        "row": r.row,
                        "code": r.code,
                        "result": r.result,
                        "sequence": r.sequence,
                        "reference": r.reference,
                        "reason": r.vi,
                        "reason_en": r.en,
                    }
                    for r in rows
                ],
                "next": rows[-1].row if len(rows) == limit else None,
            }
            return JSONResponse(body)

        @router.get(
            "/{import_id}/rejected",
            response_class=Response,
            responses={
                200: {
                    "content": {
                        m: {"schema": {"type": "string", "format": "binary"}} for m in FORMATS
                    }
                },
            },
            summary="The refused rows in the file's own format, with the reason beside them",
        )
        async def rejected(import_id: UUID, _: Feeder) -> Response:
            return self._rejected(await self.imports.find_with_rows(str(import_id)))

        return router

    async def _find(self, import_id: UUID) -> Import:
        return await self.imports.find(str(import_id))

    def _rejected(self, one: Import) -> Response:
        rows = self.imports.refused(one.id)
        charset = ""
        if one.format == "csv":
            body = as_csv(one, rows)
            names = {"cp1258": "windows-1258", "utf-16": "utf-16"}
            charset = f"; charset={names.get(one.encoding or '', 'utf-8')}"
        else:
            body = as_workbook(one, rows) if one.format == "xlsx" else as_ndjson(rows)
        headers = {
            "content-disposition": f'attachment; filename="rejected-{one.id}.{one.format}"',
            "content-type": _MEDIA[one.format] + charset,
        }
        return StreamingResponse(body, headers=headers)


def _answer(one: Import, *, repeated: bool = False, status: int = 200) -> Response:
    return JSONResponse(view(one, repeated=repeated), status, {"Location": f"{PREFIX}/{one.id}"})


def view(one: Import, *, repeated: bool) -> dict[str, Any]:
    """Return an import as it is shown."""
    good = one.counts.get("recorded", 0), one.counts.get("repeated", 0)
    total, waiting = sum(one.counts.values()), one.counts.get(WAITS, 0)
    return {
        "id": one.id,
        "state": one.state,
        "repeated": repeated,
        "dry_run": one.dry_run,
        "format": one.format,
        "options": dict(one.options),
        "octets": one.octets,
        "digest": (one.digest or b"").hex(),
        "encoding": one.encoding,
        "ignored": one.ignored,
        "progress": round(one.octets_done / one.octets, 4) if one.octets else 0.0,
        "last_row": one.row_done,
        "rows": total,
        "recorded": good[0],
        "rejected": total - sum(good) - waiting,
        "waiting": waiting,
        "counts": dict(one.counts),
        "failure": one.failure,
        **{
            name: moment.isoformat().replace("+00:00", "Z") if moment else None
            for name, moment in (
                ("received_at", one.received_at),
                ("started_at", one.started_at),
                ("ended_at", one.ended_at),
                ("removed_at", one.removed_at),
            )
        },
    }
