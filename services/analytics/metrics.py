"""Every series that analytics exports, with its unit and the question that it answers.

Business gauges are read from Postgres at each scrape: they survive a restart, agree with SQL and
are the same on every replica. A value that is not known is absent, not 0.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.analytics.domain.gauges import Gauges


def batch_seconds(registry: CollectorRegistry) -> Histogram:
    """How long does it take from a batch's decoding to its commit?"""
    return Histogram(
        "caunoi_analytics_batch_seconds",
        "From the start of a batch's commit to its end, retries included.",
        registry=registry,
        buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    )


class GaugeCollector(Collector):
    """Shows the last snapshot; shows nothing before the first and after a failed read."""

    def __init__(self) -> None:
        self._gauges: Gauges | None = None
        self._now: datetime | None = None
        self._pipeline: dict[str, float] = {}

    def show(self, gauges: Gauges | None, now: datetime, pipeline: dict[str, float]) -> None:
        """Take a snapshot for the next scrape; None when the database could not be asked."""
        self._gauges, self._now, self._pipeline = gauges, now, pipeline

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry must not collect at registration."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the families of the last snapshot."""
        yield from self._loop()
        if self._gauges is None or self._now is None:
            return
        yield from _business(self._gauges)
        yield from _applied(self._gauges, self._now)

    def _loop(self) -> Iterator[Metric]:
        abouts = {
            "caunoi_consumer_lag_records": "How many records are not yet applied?",
            "caunoi_consumer_halted_partitions": "How many partitions have stopped, and need help?",
            "caunoi_consumer_assigned": "Does this replica hold its partitions (1) or not (0)?",
        }
        for name, about in abouts.items():
            if name in self._pipeline:
                yield GaugeMetricFamily(name, about, value=self._pipeline[name])
        counters = {
            "caunoi_consumer_fenced": "How often was a batch thrown away because another moved on?",
            "caunoi_consumer_commit_retries": "How often was a commit tried again?",
            "caunoi_consumer_restarts": "How often did the loop begin again after an error?",
            "caunoi_consumer_rebalances": "How often were partitions assigned?",
        }
        for name, about in counters.items():
            if name in self._pipeline:
                yield CounterMetricFamily(name, about, value=self._pipeline[name])


def _family(
    name: str, about: str, labels: list[str], rows: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=labels)
    for words, number in rows:
        family.add_metric(list(words), number)
    return family


def _business(g: Gauges) -> Iterator[Metric]:
    yield _family(
        "caunoi_entities",
        "How many entities of a kind are on the register today?",
        ["kind"],
        (((kind,), n) for kind, n in g.entities.items()),
    )
    yield _family(
        "caunoi_registered_capital_vnd",
        "What is their registered capital, in VND?",
        ["kind"],
        (((kind,), n) for kind, n in g.capital.items()),
    )
    yield _family(
        "caunoi_entities_new",
        "How many of a kind were registered in a year?",
        ["kind", "year"],
        (((kind, str(year)), n) for (kind, year), n in g.new.items()),
    )
    yield _family(
        "caunoi_plan_target",
        "What is the plan in force?",
        ["indicator", "year"],
        (((p.indicator, str(p.year)), p.target) for p in g.plans),
    )
    yield _family(
        "caunoi_plan_attainment_ratio",
        "What share of the plan is reached? Never capped.",
        ["indicator", "year"],
        (((p.indicator, str(p.year)), p.share) for p in g.plans if p.share is not None),
    )
    yield _family(
        "caunoi_petitions_open",
        "How many petitions are open?",
        ["field", "agency"],
        g.petitions_open.items(),
    )
    yield _family(
        "caunoi_petitions_overdue",
        "How many wait for an answer after their due date?",
        ["field", "agency"],
        g.petitions_overdue.items(),
    )


def _applied(g: Gauges, now: datetime) -> Iterator[Metric]:
    for name, about, number in (
        ("caunoi_events_applied", "How many events were applied?", g.applied),
        ("caunoi_events_repeated", "How many deliveries were repeats?", g.repeated),
        ("caunoi_events_parked", "How many records could not be applied?", g.parked),
    ):
        yield CounterMetricFamily(name, about, value=number)
    yield _family(
        "caunoi_dead_letters",
        "How many records are parked and not resolved, by reason?",
        ["code"],
        (((code,), n) for code, n in g.dead_letters.items()),
    )
    yield GaugeMetricFamily(
        "caunoi_sequence_gaps",
        "How many subjects have a gap in their sequence?",
        value=g.sequence_gaps,
    )
    if g.newest is not None:
        yield GaugeMetricFamily(
            "caunoi_newest_event_age_seconds",
            "How old is the newest event that was applied?",
            value=max(0.0, (now - g.newest).total_seconds()),
        )
    if g.committed_at is not None:
        yield GaugeMetricFamily(
            "caunoi_last_commit_age_seconds",
            "How long ago was the last batch committed?",
            value=max(0.0, (now - g.committed_at).total_seconds()),
        )
