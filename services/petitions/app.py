"""Composition root: settings -> pool, doors, relay, lifespan."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI
from faststream.kafka import KafkaBroker

from services.petitions.api import Doors, attachments, imports, install_problems
from services.petitions.api.calendar import calendar_router
from services.petitions.api.oversight import oversight_router
from services.petitions.api.sessions import sessions_router
from services.petitions.api.snapshot import feed_router
from services.petitions.api.tracking import privacy_router
from services.petitions.consumer import register_door
from services.petitions.domain.calendar import Calendar
from services.petitions.domain.routing import Directory
from services.petitions.handlers import Commands, Queries
from services.petitions.handlers.attachments import Attachments
from services.petitions.handlers.automatic import Automatic
from services.petitions.handlers.calendars import Calendars
from services.petitions.handlers.feed import Feed
from services.petitions.handlers.imports import Imports
from services.petitions.handlers.oversight import Oversight
from services.petitions.handlers.privacy import Privacy
from services.petitions.handlers.register import RegisterCopy
from services.petitions.handlers.rulebook import Rulebook
from services.petitions.handlers.sessions import Sessions
from services.petitions.metrics import PetitionMetrics
from services.petitions.settings import Settings
from shared.contracts.communes import communes
from shared.contracts.topics import PETITION_EVENTS_TOPIC, REGISTRY_EVENTS_TOPIC
from shared.plumbing.auth import PrincipalSource, TokenFile
from shared.plumbing.background import attempt, listen, opened, repeat
from shared.plumbing.clock import Clock, SystemClock
from shared.plumbing.http import HealthChecks, create_app
from shared.plumbing.kafka.door import DoorMetrics
from shared.plumbing.metrics import new_registry
from shared.plumbing.outbox import OutboxMetrics, Relay
from shared.plumbing.outbox.watch import LogWatch
from shared.plumbing.postgres import Database

SOURCE = "/vn/lang-son/petitions"
AGENCIES = Path(__file__).parent / "data" / "agencies.json"
CALENDAR = Path(__file__).parent / "data" / "calendar.json"
_STOP_SECONDS = 10.0


def given_directory() -> Directory:
    """Return the agencies of the file beside the code. Raises Refusal as `Directory.read` does."""
    return Directory.read(AGENCIES.read_bytes(), communes())


class Service:
    """What runs beside the HTTP door: the relay."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self.series = new_registry()
        self.metrics = PetitionMetrics(self.series)
        self.outbox_metrics = OutboxMetrics(self.series, PETITION_EVENTS_TOPIC.name)
        self.database = Database(
            settings.database_url,
            name="petitions",
            max_size=settings.pool_size,
            bare_sessions=True,
        )
        directory = given_directory()
        self.rulebook = Rulebook(directory, Calendar.read(CALENDAR.read_bytes()))
        self.commands = Commands(self.database, clock, self.rulebook)
        self.queries = Queries(self.database, clock, self.rulebook)
        self.oversight = Oversight(self.database, clock, self.rulebook)
        self.sessions = Sessions(self.database, clock, self.rulebook)
        self.automatic = Automatic(self.database, clock, self.rulebook)
        self.calendars = Calendars(self.database, clock, self.rulebook, self.automatic)
        self._alarms: asyncio.Task[None] | None = None
        self.watch = LogWatch(settings.database_url, "petitions")
        self.feed = Feed(self.database, self.watch)
        self.privacy = Privacy(self.database, clock)
        self.imports = Imports(self.commands)
        self.attachments = Attachments(self.database, clock, self.rulebook)
        self.copy = RegisterCopy(self.database, clock)
        self.broker = KafkaBroker(settings.kafka, logger=None, graceful_timeout=_STOP_SECONDS)
        self.door = register_door(
            self.broker,
            self.copy,
            DoorMetrics(self.series, REGISTRY_EVENTS_TOPIC.name),
            instance=settings.instance,
        )
        self._listens: asyncio.Task[None] | None = None
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
        async with (
            opened(self.database),
            self.relay.running(),
            self.watch.running(),
            self._listening(),
            self._alarming(),
        ):
            yield

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        self._listens = asyncio.create_task(listen(self.broker), name="register")
        try:
            yield
        finally:
            self._listens.cancel()
            await asyncio.gather(self._listens, return_exceptions=True)
            await attempt("broker", self.broker.stop)

    @contextlib.asynccontextmanager
    async def _alarming(self) -> AsyncIterator[None]:
        async def look() -> int:
            dated = await self.calendars.apply()
            return dated + await self.automatic.hand_over() + await self.automatic.alarm()

        work = repeat("alarms", self.settings.alarm_seconds, look)
        self._alarms = asyncio.create_task(work, name="alarms")
        try:
            yield
        finally:
            self._alarms.cancel()
            await asyncio.gather(self._alarms, return_exceptions=True)

    async def check_alarms(self) -> None:
        """Fail when nobody gives alarms any more: a liveness check."""
        if self._alarms is not None and self._alarms.done():
            raise RuntimeError("the alarms have ended")

    async def check_register(self) -> None:
        """Fail when the registry's events are not taken in: a liveness check.

        Petitions do not wait for it: a code that is not known yet is taken as it is.
        """
        listens = self._listens
        if listens is not None and listens.done() and listens.exception() is not None:
            raise RuntimeError("the registry's door has ended") from listens.exception()
        await self.door.check()

    def health(self) -> HealthChecks:
        """The checks of this service."""
        return HealthChecks(
            ready={"database": self.database.check, "relay": self.relay.check},
            live={
                "relay": self.relay.check,
                "register": self.check_register,
                "alarms": self.check_alarms,
            },
        )

    async def refresh_outbox(self) -> None:
        """Read the outbox for a scrape."""
        await self.outbox_metrics.refresh(self.database, self.clock)

    async def refresh_petitions(self) -> None:
        """Count the petitions for a scrape."""
        self.metrics.show(await self.queries.count_by_status())
        self.metrics.parked.set(await self.copy.count_parked())


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
        refreshers=[service.refresh_outbox, service.refresh_petitions, service.door.refresh],
        routers=[
            *Doors(service.commands, service.queries).routers(),
            attachments.attachments_router(service.attachments),
            imports.imports_router(service.imports),
            privacy_router(service.privacy),
            feed_router(service.feed),
            oversight_router(service.oversight),
            sessions_router(service.sessions),
            calendar_router(service.calendars),
        ],
        body_rules={
            attachments.PLACE: attachments.BODY_RULE,
            imports.PLACE: imports.BODY_RULE,
        },
        lifespan=lifespan,
        # Who waits for an event would keep the service from stopping.
        on_stop=[service.watch.release],
    )
    install_problems(app)
    return app
