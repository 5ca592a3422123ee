"""Composition root: settings -> pool, doors, relay, lifespan."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI

from services.petitions.api import Doors, install_problems
from services.petitions.domain.routing import Directory
from services.petitions.handlers import Commands, Queries
from services.petitions.metrics import PetitionMetrics
from services.petitions.settings import Settings
from shared.contracts.communes import communes
from shared.contracts.topics import PETITION_EVENTS_TOPIC
from shared.plumbing.auth import PrincipalSource, TokenFile
from shared.plumbing.clock import Clock, SystemClock
from shared.plumbing.http import HealthChecks, create_app
from shared.plumbing.log import get_logger
from shared.plumbing.metrics import new_registry
from shared.plumbing.outbox import OutboxMetrics, Relay
from shared.plumbing.postgres import UNAVAILABLE, Database

_log = get_logger(__name__)
SOURCE = "/vn/lang-son/petitions"
AGENCIES = Path(__file__).parent / "data" / "agencies.json"
_START_SECONDS = 30.0


class Service:
    """What runs beside the HTTP door: the relay."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self.series = new_registry()
        self.metrics = PetitionMetrics(self.series)
        self.outbox_metrics = OutboxMetrics(self.series, PETITION_EVENTS_TOPIC.name)
        self.database = Database(
            settings.database_url, name="petitions", max_size=settings.pool_size
        )
        directory = Directory.read(AGENCIES.read_bytes(), communes())
        self.commands = Commands(self.database, clock, directory)
        self.queries = Queries(self.database, directory)
        self.relay = Relay(
            dsn=settings.database_url,
            bootstrap=settings.kafka,
            topic=PETITION_EVENTS_TOPIC.name,
            partitions=PETITION_EVENTS_TOPIC.partitions,
            source=SOURCE,
            name="petitions",
            clock=clock,
            metrics=self.outbox_metrics,
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything beside the HTTP door, within the block."""
        await self._open_database()
        try:
            async with self.relay.running():
                yield
        finally:
            await self.database.close()

    async def _open_database(self) -> None:
        """Open the pool; a server that is still starting is waited for."""
        async with asyncio.timeout(_START_SECONDS):
            while True:
                try:
                    return await self.database.open()
                except UNAVAILABLE as error:
                    _log.warning("database_awaited", reason=f"{type(error).__name__}: {error}")
                    await asyncio.sleep(0.5)

    def health(self) -> HealthChecks:
        """The checks of this service."""
        return HealthChecks(
            ready={"database": self.database.check, "relay": self.relay.check},
            live={"relay": self.relay.check},
        )

    async def refresh_outbox(self) -> None:
        """Read the outbox for a scrape."""
        await self.outbox_metrics.refresh(self.database, self.clock)

    async def refresh_petitions(self) -> None:
        """Count the petitions for a scrape."""
        self.metrics.show(await self.queries.count_by_status())


def build(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """Make the application."""
    return application(Service(settings, clock or SystemClock()), TokenFile(settings.tokens))


def application(service: Service, principals: PrincipalSource) -> FastAPI:
    """Make the HTTP door of a service whose callers are known to `principals`."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = create_app(
        service="petitions",
        title="Cầu Nối - petitions",
        version="1.0.0",
        description="Petitions of enterprises and co-operatives, from filing to definitively "
        "settled. The text and the person never leave this service.",
        principals=principals,
        health=service.health(),
        registry=service.series,
        refreshers=[service.refresh_outbox, service.refresh_petitions],
        routers=Doors(service.commands, service.queries).routers(),
        lifespan=lifespan,
    )
    install_problems(app)
    return app
