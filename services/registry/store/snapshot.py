"""All states as of one position of the log, read piece by piece within one transaction."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from services.registry.store.queries import Row
from shared.plumbing.postgres import Connection, Record

_SLICE = 2_000


@dataclass(frozen=True, slots=True)
class Cut:
    """A place in the log: `position`, and the last position of each partition, 0 for none."""

    position: int
    partitions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A subject as of the cut: the sequence of its last event there, and its state.

    The state is a row of the register, or the JSON that the event carried, or None when voided.
    """

    code: str
    sequence: int
    state: Row | str | None


async def cut(conn: Connection) -> Cut:
    """Where the log stands; position 0 before the relay has run for the first time."""
    row = await conn.fetchrow("SELECT stamped_through, last_positions FROM relay")
    return Cut(row["stamped_through"], tuple(row["last_positions"])) if row else Cut(0, ())


# A subject with events that wait for their place is ahead of the log: it is given as its last
# stamped event left it, and not at all when none is stamped. The relay takes a row out of the
# outbox in the transaction in which it gives the event its position, so that one snapshot of the
# database sees either both or neither.
_LINES = """
SELECT e.code, coalesce(w.first - 1, e.version) AS sequence, w.first IS NOT NULL AS behind,
    convert_from(old.data, 'UTF8')::json ->> 'state' AS state,
    e.kind, e.legal_form, e.name, e.status, e.capital_vnd, e.commune, e.commune_on,
    e.industry_scheme, e.industry_code, e.registered_on, e.parent, e.since
FROM (SELECT code, version, kind, legal_form, name, status, capital_vnd, commune, commune_on,
          industry_scheme, industry_code, registered_on, parent, since FROM entity
      UNION ALL SELECT code, version, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
          NULL, NULL FROM voided) e
LEFT JOIN (SELECT v.subject, min(v.sequence) AS first FROM outbox o JOIN event v
           ON v.id = o.event_id GROUP BY v.subject) w ON w.subject = e.code
LEFT JOIN event old ON old.subject = e.code AND old.sequence = w.first - 1
WHERE w.first IS DISTINCT FROM 1
"""


async def lines(conn: Connection) -> AsyncIterator[list[Line]]:
    """Yield all subjects as of the cut of this transaction (repeatable read), in slices."""
    cursor = await conn.cursor(_LINES)
    while records := await cursor.fetch(_SLICE):
        yield [_line(record) for record in records]


def _line(record: Record) -> Line:
    code, sequence = record[0], record[1]
    if record["behind"]:
        return Line(code, sequence, record["state"])
    return Line(code, sequence, None if record["kind"] is None else Row(*record[:2], *record[4:]))
