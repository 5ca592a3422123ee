"""Every series that is this service's own; HTTP and the outbox bring theirs."""

from prometheus_client import CollectorRegistry, Gauge

from services.petitions import store
from services.petitions.domain.workflow import STATUS_VI
from shared.plumbing.postgres import Database


class PetitionMetrics:
    """`caunoi_petitions{status}`: how many petitions stand in each state? Read at scrape."""

    def __init__(self, registry: CollectorRegistry, database: Database) -> None:
        self._database = database
        self._petitions = Gauge(
            "caunoi_petitions",
            "Petitions that stand in a state of the workflow.",
            ["status"],
            registry=registry,
        )

    async def refresh(self) -> None:
        """Count in the database: the series survives a restart and agrees with SQL."""
        async with self._database.connection() as conn:
            counts = await store.count_by_status(conn)
        for status in STATUS_VI:
            self._petitions.labels(status).set(counts.get(status, 0))
