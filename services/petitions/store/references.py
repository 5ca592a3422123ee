"""References under which facts came in: each makes its fact happen once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from shared.plumbing.postgres import Connection

ReferenceKey = tuple[str, str]
"""(system, reference)."""


class ReferenceTaken(Exception):
    """Another transaction used this reference meanwhile: look it up again."""


@dataclass(frozen=True)
class Reference:
    """A reference that was used: by which fact, and the digest of what was asked under it."""

    petition_id: str
    sequence: int
    digest: bytes


async def find_references(
    conn: Connection, keys: Collection[ReferenceKey]
) -> dict[ReferenceKey, Reference]:
    """Return what was recorded under references, of those that were used."""
    rows = await conn.fetch(
        "SELECT r.system, r.reference, r.petition_id, r.sequence, r.digest"
        " FROM unnest($1::text[], $2::text[]) AS k (system, reference)"
        " JOIN reference r ON r.system = k.system AND r.reference = k.reference",
        [system for system, _ in keys],
        [reference for _, reference in keys],
    )
    return {(row[0], row[1]): Reference(row[2], row[3], row[4]) for row in rows}


async def keep_references(conn: Connection, used: Mapping[ReferenceKey, Reference]) -> None:
    """Record references that were free. Raises ReferenceTaken when one is used, meanwhile."""
    # In one order by everybody, so that nobody waits in a ring.
    keys = sorted(used)
    done = await conn.execute(
        "INSERT INTO reference (system, reference, petition_id, sequence, digest)"
        " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bytea[])"
        " ON CONFLICT DO NOTHING",
        [system for system, _ in keys],
        [reference for _, reference in keys],
        [used[key].petition_id for key in keys],
        [used[key].sequence for key in keys],
        [used[key].digest for key in keys],
    )
    if int(done.split()[-1]) != len(keys):
        raise ReferenceTaken
