"""Refused records are sent to the intake again after a fix."""

import contextlib
from datetime import timedelta

from services.registry.app import Service
from services.registry.consumer import read
from services.registry.handlers.rejects import Rejects, Which
from services.registry.store.parked import RejectedRecord
from shared.plumbing.clock import FixedClock
from shared.plumbing.postgres import Connection
from tests.integration.registry.bodies import OTHER, Topic, change, enterprise


async def refuse(service: Service, topic: Topic) -> None:
    records = [
        topic.fact("EntityResumed", change("EntityResumed", "2025-05-01", "R-7", code=OTHER)),
        topic.fact("EnterpriseRegistered", enterprise(commune="99999")),
        topic.raw(b"x", b"{"),
    ]
    arrivals = [read(record) for record in records]
    await service.registrar.transaction(lambda conn: service.registrar.take_in(conn, arrivals))


async def test_what_was_refused_with_a_code_is_sent_again_once_and_as_it_came(
    service: Service, conn: Connection, clock: FixedClock
) -> None:
    await refuse(service, Topic())
    rejects, sent = Rejects(service.database, clock), list[RejectedRecord]()

    async def deliver(rejected: list[RejectedRecord]) -> None:
        sent.extend(rejected)

    last = await rejects.last()
    assert await rejects.waiting(Which()) == [
        ("bad_headers", 1),
        ("unknown_commune", 1),
        ("unknown_entity", 1),
    ]
    assert await rejects.resend(deliver, Which("unknown_entity"), last, 100) == 1
    assert await rejects.resend(deliver, Which("unknown_entity"), last, 100) == 0
    assert (sent[0].record.key, sent[0].reference) == (OTHER.encode(), "R-7")
    later = Which(since=clock.now() + timedelta(seconds=1))
    assert await rejects.resend(deliver, later, last, 100) == 0
    assert await rejects.resend(deliver, Which(), last, 100) == 2
    assert await rejects.waiting(Which()) == []
    assert (await service.queries.gauges()).rejected == []


async def test_nothing_is_marked_when_it_could_not_be_sent(
    service: Service, clock: FixedClock
) -> None:
    await refuse(service, Topic())
    rejects = Rejects(service.database, clock)

    async def fail(rejected: list[RejectedRecord]) -> None:
        raise TimeoutError

    with contextlib.suppress(TimeoutError):
        await rejects.resend(fail, Which(), await rejects.last(), 100)
    assert len(await rejects.waiting(Which())) == 3


async def test_what_is_refused_anew_meanwhile_stays_out_of_it(
    service: Service, clock: FixedClock
) -> None:
    topic = Topic()
    await refuse(service, topic)
    rejects = Rejects(service.database, clock)
    last = await rejects.last()

    async def refuse_again(rejected: list[RejectedRecord]) -> None:
        await refuse(service, topic)

    assert await rejects.resend(refuse_again, Which(), last, 100) == 3
    assert await rejects.resend(refuse_again, Which(), last, 100) == 0
    assert sum(n for _, n in await rejects.waiting(Which())) == 3
