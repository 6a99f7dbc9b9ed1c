"""Settings of this service, from the environment: `PERSEVERANCE_...`."""

from pathlib import Path
from typing import Self

from pydantic import DirectoryPath, SecretStr, model_validator

from chassis.settings import Settings, read_secrets

SHORTEST_SECRET = 32


class ProjectionsSettings(Settings):
    """How people sign in, and how the pages look."""

    token_secret: SecretStr | None = None
    """The secret that signs sessions and bearer tokens, at least 32 characters."""
    token_secret_file: Path | None = None
    """The file that holds this secret instead; while it is being changed two, a line each: the first signs, both count.
    """
    demo: bool = False
    """Whether whoever opens the pages may choose, without a password, as whom of the directory to sign in."""
    secure_cookies: bool = False
    """Whether the pages are behind HTTPS, as they must be."""
    theme: DirectoryPath | None = None
    """A directory whose `templates/` and `static/` take precedence over ours."""

    @model_validator(mode="after")
    def _secret_is_there(self) -> Self:
        self.token_secrets()
        return self

    def token_secrets(self) -> tuple[bytes, ...]:
        """The secrets of sessions, tokens, forms, cursors and searches, read from their file now; the first signs.

        Raises ValueError when there is none, the file cannot be read, or one is too short.
        """
        found: tuple[str, ...] = ()
        if self.token_secret is not None:
            found = (self.token_secret.get_secret_value(),)
        elif self.token_secret_file is not None:
            try:
                found = read_secrets(self.token_secret_file)
            except ValueError as error:
                raise ValueError(f"PERSEVERANCE_TOKEN_SECRET_FILE cannot be used: {error}") from None
        if not found or min(map(len, found)) < SHORTEST_SECRET:
            raise ValueError(
                "PERSEVERANCE_TOKEN_SECRET or PERSEVERANCE_TOKEN_SECRET_FILE must give at least"
                f" {SHORTEST_SECRET} characters, on each line of the file"
            )
        return tuple(secret.encode() for secret in found)
