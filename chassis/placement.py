"""What a stream is given by where it runs, not by what it is for."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Placement(BaseSettings):
    """From the environment; the same for provisioning, for services and for `perseverance doctor`."""

    model_config = SettingsConfigDict(
        env_prefix="PERSEVERANCE_", extra="ignore", env_ignore_empty=True, use_attribute_docstrings=True
    )

    stream_replicas: int = Field(1, ge=1, le=5)
    """How many servers of a NATS cluster hold each stream: 3 on a cluster of three."""
    duplicate_window_s: int | None = Field(None, ge=1)
    """How long a stream remembers the ids it was given, in seconds; by default what is declared for it, 120."""
