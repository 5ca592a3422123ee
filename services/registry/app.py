"""Composition root: settings -> pool, doors, relay, timers, lifespan."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from datetime import timedelta

from fastapi import FastAPI
from faststream.kafka import KafkaBroker

from services.registry.api import (
    Doors,
    Reading,
    Reconciling,
    Reorganizing,
    Subscribing,
    imports,
    install_problems,
    reconciliations,
)
from services.registry.consumer import intake_door
from services.registry.handlers import Once, Queries, Registrar
from services.registry.handlers.feed import Feed
from services.registry.handlers.imports import Imports, WorkerProcess, let_go
from services.registry.handlers.proof import log_head
from services.registry.handlers.reconcile import Reconciler
from services.registry.handlers.rejects import Rejects
from services.registry.handlers.search import Search
from services.registry.handlers.streams import Streams
from services.registry.handlers.units import Gazetteer
from services.registry.metrics import RegistryMetrics
from services.registry.settings import Settings
from services.registry.timers import RejectedSender, end_suspensions, give_up_waiting
from shared.contracts.communes import communes
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC, REGISTRY_INTAKE_TOPIC
from shared.plumbing.auth import PrincipalSource, TokenFile
from shared.plumbing.background import attempt, listen, opened, repeat
from shared.plumbing.clock import Clock, SystemClock
from shared.plumbing.http import HealthChecks, create_app
from shared.plumbing.http.app import Lifespan
from shared.plumbing.ids import new_event_id
from shared.plumbing.kafka.door import DoorMetrics
from shared.plumbing.log import get_logger
from shared.plumbing.metrics import new_registry
from shared.plumbing.outbox import OutboxMetrics, Relay
from shared.plumbing.outbox.watch import LogWatch
from shared.plumbing.postgres import Database

_log = get_logger(__name__)
SOURCE = "/vn/lang-son/registry"
_STOP_SECONDS = 10.0
_REJECTED_EVERY = 0.5
_WAITING_EVERY = 2.0
_SUSPENSIONS_EVERY = 30.0
_KEYS_EVERY = 3_600.0
_IMPORTS_EVERY = 0.25
_LETTING_GO_EVERY = 3_600.0
_UNITS_EVERY = 60.0
_HEAD_EVERY = 300.0
# Long enough for every client that tries again.
_KEYS_KEPT = timedelta(days=7)


class Service:
    """What runs beside the HTTP door: the relay, the intake door, the timers."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self.series = new_registry()
        self.metrics = RegistryMetrics(self.series)
        self.outbox_metrics = OutboxMetrics(self.series, REGISTRY_EVENTS_TOPIC.name)
        self.database = Database(
            settings.database_url, name="registry", max_size=16, bare_sessions=True
        )
        self.registrar = Registrar(
            self.database, clock, new_event_id, frozenset(communes()), self.metrics.count
        )
        self.queries = Queries(self.database)
        self.gazetteer = Gazetteer(self.database, clock)
        streams = Streams(self.database)
        self.search = Search(self.database, self.gazetteer, clock, streams)
        self.watch = LogWatch(settings.database_url, "registry")
        self.reconciler = Reconciler(self.database, clock, new_event_id)
        self.feed = Feed(self.database, self.watch, streams)
        self.once = Once(self.registrar, clock)
        self.relay = Relay(
            dsn=settings.database_url,
            bootstrap=settings.kafka,
            topic=REGISTRY_EVENTS_TOPIC.name,
            partitions=REGISTRY_EVENTS_TOPIC.partitions,
            source=SOURCE,
            name="registry",
            clock=clock,
            metrics=self.outbox_metrics,
        )
        self.broker = KafkaBroker(settings.kafka, logger=None, graceful_timeout=_STOP_SECONDS)
        self.door = intake_door(
            self.broker,
            self.registrar,
            self.database,
            DoorMetrics(self.series, REGISTRY_INTAKE_TOPIC.name),
            instance=settings.instance,
            max_records=settings.intake_batch,
        )
        self.rejected = RejectedSender(Rejects(self.database, clock), settings.kafka)
        self.imports = Imports(self.database, clock)
        self.import_worker = WorkerProcess(self.imports)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._listens = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything beside the HTTP door, within the block."""
        async with opened(self.database), self.relay.running(), self.watch.running():
            self._start()
            try:
                yield
            finally:
                await self._stop()

    def _start(self) -> None:
        patience = timedelta(seconds=self.settings.waiting_seconds)

        async def give_up() -> None:
            await give_up_waiting(self.registrar, patience)

        async def end() -> None:
            await end_suspensions(self.registrar)

        async def forget_keys() -> None:
            await self.once.forget(_KEYS_KEPT)

        async def let_imports_go() -> None:
            kept = timedelta(days=self.settings.imports_kept_days)
            await let_go(self.database, self.clock, kept)

        self._spawn("intake", self._listen())
        self._spawn("rejected", repeat("rejected", _REJECTED_EVERY, self.rejected.send_all))
        self._spawn("imports", repeat("imports", _IMPORTS_EVERY, self.import_worker.tend))
        self._spawn("letting_go", repeat("letting_go", _LETTING_GO_EVERY, let_imports_go))
        self._spawn("keys", repeat("keys", _KEYS_EVERY, forget_keys))
        self._spawn("head", repeat("head", _HEAD_EVERY, self.write_head))
        self._spawn("units", repeat("units", _UNITS_EVERY, self.read_units))
        self._spawn("waiting", repeat("waiting", _WAITING_EVERY, give_up))
        self._spawn("suspensions", repeat("suspensions", _SUSPENSIONS_EVERY, end))

    def _spawn(self, name: str, work: Coroutine[None, None, None]) -> None:
        self._tasks[name] = asyncio.create_task(work, name=name)

    async def _listen(self) -> None:
        await listen(self.broker)
        self._listens = True
        _log.info("intake_listens", topic=REGISTRY_INTAKE_TOPIC.name)

    async def _stop(self) -> None:
        await attempt("broker", self.broker.stop)
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await attempt("rejected", self.rejected.close)
        await attempt("imports", self.import_worker.close)

    async def check_tasks(self) -> None:
        """Fail when something that should run for ever has ended: a liveness check."""
        for name, task in self._tasks.items():
            if task.done() and not (name == "intake" and self._listens):
                raise RuntimeError(f"{name} has ended")

    async def check_intake(self) -> None:
        """Fail while the intake topic is not listened to: a readiness check."""
        if not self._listens:
            raise RuntimeError("the intake topic is not listened to yet")
        await self.door.check()

    def health(self) -> HealthChecks:
        """The checks of this service."""
        return HealthChecks(
            ready={
                "database": self.database.check,
                "relay": self.relay.check,
                "intake": self.check_intake,
            },
            live={
                "tasks": self.check_tasks,
                "relay": self.relay.check,
                "intake": self.door.check,
            },
        )

    async def read_units(self) -> None:
        """Read the communes again, for the questions and for the rules."""
        await self.gazetteer.refresh()
        self.registrar.know(self.gazetteer.units.known, self.gazetteer.units.ended)

    async def write_head(self) -> None:
        """Write the log's head into our own log."""
        await log_head(self.database)

    async def refresh_outbox(self) -> None:
        """Read the outbox for a scrape."""
        await self.outbox_metrics.refresh(self.database, self.clock)

    async def refresh_register(self) -> None:
        """Read the register for a scrape."""
        gauges = await self.queries.gauges()
        self.metrics.show(gauges.rejected, gauges.waiting, gauges.entities)
        self.metrics.show_imports(await self.imports.states())
        self.metrics.feed_waiting.set(self.watch.waiting)
        drifts = await self.reconciler.drifts()
        self.metrics.show_drift([(d.kind, d.entities, d.capital_vnd) for d in drifts])


def build(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """Make the application with everything that runs beside it."""
    service = Service(settings, clock or SystemClock())

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    return application(service, TokenFile(settings.tokens), lifespan)


def application(
    service: Service, principals: PrincipalSource, lifespan: Lifespan | None = None
) -> FastAPI:
    """Make the HTTP door over a service; without `lifespan` nothing else runs."""
    app = create_app(
        service="registry",
        title="Cầu Nối - registry",
        version="1.0.0",
        description="The system of record of enterprises, co-operatives and their units.",
        principals=principals,
        health=service.health(),
        registry=service.series,
        refreshers=[service.refresh_outbox, service.refresh_register, service.door.refresh],
        routers=[
            *Doors(service.once).routers(),
            Reorganizing(service.once, service.queries).router(),
            Reading(service.search, service.queries).router(),
            Subscribing(service.feed).router(),
            *imports.ImportDoors(service.imports).routers(),
            Reconciling(service.reconciler).router(),
        ],
        lifespan=lifespan,
        body_rules={
            reconciliations.PREFIX: reconciliations.BODY_RULE,
            imports.PREFIX: imports.BODY_RULE,
        },
        # Who waits for an event would keep the service from stopping.
        on_stop=[service.watch.release],
    )
    install_problems(app)
    return app
