"""Is it alive, is it ready, what does it count: the three doors without a key."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from shared.plumbing.errors import JsonValue
from shared.plumbing.log import get_logger

_log = get_logger(__name__)
_CHECK_SECONDS = 1.0
_REFRESH_SECONDS = 5.0

Check: TypeAlias = Callable[[], Awaitable[None]]
Refresher: TypeAlias = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class HealthChecks:
    """Named checks: each passes by returning and fails by raising; its message is shown.

    `ready`: can requests be served? `live`: does it make progress, or must it be restarted?
    """

    ready: Mapping[str, Check] = field(default_factory=dict)
    live: Mapping[str, Check] = field(default_factory=dict)


def health_router(
    health: HealthChecks, registry: CollectorRegistry, refreshers: Sequence[Refresher]
) -> APIRouter:
    """`/healthz` and `/readyz` (200 or 503, each check within a second) and `/metrics`."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz", summary="Alive and making progress")
    async def healthz() -> Response:
        return await _answer(health.live)

    @router.get("/readyz", summary="Ready to serve")
    async def readyz() -> Response:
        return await _answer(health.ready)

    @router.get("/metrics", summary="Prometheus series", response_class=Response)
    async def metrics() -> Response:
        await asyncio.gather(*(_refresh(refresher) for refresher in refreshers))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


async def _answer(checks: Mapping[str, Check]) -> JSONResponse:
    results = await asyncio.gather(*(_try(check) for check in checks.values()))
    failed = any(result != "ok" for result in results)
    body: dict[str, JsonValue] = {
        "status": "failing" if failed else "ok",
        "checks": dict(zip(checks, results, strict=True)),
    }
    return JSONResponse(body, status_code=503 if failed else 200)


async def _try(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), _CHECK_SECONDS)
    except TimeoutError:
        return "no answer within a second"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "ok"


async def _refresh(refresher: Refresher) -> None:
    """A series that cannot be read must not hide the others."""
    try:
        await asyncio.wait_for(refresher(), _REFRESH_SECONDS)
    except Exception as error:
        _log.warning("metrics_not_refreshed", reason=f"{type(error).__name__}: {error}")
