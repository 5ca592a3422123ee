"""The proof by command: the log fits, the register is what it says, a cut end shows."""

import asyncio
from collections.abc import Callable

import asyncpg
import httpx
import pytest

from services.registry.__main__ import main
from shared.plumbing.outbox import stamping
from tests.integration.registry.bodies import CODE, OTHER, change, enterprise

Verify = Callable[..., tuple[int, str]]


@pytest.fixture
def verify(dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Run the command; its exit code and what it said."""
    for name, value in (("DATABASE_URL", dsn), ("KAFKA", "127.0.0.1:1"), ("TOKENS", "none")):
        monkeypatch.setenv(f"CAUNOI_{name}", value)

    def run(*arguments: str) -> tuple[int, str]:
        return main(["verify", *arguments]), capsys.readouterr().out

    return run


async def fill(http: httpx.AsyncClient, dsn: str) -> None:
    await http.post("/v1/enterprises", json=enterprise())
    await http.post("/v1/enterprises", json=enterprise(OTHER, "R-2"))
    body = change("EntitySuspended", "2025-06-01", "R-3")
    await http.post(f"/v1/entities/{CODE}/changes", json=body)
    conn = await stamping.connect(dsn, "test")
    try:
        at = await stamping.load(conn, "topic", 12)
        await stamping.stamp(conn, at, 0, rows=100, octets=10**6)
    finally:
        await conn.close()


async def tamper(dsn: str, *statements: str) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        for table in ("event", "stamp"):
            await conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            await conn.execute(statement)
    finally:
        await conn.close()


async def test_a_sound_log_fits_and_says_its_head(
    http: httpx.AsyncClient, dsn: str, verify: Verify
) -> None:
    await fill(http, dsn)
    code, said = await asyncio.to_thread(verify)
    assert code == 0
    head = said.split()[-1]
    assert head.startswith("3:")
    assert (await asyncio.to_thread(verify, "--head", head))[0] == 0
    code, said = await asyncio.to_thread(verify, "--head", f"4:{head[2:]}")
    assert code == 1
    assert "its end is cut" in said


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (f"UPDATE entity SET capital_vnd = 1 WHERE code = '{OTHER}'", f"{OTHER}: its row is not"),
        (f"UPDATE entity SET version = 3 WHERE code = '{CODE}'", f"{CODE}: is at version 3"),
        (f"DELETE FROM entity WHERE code = '{CODE}'", f"{CODE}: has events but"),
        (f"UPDATE entity SET code = '4900000088' WHERE code = '{CODE}'", f"{CODE}: has events but"),
        (f"UPDATE event SET data = '{{}}' WHERE subject = '{OTHER}'", "position 2: its hash"),
    ],
)
async def test_a_register_that_is_not_what_the_log_says_is_found(
    http: httpx.AsyncClient, dsn: str, verify: Verify, statement: str, said: str
) -> None:
    await fill(http, dsn)
    await tamper(dsn, statement)
    code, found = await asyncio.to_thread(verify)
    assert code == 1
    assert said in found
