"""References under which facts came in: each makes its fact happen once."""

from dataclasses import dataclass

from shared.plumbing.postgres import Connection


class ReferenceTaken(Exception):
    """Another transaction used this reference meanwhile: look it up again."""


@dataclass(frozen=True)
class Reference:
    """A reference that was used: by which fact, and the digest of what was asked under it."""

    petition_id: str
    sequence: int
    digest: bytes


async def find_reference(conn: Connection, system: str, reference: str) -> Reference | None:
    """Return what was recorded under a reference of a source."""
    row = await conn.fetchrow(
        "SELECT petition_id, sequence, digest FROM reference WHERE system = $1 AND reference = $2",
        system,
        reference,
    )
    return Reference(row["petition_id"], row["sequence"], row["digest"]) if row else None


async def keep_reference(conn: Connection, system: str, reference: str, used: Reference) -> None:
    """Record that a reference was used. Raises ReferenceTaken when it was, meanwhile."""
    done = await conn.execute(
        "INSERT INTO reference (system, reference, petition_id, sequence, digest)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        system,
        reference,
        used.petition_id,
        used.sequence,
        used.digest,
    )
    if done != "INSERT 0 1":
        raise ReferenceTaken
