"""The composition root: settings -> pool, relay, use cases, doors, lifespan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.petitions.api import Doors, install_refusals
from services.petitions.domain.routing import Directory
from services.petitions.handlers import Reading, Writing
from services.petitions.metrics import PetitionMetrics
from services.petitions.settings import Settings
from shared.contracts.communes import communes
from shared.contracts.topics import PETITION_EVENTS_TOPIC
from shared.plumbing.auth import PrincipalSource, TokenFile
from shared.plumbing.clock import Clock, SystemClock, monotonic
from shared.plumbing.http import HealthChecks, create_app
from shared.plumbing.log import get_logger
from shared.plumbing.outbox import OutboxMetrics, Relay
from shared.plumbing.postgres import UNAVAILABLE, Database

NAME: Final = "petitions"
SOURCE: Final = "/vn/lang-son/petitions"
_AGENCIES: Final = Path(__file__).parent / "data" / "agencies.json"
_START_SECONDS: Final = 30.0
_NOT_YET: Final[tuple[type[Exception], ...]] = (*UNAVAILABLE, OSError)
_log = get_logger(__name__)


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    principals: PrincipalSource | None = None,
    with_relay: bool = True,
) -> FastAPI:
    """Build the service. Tests give a clock and principals, or leave the relay out."""
    clock = clock or SystemClock()
    registry = CollectorRegistry()
    database = Database(settings.database_url, name=NAME, min_size=2, max_size=settings.pool_size)
    outbox = OutboxMetrics(registry, PETITION_EVENTS_TOPIC.name)
    relay = _relay(settings, clock, outbox)
    directory = Directory.read(_AGENCIES.read_bytes(), communes())

    async def refresh_outbox() -> None:
        await outbox.refresh(database, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await _open(database)
        try:
            if with_relay:
                async with relay.running():
                    yield
            else:
                yield
        finally:
            await database.close()

    app = create_app(
        service=NAME,
        title="Cầu Nối: kiến nghị (petitions)",
        version="1.0.0",
        description="Petitions of enterprises and co-operatives, from filing to definitively "
        "settled. The text and the person stay in this service.",
        principals=principals or TokenFile(settings.tokens),
        health=HealthChecks(ready={"database": database.check, "relay": relay.check}),
        registry=registry,
        refreshers=(refresh_outbox, PetitionMetrics(registry, database).refresh),
        routers=Doors(Writing(database, clock, directory), Reading(database, directory)).routers(),
        lifespan=lifespan,
    )
    install_refusals(app)
    return app


def _relay(settings: Settings, clock: Clock, metrics: OutboxMetrics) -> Relay:
    return Relay(
        dsn=settings.database_url,
        bootstrap=settings.kafka,
        topic=PETITION_EVENTS_TOPIC.name,
        partitions=PETITION_EVENTS_TOPIC.partitions,
        source=SOURCE,
        name=f"{NAME}-{settings.instance}",
        clock=clock,
        metrics=metrics,
    )


async def _open(database: Database) -> None:
    """Open the pool; a server that is just starting is waited for."""
    patience = monotonic() + _START_SECONDS
    while True:
        try:
            return await database.open()
        except _NOT_YET as error:
            if monotonic() > patience:
                raise
            _log.warning("database_awaited", reason=f"{type(error).__name__}: {error}")
            await asyncio.sleep(0.5)
