"""What the relay does while it holds the lock."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from shared.plumbing.kafka.clients import read_ends, stop_producer
from shared.plumbing.log import get_logger
from shared.plumbing.outbox import guard, stamping
from shared.plumbing.outbox.log import CHANNEL, LoggedEvent
from shared.plumbing.outbox.sender import Sender

if TYPE_CHECKING:
    from shared.plumbing.outbox.relay import Relay

_log = get_logger(__name__)
_PING = 1.0
_POLL = 1.0
# How long nobody writes before what was acknowledged is saved by itself.
_MOMENT = 0.05
# After a batch of so many it is looked at once whether there are more.
_MANY = 50
_DEPTH = 2_000


class Leadership:
    """One term of a leader, on one connection and one producer: it ends at the first error.

    The fence: a batch is sent only after the transaction that stamped it was committed on the
    connection that holds the lock. Whoever lost the lock cannot stamp; it can at most send again
    what was stamped, which consumers drop as repeats.
    """

    def __init__(
        self,
        relay: "Relay",
        conn: stamping.RelayConnection,
        stopping: asyncio.Event,
        on_lead: Callable[[], None],
    ) -> None:
        self._relay, self._conn, self._stopping, self._on_lead = relay, conn, stopping, on_lead
        # One statement at a time on the connection: the ping waits for the work and vice versa.
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        self._acknowledged = self._saved = 0

    async def serve(self) -> None:
        """Lead until stopped. Raises what ended the term: RelayRefused, or an error of a server."""
        await self._conn.add_listener(CHANNEL, lambda *_: self._wake.set())
        ping = asyncio.create_task(self._ping(), name="relay ping")
        work = asyncio.create_task(self._work(), name="relay work")
        stop = asyncio.create_task(self._wake_to_stop(), name="relay stop")
        try:
            await asyncio.wait([ping, work], return_when=asyncio.FIRST_COMPLETED)
            for task in (work, ping):
                if task.done():
                    task.result()
        finally:
            for task in (ping, work, stop):
                task.cancel()
            await asyncio.gather(ping, work, stop, return_exceptions=True)

    async def _wake_to_stop(self) -> None:
        await self._stopping.wait()
        self._wake.set()

    async def _ping(self) -> None:
        """Speak once a second: the server ends a session that is silent for three."""
        while True:
            await asyncio.sleep(_PING)
            async with self._turn:
                await self._conn.fetchval("SELECT 1")

    async def _work(self) -> None:
        relay = self._relay
        at = await self._prepare()
        producer = await relay.producer_factory()
        try:
            self._on_lead()
            await self._pump(at, Sender(producer, relay.topic, relay.source))
        finally:
            await stop_producer(producer)

    async def _prepare(self) -> stamping.Standing:
        """Load where the log stands and compare it with the topic."""
        relay = self._relay
        async with self._turn:
            at = await stamping.load(self._conn, relay.topic, relay.partitions)
        ends = await read_ends(relay.bootstrap, relay.topic, relay.partitions, depth=_DEPTH)
        async with self._turn:
            resume = await guard.compare(self._conn, at, ends)
            if resume < at.sent:
                _log.error("topic_lost_its_end", topic=relay.topic, had=at.sent, resume=resume)
                await stamping.rewind(self._conn, resume)
        self._acknowledged = self._saved = resume
        return at

    async def _pump(self, at: stamping.Standing, sender: Sender) -> None:
        """Stamp the next batch while the one before it is on its way; keep their order."""
        on_its_way: asyncio.Task[None] | None = None
        through, more = self._acknowledged, True
        try:
            while True:
                batch: list[LoggedEvent] = []
                if more or self._wake.is_set():
                    # Before the reading: what is committed after it sets the flag again.
                    self._wake.clear()
                    at, batch = await self._next(at, through)
                if on_its_way is not None:
                    await on_its_way
                    on_its_way = None
                if batch:
                    through = batch[-1].position
                    more = through < at.stamped or self._is_large(batch)
                    on_its_way = asyncio.create_task(self._send(sender, batch))
                    continue
                more = await self._rest()
                if self._stopping.is_set() and not more:
                    return
        finally:
            if on_its_way is not None:
                on_its_way.cancel()
                await asyncio.gather(on_its_way, return_exceptions=True)

    def _is_large(self, batch: list[LoggedEvent]) -> bool:
        """Whether a batch probably left others behind."""
        relay = self._relay
        octets = sum(len(event.data) for event in batch)
        return len(batch) >= min(_MANY, relay.rows) or octets >= relay.octets

    async def _rest(self) -> bool:
        """Wait for a writer's word, a second at most; whether to look for more.

        What was acknowledged is saved when nobody writes for a moment: the next stamps carry it
        else.
        """
        if self._stopping.is_set():
            await self._save()
            return False
        if await self._woken(_MOMENT):
            return True
        await self._save()
        await self._woken(_POLL)
        return not self._stopping.is_set()

    async def _woken(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        return self._wake.is_set()

    async def _next(
        self, at: stamping.Standing, through: int
    ) -> tuple[stamping.Standing, list[LoggedEvent]]:
        """The batch after position `through`: left from before, else stamped now."""
        relay = self._relay
        async with self._turn:
            if through < at.stamped:
                rows, octets = relay.rows, relay.octets
                return at, await stamping.stamped(self._conn, through, rows, octets)
            if self._stopping.is_set():
                return at, []
            acknowledged = self._acknowledged
            new, batch = await stamping.stamp(
                self._conn, at, acknowledged, rows=relay.rows, octets=relay.octets
            )
            if batch:
                self._saved = acknowledged
            return new, batch

    async def _send(self, sender: Sender, batch: list[LoggedEvent]) -> None:
        await sender.send(batch)
        self._acknowledged = batch[-1].position
        metrics, now = self._relay.metrics, self._relay.clock.now()
        metrics.sent.inc(len(batch))
        # The first and the last stand for a batch: observing all would cost as much as sending.
        for event in (batch[0], batch[-1]):
            metrics.delay.observe(max((now - event.recorded_at).total_seconds(), 0.0))

    async def _save(self) -> None:
        if self._acknowledged > self._saved:
            async with self._turn:
                await stamping.save_sent(self._conn, self._acknowledged)
            self._saved = self._acknowledged
