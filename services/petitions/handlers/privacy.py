"""What anybody may see of a petition, and what is left of it when its person is erased."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.petitions import store
from services.petitions.domain.private import check_public
from services.petitions.domain.refusals import Refusal
from services.petitions.handlers.once import Caller, Once
from services.petitions.handlers.queries import unknown
from services.petitions.store import privacy
from services.petitions.store.privacy import Erasure, Tracked
from shared.plumbing.auth import require
from shared.plumbing.clock import Clock
from shared.plumbing.idempotency import Answer
from shared.plumbing.postgres import Connection, Database

__all__ = ["Erased", "Erasure", "Privacy", "Tracked"]
OPERATE: Final = "operate"
_CODE: Final = re.compile(r"[A-Z2-7]{16}")


@dataclass(frozen=True)
class Erased:
    """An erasure; `repeated`: it was done before."""

    erasure: Erasure
    repeated: bool


@dataclass(frozen=True)
class Privacy:
    """Tracking by the code that the petitioner has, and erasing."""

    database: Database
    clock: Clock

    async def track(self, code: str) -> Tracked:
        """Return what is public under a tracking code, however it is spaced and cased.

        Raises Refusal `unknown_tracking_code`, the same for a code that nobody has and for what
        could be none: the answer tells nothing about the codes that exist.
        """
        letters = re.sub(r"[\s-]", "", code).upper()
        if not _CODE.fullmatch(letters):
            raise _unknown_code()
        written = "-".join(letters[n : n + 4] for n in range(0, 16, 4))
        async with self.database.connection() as conn:
            found = await privacy.track(conn, written)
        if found is None:
            raise _unknown_code()
        return found

    async def erase(
        self,
        petition_id: str,
        basis: str,
        *,
        caller: Caller,
        render: Callable[[Erased], Answer],
    ) -> Answer:
        """Remove text, person and files; the figures, the ledger and the audit row stay.

        Raises Refusal `unknown_petition`, `private_in_public`; Problem `forbidden`,
        `idempotency_key_reused`.
        """
        require(caller.principal, OPERATE)

        async def work(conn: Connection) -> Erased:
            # Whoever adds a file holds this lock too: none can slip in behind.
            if await store.lock(conn, petition_id) is None:
                raise unknown(petition_id)
            before = await privacy.find_erasure(conn, petition_id)
            if before is not None:
                return Erased(before, repeated=True)
            private = await store.load_private(conn, petition_id)
            if private is not None:
                check_public(private, basis)
            now, by = self.clock.now(), caller.principal.name
            done = await privacy.erase(conn, petition_id, at=now, by=by, basis=basis)
            return Erased(done, repeated=False)

        return await Once(self.database, self.clock).run(work, render, caller)


def _unknown_code() -> Refusal:
    return Refusal(
        "unknown_tracking_code",
        "Không có kiến nghị nào với mã theo dõi này.",
        "There is no petition with this tracking code",
        way="absent",
    )
