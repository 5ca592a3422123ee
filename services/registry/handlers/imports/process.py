"""The worker as a process of its own: reading a large file must not hold up the door."""

import asyncio
import sys
from contextlib import suppress
from typing import Final

from services.registry.handlers.imports.files import Imports
from shared.plumbing.log import get_logger

_log = get_logger(__name__)
COMMAND: Final = "work-imports"
_STOP_SECONDS: Final = 5.0


class WorkerProcess:
    """Starts the worker when a file waits and nobody works, in this replica or in another."""

    def __init__(self, imports: Imports) -> None:
        self._imports = imports
        self._process: asyncio.subprocess.Process | None = None

    async def tend(self) -> None:
        """Start the worker where it is needed. Raises one of `postgres.UNAVAILABLE`."""
        if self._process is not None:
            if self._process.returncode is None:
                return
            if self._process.returncode != 0:
                _log.warning("import_worker_failed", exit_code=self._process.returncode)
            self._process = None
        if not await self._imports.work_waits():
            return
        # Its standard input ends with this process, and the worker with it.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.registry", COMMAND, stdin=asyncio.subprocess.PIPE
        )
        _log.info("import_worker_started", pid=self._process.pid)

    async def close(self) -> None:
        """End the worker; what it has begun goes on at the next start."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
            return
        process.kill()
        await process.wait()
