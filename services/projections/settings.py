"""Settings of this service, from the environment: `PERSEVERANCE_...`."""

from pathlib import Path
from typing import Self

from pydantic import DirectoryPath, SecretStr, model_validator

from chassis.settings import Settings, read_secret

SHORTEST_SECRET = 32


class ProjectionsSettings(Settings):
    """How people sign in, and how the pages look."""

    token_secret: SecretStr | None = None
    """The secret that signs sessions and bearer tokens, at least 32 characters."""
    token_secret_file: Path | None = None
    """The file that holds this secret instead."""
    demo: bool = False
    """Whether an invented identity may be chosen to sign in with."""
    secure_cookies: bool = False
    """Whether the pages are behind HTTPS, as they must be."""
    theme: DirectoryPath | None = None
    """A directory whose `templates/` and `static/` take precedence over ours."""

    @model_validator(mode="after")
    def _secret_is_there(self) -> Self:
        if self.token_secret is None and self.token_secret_file is not None:
            try:
                self.token_secret = SecretStr(read_secret(self.token_secret_file))
            except ValueError as error:
                raise ValueError(f"PERSEVERANCE_TOKEN_SECRET_FILE cannot be used: {error}") from None
        if self.token_secret is None or len(self.token_secret.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(
                "PERSEVERANCE_TOKEN_SECRET or PERSEVERANCE_TOKEN_SECRET_FILE must give at least"
                f" {SHORTEST_SECRET} characters"
            )
        return self

    @property
    def secret(self) -> bytes:
        """The key of sessions, tokens and cursors."""
        assert self.token_secret is not None
        return self.token_secret.get_secret_value().encode()
