"""Settings of this service, from the environment: `PERSEVERANCE_...`."""

from pathlib import Path
from typing import Self

from pydantic import SecretStr, model_validator

from chassis.settings import Settings

SHORTEST_SECRET = 32


class ProjectionsSettings(Settings):
    """Beside those of every service: how people sign in.

    `token_secret` signs sessions and bearer tokens; `token_secret_file` names a file that holds it instead.
    `demo` opens the page where an identity is chosen. `secure_cookies` when the pages are behind HTTPS.
    `theme` is a directory whose `templates/` and `static/` take precedence over ours.
    """

    token_secret: SecretStr | None = None
    token_secret_file: Path | None = None
    demo: bool = False
    secure_cookies: bool = False
    theme: Path | None = None

    @model_validator(mode="after")
    def _secret_is_there(self) -> Self:
        if self.token_secret is None and self.token_secret_file is not None:
            self.token_secret = SecretStr(self.token_secret_file.read_text().strip())
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
