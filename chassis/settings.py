"""Settings every service has, from the environment."""

from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.clock import Clock, SimulatedClock, SystemClock
from chassis.database import Database


class Settings(BaseSettings):
    """Where the servers are and how this process presents itself.

    `NATS_URL` and `DATABASE_URL` have no prefix, everything else is `PERSEVERANCE_...`.
    `stop_limit_s` is how long work in hand may take to finish once the service is asked to stop.
    """

    model_config = SettingsConfigDict(env_prefix="PERSEVERANCE_", extra="ignore", populate_by_name=True)

    nats_url: str = Field(validation_alias=AliasChoices("NATS_URL", "nats_url"))
    database_url: str = Field(validation_alias=AliasChoices("DATABASE_URL", "database_url"))
    host: str = "127.0.0.1"
    port: int = 0
    clock: Literal["system", "simulated"] = "system"
    stop_limit_s: float = Field(10.0, gt=5)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


def make_clock(settings: Settings, database: Database) -> Clock:
    """The clock the settings ask for."""
    return SimulatedClock(database) if settings.clock == "simulated" else SystemClock()
