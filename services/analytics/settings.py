"""Settings of the service: the environment read once, frozen. Only `app` and `__main__` read it."""

from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Environment variables with the prefix CAUNOI_."""

    model_config = SettingsConfigDict(env_prefix="CAUNOI_", frozen=True, extra="ignore")

    database_url: str
    kafka: str
    tokens: Path
    host: str = "127.0.0.1"
    port: int = 8003
    log_level: str = "INFO"
    # A replica's static membership in its group; replicas have different ones.
    instance: str = "1"
    topic_replication: int = 1
    # The date of the opening balance: figures before it are unknown.
    history_from: Annotated[date | None, BeforeValidator(lambda v: v or None)] = None
    # Largest number of records of one transaction.
    batch_records: Annotated[int, Field(ge=1, le=100_000)] = 20_000
    # More than this share of bad records stops the consumer instead of parking them all.
    rubbish_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    # As many waiting records load the machine code that reads them; fewer are read one by one.
    machine_from: Annotated[int, Field(ge=0)] = 30_000
    sequence_check_seconds: Annotated[float, Field(gt=0)] = 5.0
    session_seconds: Annotated[float, Field(gt=0)] = 10.0

    @property
    def writer(self) -> int:
        """This replica's number in the cells: small, and its own as far as replicas are few."""
        if self.instance.isdigit():
            return int(self.instance) % 1000
        return 1000 + sum(self.instance.encode()) % 1000
