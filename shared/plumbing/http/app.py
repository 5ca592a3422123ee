"""An HTTP service of ours: problems, limits, health, metrics and OpenAPI are the same in all."""

import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from prometheus_client import CollectorRegistry

from shared.plumbing.auth import PrincipalSource
from shared.plumbing.collector import settle
from shared.plumbing.http import problems
from shared.plumbing.http.health import HealthChecks, Refresher, health_router
from shared.plumbing.http.middleware import BodyGate, BodyRule, HttpMetrics, Observer
from shared.plumbing.http.openapi import DEFAULT_RESPONSE, install_openapi
from shared.plumbing.http.text import refuse_unstorable_text


class Lifespan(Protocol):
    """What opens before the first request and closes after the last."""

    def __call__(self, app: FastAPI, /) -> AbstractAsyncContextManager[None]:
        """The block in which requests are served."""
        ...


def create_app(
    *,
    service: str,
    title: str,
    version: str,
    description: str,
    principals: PrincipalSource,
    health: HealthChecks,
    registry: CollectorRegistry,
    refreshers: Sequence[Refresher] = (),
    routers: Sequence[APIRouter] = (),
    lifespan: Lifespan | None = None,
    body_rules: Mapping[str, BodyRule] | None = None,
    on_stop: Sequence[Callable[[], None]] = (),
) -> FastAPI:
    """A FastAPI application with our doors.

    `service` labels the series; `refreshers` run before each scrape; `body_rules` allow other
    bodies than 1 MiB of JSON below some path prefixes; `on_stop` is called when no request is
    taken any more and those that run are still waited for. There is no documentation page: it
    would load its scripts from elsewhere. OpenAPI is at /openapi.json.
    """
    app = FastAPI(
        title=title,
        version=version,
        description=description,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_unstorable_text)],
        responses=DEFAULT_RESPONSE,
        redirect_slashes=False,
    )
    app.state.principals = principals
    app.state.on_stop = on_stop
    problems.install(app)
    app.include_router(health_router(health, registry, refreshers))
    for router in routers:
        app.include_router(router)
    # The last one added is the outermost.
    app.add_middleware(BodyGate, rules=body_rules or {})
    app.add_middleware(Observer, metrics=HttpMetrics(registry, service))
    install_openapi(app)
    return app


class _Server(uvicorn.Server):
    """Says that it stops before it waits for the requests that run."""

    def __init__(self, config: uvicorn.Config, on_stop: Sequence[Callable[[], None]]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for tell in self._on_stop:
            tell()
        await super().shutdown(sockets)


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve until a signal, then finish what runs (10 s). Exits with 3 when it could not start."""
    server = _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=10,
        ),
        getattr(app.state, "on_stop", ()),
    )
    settle()
    server.run()
    if not server.started:
        sys.exit(3)
