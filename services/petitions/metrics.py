"""Every series of the petitions beside those of its plumbing."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge

from services.petitions.domain.workflow import STATUS_VI


class PetitionMetrics:
    """Series of one process. Gauges are read from Postgres at each scrape."""

    def __init__(self, registry: CollectorRegistry) -> None:
        # How many petitions stand in each state of the workflow?
        self.petitions = Gauge(
            "caunoi_petitions", "Petitions on record by status.", ["status"], registry=registry
        )

        # Is something on the registry's topic that cannot be read?
        self.parked = Gauge(
            "caunoi_petitions_parked", "Records of the registry not readable.", registry=registry
        )

    def show(self, counts: Mapping[str, int]) -> None:
        """Set the gauges: petitions by status; a status that none has shows 0."""
        for status in STATUS_VI:
            self.petitions.labels(status).set(counts.get(status, 0))
