"""Composition root: settings -> pool, consumer, doors, lifespan."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.analytics.api import router
from services.analytics.consumer import ConsumerSettings, FigureConsumer
from services.analytics.domain.dead import RubbishWatch
from services.analytics.domain.indicators import Policy
from services.analytics.handlers.apply import Applier
from services.analytics.handlers.figures import Figures
from services.analytics.handlers.gauges import GaugeReader
from services.analytics.handlers.pipeline import Pipeline
from services.analytics.handlers.plans import Plans
from services.analytics.handlers.trail import Trail
from services.analytics.metrics import GaugeCollector, batch_seconds
from services.analytics.settings import Settings
from services.analytics.timers import follow_sequences
from shared.plumbing.auth import PrincipalSource, TokenFile
from shared.plumbing.clock import Clock, SystemClock, monotonic
from shared.plumbing.http import HealthChecks, create_app
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import UNAVAILABLE, Database

log = get_logger(__name__)
_STALLED_SECONDS = 60.0


class Service:
    """What runs beside the HTTP door: the consumer, and what is shown of it."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self.started = monotonic()
        self.registry = CollectorRegistry()
        self.collector = GaugeCollector()
        self.registry.register(self.collector)
        self.seconds = batch_seconds(self.registry)
        self.database = Database(settings.database_url, name="analytics", max_size=8)
        self.policy = Policy()
        self.gauges = GaugeReader(self.database, self.policy, clock)
        self.consumer = FigureConsumer(
            ConsumerSettings(
                bootstrap=settings.kafka,
                group="caunoi-analytics",
                instance=settings.instance,
                max_records=settings.batch_records,
                session_seconds=settings.session_seconds,
            ),
            self.make_pipeline,
        )

    async def make_pipeline(self) -> Pipeline:
        """Make a pipeline into the generation that is live now. Raises one of UNAVAILABLE."""
        applier = await Applier.of_live(self.database, self.settings.writer)
        return Pipeline(
            applier,
            rubbish=RubbishWatch(share=self.settings.rubbish_share),
            observe=self.seconds.observe,
            machine_from=self.settings.machine_from,
        )

    async def refresh(self) -> None:
        """Read the gauges for a scrape; without the database only the loop's own are shown."""
        gauges = None
        try:
            gauges = await self.gauges.read()
        except UNAVAILABLE as error:
            log.warning("gauges_unreadable", error=repr(error))
        self.collector.show(gauges, self.clock.now(), self._pipeline())

    def _pipeline(self) -> dict[str, float]:
        shown = self.consumer.shown
        return {
            "caunoi_consumer_lag_records": sum(shown.lag.values()),
            "caunoi_consumer_halted_partitions": len(shown.halted),
            "caunoi_consumer_assigned": float(shown.assigned),
            "caunoi_consumer_fenced": shown.fenced,
            "caunoi_consumer_commit_retries": self.consumer.retries,
            "caunoi_consumer_restarts": shown.restarts,
            "caunoi_consumer_rebalances": shown.rebalances,
        }

    async def check_progress(self) -> None:
        """Fail when there is lag and nothing was committed for a minute."""
        shown = self.consumer.shown
        waiting = monotonic() - max(self.consumer.last_commit, self.started)
        if sum(shown.lag.values()) and waiting > _STALLED_SECONDS:
            raise RuntimeError(f"lag, and nothing was committed for {waiting:.0f} s")

    async def check_consumer(self) -> None:
        """Fail while no partitions are held."""
        if not self.consumer.shown.assigned:
            raise RuntimeError("no partitions are assigned yet")


def build(
    settings: Settings,
    *,
    service: Service | None = None,
    principals: PrincipalSource | None = None,
    with_consumer: bool = True,
) -> FastAPI:
    """Make the application. Tests give parts of their own, and leave the consumer out."""
    service = service or Service(settings, SystemClock())

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with service.database:
            app.state.figures = Figures(service.database, service.policy, settings.history_from)
            app.state.plans = Plans(service.database, service.clock)
            task = asyncio.create_task(service.consumer.run()) if with_consumer else None
            trail = asyncio.create_task(
                follow_sequences(Trail(service.database), settings.sequence_check_seconds)
            )
            try:
                yield
            finally:
                trail.cancel()
                if task is not None:
                    await _stop(service, task)
                await asyncio.gather(trail, return_exceptions=True)

    return create_app(
        service="analytics",
        title="Cầu Nối - analytics",
        version="1.0.0",
        description="Figures, live and provable.",
        principals=principals or TokenFile(settings.tokens),
        health=HealthChecks(
            ready={"database": service.database.check, "consumer": service.check_consumer},
            live={"progress": service.check_progress},
        ),
        registry=service.registry,
        refreshers=[service.refresh],
        routers=[router(service.clock)],
        lifespan=lifespan,
    )


async def _stop(service: Service, task: asyncio.Task[None]) -> None:
    await service.consumer.stop()
    done, _ = await asyncio.wait({task}, timeout=8)
    if not done:
        task.cancel()
    for result in await asyncio.gather(task, return_exceptions=True):
        if isinstance(result, Exception):
            log.error("consumer_failed", error=repr(result))
