"""Statements that write many subjects that are new: the rows that `register` writes, by COPY."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.registry.domain import facts_to_json
from services.registry.domain.first import First
from services.registry.store.register import ReferenceTaken
from shared.plumbing.postgres import Connection, UniqueViolation

# Lists are sent as one text each: the driver looks at every element of an array several times.
_SPLIT = "\x1f"
_TAKEN = """
SELECT 1, code FROM entity WHERE code = ANY(string_to_array($1, chr(31)))
UNION ALL
SELECT 1, code FROM voided WHERE code = ANY(string_to_array($1, chr(31)))
UNION ALL
SELECT 1, root FROM waiting WHERE root = ANY(string_to_array($1, chr(31)))
UNION ALL
SELECT 2, reference FROM reference
    WHERE system = $2 AND reference = ANY(string_to_array($3, chr(31)))
"""
_ENTITY = (
    "code",
    "version",
    "facts",
    "kind",
    "legal_form",
    "name",
    "status",
    "capital_vnd",
    "commune",
    "industry_scheme",
    "industry_code",
    "registered_on",
    "updated_at",
)


class NewFirst(NamedTuple):
    """A subject that is to be written, and the id of its event."""

    first: First
    event_id: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What stands in the way of writing at once; `codes` are also those that records wait for."""

    codes: frozenset[str]
    references: frozenset[str]


async def load_taken(
    conn: Connection, system: str, codes: Collection[str], references: Collection[str]
) -> Taken:
    """Which of these are on record, or waited for. The families are locked.

    Neither codes nor references hold a control character.
    """
    if not codes:
        return Taken(frozenset(), frozenset())
    rows = await conn.fetch(_TAKEN, _SPLIT.join(codes), system, _SPLIT.join(references))
    return Taken(
        frozenset(row[1] for row in rows if row[0] == 1),
        frozenset(row[1] for row in rows if row[0] == 2),
    )


async def save_first(conn: Connection, firsts: Sequence[NewFirst], now: datetime) -> None:
    """Write subjects that are not on record, each with its registration alone."""
    if not firsts:
        return
    moment = now.isoformat()
    lines = "".join([_entity_line(one.first, moment) for one in firsts])
    await conn.copy_to_table("entity", source=_once(lines.encode()), columns=_ENTITY, format="text")


async def _once(octets: bytes) -> AsyncIterator[bytes]:
    # From a file object the driver makes a class of each call, a cycle that holds the octets until
    # the collector comes by.
    yield octets


def _entity_line(first: First, moment: str) -> str:
    fact = first.fact
    sets = fact.sets
    # Nothing in it is a control character; so the backslash alone means something to COPY.
    return (
        f"{first.code}\t1\t{facts_to_json((fact,))}\t{sets.kind}\t{sets.legal_form}\t{sets.name}\t"
        f"active\t{sets.capital_vnd}\t{sets.commune}\t{sets.industry_scheme}\t"
        f"{sets.industry_code}\t{fact.on.isoformat()}\t{moment}\n"
    ).replace("\\", "\\\\")


async def save_new_references(conn: Connection, system: str, firsts: Sequence[NewFirst]) -> None:
    """Write references that were free when they were read. Raises ReferenceTaken."""
    if not firsts:
        return
    rows = [
        (system, first.reference, first.digest, first.code, 1, event_id)
        for first, event_id in firsts
    ]
    try:
        await conn.copy_records_to_table(
            "reference",
            records=rows,
            columns=("system", "reference", "digest", "code", "sequence", "event_id"),
        )
    except UniqueViolation as error:
        raise ReferenceTaken from error
