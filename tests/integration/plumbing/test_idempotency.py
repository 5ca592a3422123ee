"""The second of two equal requests gets the answer of the first."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.plumbing.errors import Problem
from shared.plumbing.idempotency import Answer, claim, forget_before, remember, request_digest
from shared.plumbing.postgres import Connection, Database

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DIGEST = request_digest("post", "/v1/things", b"{}")
ANSWER = Answer(201, b'{"id":1}', {"etag": '"1"'})


async def _claim(conn: Connection, digest: bytes = DIGEST, principal: str = "An") -> Answer | None:
    return await claim(conn, principal=principal, key="k", digest=digest, now=NOW)


async def _do(database: Database) -> Answer | None:
    async with database.transaction() as conn:
        stored = await _claim(conn)
        if stored is None:
            await remember(conn, principal="An", key="k", answer=ANSWER)
        return stored


async def test_the_same_request_gets_the_same_answer(database: Database) -> None:
    assert await _do(database) is None
    assert await _do(database) == ANSWER


async def test_another_request_under_the_same_key_is_refused(database: Database) -> None:
    await _do(database)
    async with database.transaction() as conn:
        with pytest.raises(Problem) as refused:
            await _claim(conn, request_digest("POST", "/v1/things", b"[]"))
    assert (refused.value.code, refused.value.status) == ("idempotency_key_reused", 422)


async def test_keys_of_others_are_other_keys(database: Database) -> None:
    await _do(database)
    async with database.transaction() as conn:
        assert await _claim(conn, principal="Bình") is None


async def test_of_requests_at_once_one_works_and_the_others_wait(database: Database) -> None:
    results = await asyncio.gather(*(_do(database) for _ in range(5)))
    assert sorted(map(str, results)) == sorted(map(str, [None] + [ANSWER] * 4))


async def test_work_that_failed_leaves_its_key_free(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as conn:
            await _claim(conn)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await _do(database) is None


async def test_old_keys_are_forgotten(database: Database) -> None:
    await _do(database)
    async with database.transaction() as conn:
        assert await forget_before(conn, NOW) == 0
        assert await forget_before(conn, NOW + timedelta(seconds=1)) == 1
