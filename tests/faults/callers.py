"""Callers that go on while something is done to a service."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

Call = Callable[[asyncio.Event], Awaitable[None]]
"""A caller: goes on until the event says that it is enough."""


@contextlib.asynccontextmanager
async def calling(callers: Sequence[Call]) -> AsyncIterator[None]:
    """Run callers within the block; what they have begun they bring to its end."""
    enough = asyncio.Event()
    tasks = [asyncio.ensure_future(call(enough)) for call in callers]
    try:
        yield
        enough.set()
        async with asyncio.timeout(120):
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
