"""What is asked of the petitions, who asks, and what comes of it."""

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from services.petitions.domain.commands import Command, FileCommand
from services.petitions.domain.private import Private
from services.petitions.handlers.once import Caller
from services.petitions.handlers.queries import Standing
from services.petitions.store import ReferenceKey
from shared.contracts.envelope import Source
from shared.plumbing.idempotency import Answer


class VersionConflict(Exception):
    """Somebody changed the petition meanwhile; `standing` is how it stands now."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(f"{standing.petition.id} has version {standing.petition.version}")
        self.standing = standing


@dataclass(frozen=True)
class Alike:
    """A petition of the same field that may say the same; `similarity` is 0 to 1."""

    id: str
    similarity: float


@dataclass(frozen=True)
class Filed:
    """A petition that was filed, and the code under which the petitioner follows it.

    `repeated`: it was filed before, under the same reference. `alike` are offered, most alike
    first; nothing is merged.
    """

    standing: Standing
    tracking_code: str
    repeated: bool = False
    alike: tuple[Alike, ...] = ()


@dataclass(frozen=True)
class Acted:
    """A petition after an action; `repeated`: it was taken before, under the same reference."""

    standing: Standing
    repeated: bool = False


@dataclass(frozen=True, eq=False)
class Filing:
    """A petition that somebody files; `render` makes the answer of what came of it."""

    command: FileCommand
    private: Private
    source: Source
    caller: Caller
    render: Callable[[Filed], Answer]

    @property
    def reference(self) -> ReferenceKey:
        """What makes it happen once."""
        return (self.source.system, self.source.reference)

    @property
    def digest(self) -> bytes:
        """Of what is asked under the reference."""
        person = self.private.petitioner
        said = sorted(vars(person).items())
        return digest_of(self.command, self.private.title, self.private.text, said)


@dataclass(frozen=True, eq=False)
class Acting:
    """An action on a petition; `expected` None takes it as it stands.

    `is_named`: the reference is the caller's, and makes it happen once. Whoever shows the tracking
    code acts as the petitioner.
    """

    petition_id: str
    command: Command
    expected: int | None
    source: Source
    is_named: bool
    tracking_code: str | None
    caller: Caller
    render: Callable[[Acted], Answer]

    @property
    def reference(self) -> ReferenceKey | None:
        """What makes it happen once, None where nothing does."""
        return (self.source.system, self.source.reference) if self.is_named else None

    @property
    def digest(self) -> bytes:
        """Of what is asked under the reference."""
        return digest_of(self.petition_id, self.command)


Job = Filing | Acting


def key_of(job: Job) -> tuple[str, str] | None:
    """Return under which (principal, Idempotency-Key) the answer of a job is kept."""
    key = job.caller.key
    return None if key is None else (job.caller.principal.name, key.key)


def touched_by(job: Job) -> set[Hashable]:
    """Return what two jobs must not have in common in transactions side by side."""
    touched: set[Hashable] = set()
    if isinstance(job, Acting):
        touched.add(job.petition_id)
    for place in (job.reference, key_of(job)):
        if place is not None:
            touched.add(place)
    return touched


def digest_of(*parts: object) -> bytes:
    """Return what makes two reports under one reference the same: SHA-256 over their values."""
    return hashlib.sha256("\n".join(repr(part) for part in parts).encode()).digest()
