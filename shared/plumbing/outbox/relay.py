"""The relay: one leader that stamps what was written and sends it in that order."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal, TypeAlias

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]

from shared.plumbing.clock import Clock
from shared.plumbing.kafka.clients import KAFKA_UNAVAILABLE, start_producer
from shared.plumbing.log import get_logger
from shared.plumbing.outbox import stamping
from shared.plumbing.outbox.leader import Leadership
from shared.plumbing.outbox.metrics import OutboxMetrics
from shared.plumbing.outbox.stamping import RelayRefused
from shared.plumbing.postgres import UNAVAILABLE

_log = get_logger(__name__)
_TRANSIENT: tuple[type[Exception], ...] = (*UNAVAILABLE, *KAFKA_UNAVAILABLE, OSError)

State: TypeAlias = Literal["stopped", "standby", "leading", "refused", "failing"]
ProducerFactory: TypeAlias = Callable[[], Awaitable[AIOKafkaProducer]]


class NotReady(Exception):
    """The relay cannot do its work; the message says why."""


class Relay:
    """Sends the log of one database to one topic. Run one in every process: one of them leads.

    `dsn` is the service's database, `bootstrap` its Kafka, `source` the ce_source of its events.
    `rows` and `octets` bound a batch; two batches are in memory at most.
    """

    def __init__(
        self,
        *,
        dsn: str,
        bootstrap: str,
        topic: str,
        partitions: int,
        source: str,
        name: str,
        clock: Clock,
        metrics: OutboxMetrics,
        rows: int = 5_000,
        octets: int = 8 * 1024 * 1024,
        producer_factory: ProducerFactory | None = None,
    ) -> None:
        self.dsn, self.bootstrap, self.topic, self.partitions = dsn, bootstrap, topic, partitions
        self.source, self.name, self.clock, self.metrics = source, name, clock, metrics
        self.rows, self.octets = rows, octets
        self.producer_factory = producer_factory or self._start_producer
        self.state: State = "stopped"
        self.reason = ""
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Relay"]:
        """Run in the background within the block; what is being sent at its end is finished."""
        self._stopping.clear()
        self._task = asyncio.create_task(self.run(), name=f"relay {self.topic}")
        try:
            yield self
        finally:
            self._stopping.set()
            done, _ = await asyncio.wait([self._task], timeout=5)
            if not done:
                self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def check(self) -> None:
        """Pass unless the relay refuses to run or has died: a readiness check (NotReady).

        An absent Kafka does not make a service unready: what is written waits in the log.
        """
        if self.state == "refused":
            raise NotReady(self.reason)
        if self._task is not None and self._task.done() and not self._stopping.is_set():
            raise NotReady("the relay has ended")

    async def run(self) -> None:
        """Stand by, lead, and begin again after every error, until stopped or cancelled."""
        failures = 0
        while not self._stopping.is_set():
            try:
                await self._serve_once()
                failures = 0
            except RelayRefused as refusal:
                self._become("refused", str(refusal))
                failures = 10
            except _TRANSIENT as error:
                self._become("failing", f"{type(error).__name__}: {error}")
                failures += 1
            except Exception as error:
                _log.exception("relay_failed", topic=self.topic)
                self._become("failing", f"{type(error).__name__}: {error}")
                failures += 1
            if failures:
                self.metrics.errors.inc()
                await self._pause(min(0.1 * 2 ** min(failures, 6), 5.0))
        self._become("stopped")

    async def _serve_once(self) -> None:
        conn = await asyncio.wait_for(stamping.connect(self.dsn, f"{self.name}-relay"), 10)
        try:
            if self.state not in ("failing", "refused"):
                self._become("standby")
            if await self._win(conn):
                await Leadership(self, conn, self._stopping, self._lead).serve()
        finally:
            conn.terminate()

    async def _win(self, conn: stamping.RelayConnection) -> bool:
        """Wait for the lock. False when stopped meanwhile."""
        while not self._stopping.is_set():
            if await conn.fetchval("SELECT pg_try_advisory_lock($1)", _lock_number(self.topic)):
                return True
            if self.state != "standby":
                self._become("standby")
            await self._pause(0.5)
        return False

    def _lead(self) -> None:
        self._become("leading")

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _start_producer(self) -> AIOKafkaProducer:
        return await start_producer(self.bootstrap, client_id=f"{self.name}-relay")

    def _become(self, state: State, reason: str = "") -> None:
        if (state, reason) != (self.state, self.reason):
            say = _log.error if state in ("refused", "failing") else _log.info
            say(f"relay_{state}", topic=self.topic, reason=reason)
        self.state, self.reason = state, reason
        self.metrics.leader.set(state == "leading")
        self.metrics.refused.set(state == "refused")


def _lock_number(topic: str) -> int:
    """The advisory lock of a topic's relay: a 63-bit number from its name."""
    digest = hashlib.sha256(f"caunoi relay {topic}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
