"""What a database that goes away looks like to whoever asks it next."""

import asyncio

import asyncpg
import pytest

from shared.plumbing.postgres import UNAVAILABLE
from tests.support.servers import Servers, named


@pytest.mark.parametrize("turns", range(40))
async def test_a_connection_that_was_ended_says_not_now_at_whatever_moment_it_is_used(
    servers: Servers, turns: int
) -> None:
    """The server's word, the end of the stream and our next statement may cross in any order."""
    server = named(servers.postgres, "postgres")
    admin = await asyncpg.connect(server)
    conn = await asyncpg.connect(server)
    await admin.execute("SELECT pg_terminate_backend($1)", conn.get_server_pid())
    for _ in range(turns):
        await asyncio.sleep(0)
    with pytest.raises(UNAVAILABLE):
        await conn.execute("SELECT 1")
    conn.terminate()
    await admin.close()
