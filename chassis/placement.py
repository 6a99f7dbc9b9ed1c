"""What a stream is given by where it runs, not by what it is for: how many servers hold it, how long ids are kept."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Placement(BaseSettings):
    """From the environment; the same for provisioning, services and `perseverance doctor`.

    `stream_replicas`: servers that hold each stream and bucket, 3 on a cluster. `duplicate_window_s`: how long a
    stream remembers the ids it was given, in seconds; what its declaration says when left out.
    """

    model_config = SettingsConfigDict(env_prefix="PERSEVERANCE_", extra="ignore")

    stream_replicas: int = Field(default=1, ge=1, le=5)
    duplicate_window_s: int | None = Field(default=None, ge=1)
