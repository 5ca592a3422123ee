"""Every series of the registry beside those of its plumbing."""

from collections import Counter as Counts
from collections.abc import Mapping, Sequence

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
            "Refused intake records that were not sent again, by code.",
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

        # Does the source of record say the same? Ours less theirs, in the latest reconciliation.
        self.drift = Gauge(
            "caunoi_registry_drift",
            "Ours less theirs in the latest reconciliation; figure: entities, or capital in vnd.",
            ["figure", "kind"],
            registry=registry,
        )
        # Who follows the log by its feed, and waits for the next event?
        self.feed_waiting = Gauge(
            "caunoi_registry_feed_waiting",
            "Requests of the feed that wait for an event.",
            registry=registry,
        )
        # Do files wait, and does one fail?
        self.imports = Gauge(
            "caunoi_registry_imports",
            "Imported files that are kept, by state.",
            ["state"],
            registry=registry,
        )

    def show_drift(self, drifts: Sequence[tuple[str, int, int | None]]) -> None:
        """Set the drift: rows of (kind, entities, VND or None where it is not known)."""
        self.drift.clear()
        for kind, entities, capital_vnd in drifts:
            self.drift.labels("entities", kind).set(entities)
            if capital_vnd is not None:
                self.drift.labels("vnd", kind).set(capital_vnd)

    def show_imports(self, states: Mapping[str, int]) -> None:
        """Set the gauge of imported files: {state: number}."""
        self.imports.clear()
        for state, number in states.items():
            self.imports.labels(state).set(number)

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
