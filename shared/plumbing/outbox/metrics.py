"""What the outbox says of itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.plumbing.clock import Clock
from shared.plumbing.postgres import Database


class OutboxMetrics:
    """Series of one outbox, labelled with its topic. Gauges of rows are read at scrape."""

    def __init__(self, registry: CollectorRegistry, topic: str) -> None:
        def gauge(name: str, what: str) -> Gauge:
            return Gauge(name, what, ["topic"], registry=registry).labels(topic)

        def counter(name: str, what: str) -> Counter:
            return Counter(name, what, ["topic"], registry=registry).labels(topic)

        self.rows = gauge("caunoi_outbox_rows", "Events that wait to be stamped and sent.")
        self.oldest = gauge(
            "caunoi_outbox_oldest_seconds", "Age of the oldest event not yet acknowledged by Kafka."
        )
        self.leader = gauge("caunoi_outbox_leader", "1 where this process leads the relay.")
        self.refused = gauge(
            "caunoi_outbox_refused", "1 while the relay refuses to run: see readiness and log."
        )
        self.sent = counter("caunoi_outbox_sent_total", "Events acknowledged by Kafka.")
        self.errors = counter(
            "caunoi_outbox_errors_total", "Times that the relay had to begin again after an error."
        )
        self.delay = Histogram(
            "caunoi_outbox_delay_seconds",
            "From the recording of an event to its acknowledgement by Kafka.",
            ["topic"],
            registry=registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
        ).labels(topic)

    async def refresh(self, database: Database, clock: Clock) -> None:
        """Read depth and age from the database: call before a scrape."""
        async with database.connection() as conn:
            row = await conn.fetchrow(_STANDING)
        assert row is not None
        self.rows.set(row["rows"])
        oldest = row["oldest"]
        age = (clock.now() - oldest).total_seconds() if oldest is not None else 0.0
        self.oldest.set(max(age, 0.0))


_STANDING = """
SELECT (SELECT count(*) FROM outbox)
        + coalesce((SELECT stamped_through - sent_through FROM relay), 0) AS rows,
    least(
        (SELECT recorded_at FROM event
         WHERE id = (SELECT event_id FROM outbox ORDER BY event_id LIMIT 1)),
        (SELECT e.recorded_at FROM relay r JOIN stamp s ON s.position = r.sent_through + 1
         JOIN event e ON e.id = s.event_id)
    ) AS oldest
"""
