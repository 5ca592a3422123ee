"""Use cases that change a petition."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from services.petitions import store
from services.petitions.domain import decide
from services.petitions.domain.commands import Command, FileCommand
from services.petitions.domain.decide import Decision, Petition
from services.petitions.domain.private import Private, check_public, tracking_code_of
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.routing import Directory
from services.petitions.handlers.once import Caller, Once, digest_of
from services.petitions.handlers.queries import Standing, present, standing_of, unknown
from shared.contracts.catalogue import event_type
from shared.contracts.envelope import Source
from shared.plumbing import ids, outbox
from shared.plumbing.auth import Principal, require
from shared.plumbing.clock import Clock, legal_date
from shared.plumbing.idempotency import Answer
from shared.plumbing.postgres import Connection, Database


class VersionConflict(Exception):
    """Somebody changed the petition meanwhile; `standing` is how it stands now."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(f"{standing.petition.id} has version {standing.petition.version}")
        self.standing = standing


@dataclass(frozen=True)
class Filed:
    """A petition that was filed, and the code under which the petitioner follows it.

    `repeated`: it was filed before, under the same reference.
    """

    standing: Standing
    tracking_code: str
    repeated: bool = False


@dataclass(frozen=True)
class Acted:
    """A petition after an action; `repeated`: it was taken before, under the same reference."""

    standing: Standing
    repeated: bool = False


@dataclass(frozen=True)
class Commands:
    """What can be done, with what it needs: the database, the clock, the agencies."""

    database: Database
    clock: Clock
    directory: Directory

    async def file(
        self,
        command: FileCommand,
        private: Private,
        *,
        reference: str,
        caller: Caller,
        render: Callable[[Filed], Answer],
    ) -> Answer:
        """File a petition; the same reference or key again gets the same petition.

        Raises Refusal as `decide.file` and `check_public` do, `reference_conflict`; Problem
        `forbidden`, `idempotency_key_reused`.
        """
        require(caller.principal, decide.scope_of(command))
        source = Source(system=_system(caller.principal), reference=reference)
        digest = digest_of(
            command, private.title, private.text, sorted(asdict(private.petitioner).items())
        )

        async def work(conn: Connection) -> Filed:
            used = await _used(conn, source, digest)
            if used is None:
                return await self._begin(conn, command, private, source, digest, caller)
            petition = await present(conn, used.petition_id)
            code = await store.tracking_code(conn, petition.id)
            return Filed(standing_of(petition), code, repeated=True)

        return await Once(self.database, self.clock).run(work, render, caller)

    async def act(
        self,
        petition_id: str,
        command: Command,
        *,
        expected: int | None,
        reference: str | None,
        caller: Caller,
        render: Callable[[Acted], Answer],
    ) -> Answer:
        """Take an action on a petition; `expected` None takes it as it stands.

        Raises VersionConflict; Refusal as `decide.act` does, `unknown_petition`,
        `reference_conflict`; Problem `forbidden`, `idempotency_key_reused`.
        """
        require(caller.principal, decide.scope_of(command))
        source = Source(system=_system(caller.principal), reference=reference or ids.new_event_id())
        digest = digest_of(petition_id, command)

        async def work(conn: Connection) -> Acted:
            petition = await store.lock(conn, petition_id)
            if petition is None:
                raise unknown(petition_id)
            if reference is not None and await _used(conn, source, digest):
                return Acted(standing_of(petition), repeated=True)
            if expected is not None and expected != petition.version:
                raise VersionConflict(standing_of(petition))
            standing = await self._go_on(conn, petition, command, source, digest, caller)
            return Acted(standing)

        return await Once(self.database, self.clock).run(work, render, caller)

    async def _begin(
        self,
        conn: Connection,
        command: FileCommand,
        private: Private,
        source: Source,
        digest: bytes,
        caller: Caller,
    ) -> Filed:
        now = self.clock.now()
        check_public(private, source.system, source.reference, command.session)
        # Decided before a number is taken: what is refused leaves no gap behind.
        filed_on = decide.check(command, legal_date(now))
        decision = decide.file(
            command,
            petition_id=f"KN-{filed_on.year}-{await store.next_number(conn):06d}",
            source=source,
            today=legal_date(now),
        )
        code = tracking_code_of(ids.new_token())
        line = _line(decision, caller.principal, now, None)
        await store.insert(conn, decision.petition, private, line=line, tracking_code=code, at=now)
        await _publish(conn, decision, now, caller)
        await _keep_reference(conn, decision, digest)
        return Filed(standing_of(decision.petition), code)

    async def _go_on(
        self,
        conn: Connection,
        petition: Petition,
        command: Command,
        source: Source,
        digest: bytes,
        caller: Caller,
    ) -> Standing:
        # Read after the lock was had: time does not go back within a petition.
        now = self.clock.now()
        decision = decide.act(
            petition,
            command,
            agency=caller.principal.agency,
            source=source,
            today=legal_date(now),
            directory=self.directory,
        )
        private = await store.load_private(conn, petition.id)
        if private is not None:
            check_public(private, source.reference)
        line = _line(decision, caller.principal, now, getattr(command, "document", None))
        await store.save(conn, decision.petition, line=line, at=now)
        await _publish(conn, decision, now, caller)
        await _keep_reference(conn, decision, digest)
        return standing_of(decision.petition)


def _system(principal: Principal) -> str:
    # An officer's name is a person's name and has no place in an event; the agency's has.
    return f"/vn/lang-son/http/{principal.agency or principal.name}"


async def _used(conn: Connection, source: Source, digest: bytes) -> store.Reference | None:
    used = await store.find_reference(conn, source.system, source.reference)
    if used is not None and used.digest != digest:
        raise Refusal(
            "reference_conflict",
            f"Mã tham chiếu {source.reference} đã được dùng cho nội dung khác "
            f"({used.petition_id}).",
            f"The reference {source.reference} was used for other content ({used.petition_id})",
            {"reference": source.reference, "id": used.petition_id, "sequence": used.sequence},
            way="conflict",
        )
    return used


async def _publish(conn: Connection, decision: Decision, now: datetime, caller: Caller) -> None:
    event = outbox.NewEvent(
        ce_id=ids.new_event_id(),
        subject=decision.petition.id,
        sequence=decision.petition.version,
        type=event_type(decision.name),
        recorded_at=now,
        data=decision.event.model_dump_json().encode(),
        traceparent=caller.traceparent,
    )
    await outbox.append(conn, [event])


async def _keep_reference(conn: Connection, decision: Decision, digest: bytes) -> None:
    source = decision.event.source
    used = store.Reference(decision.petition.id, decision.petition.version, digest)
    await store.keep_reference(conn, source.system, source.reference, used)


def _line(
    decision: Decision, principal: Principal, now: datetime, document: str | None
) -> dict[str, Any]:
    return {
        "sequence": decision.event.sequence,
        "entry": decision.event.asserts[0].model_dump(mode="json"),
        "document": document,
        "by": principal.name,
        "agency": principal.agency,
        "recorded_at": now.isoformat(),
    }
