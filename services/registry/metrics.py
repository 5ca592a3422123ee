"""Every series of the registry beside those of its plumbing."""

from collections import Counter as Counts
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge


class RegistryMetrics:
    """Series of one process. Gauges are read from Postgres at each scrape."""

    def __init__(self, registry: CollectorRegistry) -> None:
        # What becomes of what upstream sends? `result`: recorded, repeated, waiting, or a code.
        self.intake = Counter(
            "caunoi_registry_intake_records_total",
            "Records of the intake topic by result.",
            ["result"],
            registry=registry,
        )
        # What has to be put right upstream?
        self.rejected = Gauge(
            "caunoi_registry_rejected_records",
            "Refused intake records that are kept, by code.",
            ["code"],
            registry=registry,
        )
        # Do branches come before their parents?
        self.waiting = Gauge(
            "caunoi_registry_waiting_records",
            "Intake records that wait for their parent.",
            registry=registry,
        )
        # How many subjects are there, in which status?
        self.entities = Gauge(
            "caunoi_registry_entities",
            "Subjects on record by kind and status.",
            ["kind", "status"],
            registry=registry,
        )

    def count(self, results: Counts[str]) -> None:
        """Count what became of intake records."""
        for result, number in results.items():
            self.intake.labels(result).inc(number)

    def show(
        self,
        rejected: Sequence[tuple[str, int]],
        waiting: int,
        entities: Sequence[tuple[str, str, int]],
    ) -> None:
        """Set the gauges: rejected (code, number), waiting, entities (kind, status, number)."""
        self.rejected.clear()
        for code, number in rejected:
            self.rejected.labels(code).set(number)
        self.waiting.set(waiting)
        self.entities.clear()
        for kind, status, number in entities:
            self.entities.labels(kind, status).set(number)
