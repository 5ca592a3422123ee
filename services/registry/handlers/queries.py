"""Questions to the register and to its log."""

from dataclasses import dataclass

from services.registry.domain import Refusal, Subject
from services.registry.domain.refusals import unknown_entity
from services.registry.handlers.work import Outcome
from services.registry.store import parked, register
from services.registry.store.register import Written
from shared.plumbing import outbox
from shared.plumbing.outbox import Head, LoggedEvent
from shared.plumbing.postgres import Connection, Database

__all__ = ["Queries", "Written", "find", "first_answer"]


@dataclass(frozen=True)
class Gauges:
    """Numbers on record: (code, refused records), waiting records, (kind, status, subjects)."""

    rejected: list[tuple[str, int]]
    waiting: int
    entities: list[tuple[str, str, int]]


class Queries:
    """Reads. Methods raise one of `postgres.UNAVAILABLE` when the server cannot be had."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, code: str) -> Subject:
        """The subject of a code. Raises Refusal `unknown_entity`."""
        async with self._database.connection() as conn:
            return await find(conn, code)

    async def history(self, code: str, after: int, limit: int) -> list[Written]:
        """The events of a subject after a sequence. Raises Refusal `unknown_entity`."""
        async with self._database.connection() as conn:
            events = await register.load_events(conn, code, after, limit)
            if not events:
                await find(conn, code)
            return events

    async def feed(self, after: int, limit: int) -> tuple[list[LoggedEvent], Head]:
        """The log after a position, without gaps, and where it ends."""
        async with self._database.connection() as conn:
            head = await outbox.head(conn)
            return await outbox.feed(conn, after, limit), head

    async def gauges(self) -> Gauges:
        """What is on record, for a scrape."""
        async with self._database.connection() as conn:
            return Gauges(
                await parked.count_rejected(conn),
                await parked.count_waiting(conn),
                await register.count_entities(conn),
            )


async def find(conn: Connection, code: str) -> Subject:
    """The subject of a code. Raises Refusal `unknown_entity`."""
    subject = await register.find_subject(conn, code)
    if subject is None:
        refusal: Refusal = unknown_entity(code)
        raise refusal
    return subject


async def first_answer(conn: Connection, outcome: Outcome) -> tuple[bytes, int]:
    """The data of the event that a repeated request caused, and the subject's present version."""
    data = await register.load_data(conn, outcome.code, outcome.sequence)
    return data, (await find(conn, outcome.code)).version
