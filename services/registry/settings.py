"""The environment, read once into one frozen object. Only `app` and `__main__` read it."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.registry.handlers.record import MAX_BATCH


class Settings(BaseSettings):
    """Environment variables with the prefix CAUNOI_."""

    model_config = SettingsConfigDict(env_prefix="CAUNOI_", frozen=True, extra="ignore")

    database_url: str
    kafka: str
    tokens: Path
    host: str = "127.0.0.1"
    port: int = 8001
    log_level: str = "INFO"
    # A replica's static membership in its group; replicas have different ones.
    instance: str = "1"
    topic_replication: int = 1
    # Largest number of intake records of one transaction.
    intake_batch: Annotated[int, Field(ge=1, le=MAX_BATCH)] = 500
    # How long a branch waits for its parent to come by another partition.
    waiting_seconds: Annotated[float, Field(gt=0)] = 60.0
    # How many days the rows of an ended import are kept; its summary stays.
    imports_kept_days: Annotated[int, Field(ge=1, le=36_500)] = 90
