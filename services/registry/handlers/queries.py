"""Questions to the register and to its log."""

from dataclasses import dataclass

from services.registry.domain import Refusal, Subject
from services.registry.domain.refusals import nobody
from services.registry.handlers.work import Outcome
from services.registry.store import lives, parked, register
from services.registry.store.lives import Reorganized
from services.registry.store.register import Written
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

    async def reorganization(self, cause: str) -> Reorganized | None:
        """The reorganization of a cause (a UUID), None when there is none."""
        async with self._database.connection() as conn:
            return await lives.find_reorganization(conn, cause)

    async def gauges(self) -> Gauges:
        """What is on record, for a scrape."""
        async with self._database.connection() as conn:
            return Gauges(
                await parked.count_rejected(conn),
                await parked.count_waiting(conn),
                await register.count_entities(conn),
            )


async def find(conn: Connection, code: str) -> Subject:
    """The subject of a code. Raises Refusal `unknown_entity`, `registration_voided`."""
    subject = await register.find_subject(conn, code)
    if subject is None or subject.voided:
        refusal: Refusal = nobody(code, None if subject is None else subject.version)
        raise refusal
    return subject


async def first_answer(conn: Connection, outcome: Outcome) -> tuple[bytes, int]:
    """The data of the event that a repeated request caused, and the subject's present version."""
    data = await register.load_data(conn, outcome.code, outcome.sequence)
    subject = await register.find_subject(conn, outcome.code)
    assert subject is not None, "what was recorded stays"
    return data, subject.version
