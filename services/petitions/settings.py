"""Settings of the service: the environment read once, frozen. Only `app` and `__main__` read it."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Environment variables with the prefix CAUNOI_."""

    model_config = SettingsConfigDict(
        env_prefix="CAUNOI_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: str
    kafka: str
    tokens: Path
    host: str = "127.0.0.1"
    port: int = 8002
    log_level: str = "INFO"
    # Names this replica in the log and to Kafka; replicas have different ones.
    instance: str = "1"
    topic_replication: int = 1
    # Connections of this process at most; the relay has one more of its own.
    pool_size: Annotated[int, Field(ge=2, le=100)] = 10
    # Seconds between two looks for alarms that are due.
    alarm_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
