"""What anybody may see of a petition, and what is left of it when its person is erased."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
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
from shared.plumbing.errors import Problem
from shared.plumbing.idempotency import Answer
from shared.plumbing.misses import MissLimit
from shared.plumbing.postgres import Connection, Database

__all__ = ["Erased", "Erasure", "Privacy", "Tracked"]
OPERATE: Final = "operate"
_CODE: Final = re.compile(r"[A-Z2-7]{16}")
# Whoever mistypes a code tries a few times; whoever guesses has 80 bits before him.
_GUESSES, _SECONDS_A_GUESS = 20, 30.0


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
    guesses: MissLimit = field(default_factory=lambda: MissLimit(_GUESSES, _SECONDS_A_GUESS))

    async def track(self, code: str, client: str) -> Tracked:
        """Return what is public under a tracking code, however it is spaced and cased.

        Raises Refusal `unknown_tracking_code`, the same for a code that nobody has and for what
        could be none: the answer tells nothing about the codes that exist. Raises Problem
        `too_many_guesses` for a client that has missed too often, whatever it asks now.
        """
        wait = self.guesses.wait(client, self.clock.now())
        if wait:
            raise _too_many_guesses(wait)
        found = await self._tracked(code)
        if found is None:
            self.guesses.missed(client, self.clock.now())
            raise _unknown_code()
        return found

    async def _tracked(self, code: str) -> Tracked | None:
        letters = re.sub(r"[\s-]", "", code).upper()
        if not _CODE.fullmatch(letters):
            return None
        written = "-".join(letters[n : n + 4] for n in range(0, 16, 4))
        async with self.database.connection() as conn:
            return await privacy.track(conn, written)

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


def _too_many_guesses(seconds: int) -> Problem:
    return Problem(
        "too_many_guesses",
        429,
        title_vi="Thử sai mã quá nhiều lần",
        title_en="Too many unknown codes",
        detail_vi=f"Hãy kiểm tra lại mã theo dõi và thử lại sau {seconds} giây.",
        detail_en=f"Look at the tracking code again and try in {seconds} seconds.",
        facts={"seconds": seconds},
        headers={"Retry-After": str(seconds)},
    )
