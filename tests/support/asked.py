"""A service's HTTP door asked whatever its document allows: the parts that such tests share."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.servers import until

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Need the relay and Kafka, which are not there; tested with them elsewhere.
_ELSEWHERE: Final = ("/healthz", "/readyz")
Operation = tuple[str, str]
"""(path, method)."""


def operations(document: dict[str, Any]) -> list[Operation]:
    """Return the operations of a document that can be asked here."""
    return [
        (path, method)
        for path, methods in document["paths"].items()
        for method in methods
        if path not in _ELSEWHERE
    ]


def asking(examples: int) -> settings:
    """Return the settings under which an operation is asked so many times."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def served(app: FastAPI, opened: AbstractAsyncContextManager[object]) -> Iterator[str]:
    """Serve a door in a thread with a loop of its own, over what is opened there; yield its URL."""
    door = _Door(app, opened)
    thread = threading.Thread(target=door.run, daemon=True)
    thread.start()
    assert door.ready.wait(30)
    try:
        yield door.url
    finally:
        door.server.should_exit = True
        thread.join(10)


class _Door:
    def __init__(self, app: FastAPI, opened: AbstractAsyncContextManager[object]) -> None:
        config = uvicorn.Config(app, "127.0.0.1", 0, log_config=None, lifespan="off")
        self.server = uvicorn.Server(config)
        self.opened = opened
        self.ready = threading.Event()
        self.url = ""

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        async with self.opened:
            serving = asyncio.create_task(self.server.serve())

            async def started() -> bool:
                return self.server.started

            await until(started, what="the door is open")
            port = self.server.servers[0].sockets[0].getsockname()[1]
            self.url = f"http://127.0.0.1:{port}"
            self.ready.set()
            await serving
