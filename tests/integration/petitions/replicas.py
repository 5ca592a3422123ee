"""More than one service on one database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.petitions.app import Service
from services.petitions.settings import Settings
from shared.plumbing.clock import FixedClock
from tests.integration.petitions.conftest import MORNING


@asynccontextmanager
async def replica(dsn: str) -> AsyncIterator[Service]:
    """Yield a service without what runs beside its doors."""
    settings = Settings(database_url=dsn, kafka="127.0.0.1:1", tokens=Path("none"))
    service = Service(settings, FixedClock(MORNING))
    async with service.database:
        yield service
