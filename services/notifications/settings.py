"""Settings of the notifications service, from the environment (`PERSEVERANCE_...`)."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from chassis.settings import Settings, read_secrets

_NOTING_S = 5.0


class NotificationsSettings(Settings):
    """The mail relay, what e-mails say of us, and how fast and how patiently they are sent. Durations in seconds."""

    smtp_host: str = "127.0.0.1"
    """The mail relay."""
    smtp_port: int = Field(25, ge=1, le=65535)
    """The port of the mail relay."""
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    """How the connection to the mail relay is protected."""
    smtp_user: str = ""
    """Who we are to the mail relay; empty when it does not ask."""
    smtp_password_file: Path | None = None
    """The file that holds the password of `smtp_user`; while it is being changed two, a line each, tried in turn."""
    smtp_timeout_s: float = Field(60.0, gt=0)
    """How long the mail relay may take to answer."""
    smtp_connections: int = Field(4, ge=1, le=64)
    """How many e-mails are handed over at once."""
    smtp_hello: str = "localhost"
    """The name we give ourselves to the mail relay."""

    mail_from: str = "perseverance@example.org"
    """The address e-mails come from."""
    mail_from_name: str = "Persévérance scolaire"
    """The name beside that address."""
    mail_reply_to: str = ""
    """Where answers go; empty: to the sender."""
    mail_domain: str = Field("perseverance.example.org", pattern=r"^[a-z0-9.-]+$")
    """The right side of our Message-IDs: a domain of ours, that never changes."""
    public_url: str = Field("http://127.0.0.1:8080", pattern=r"^https?://[^\s\"<>]+$")
    """Where the pages are for those who receive e-mails."""

    retry_first_s: float = Field(15.0, gt=0)
    """The wait before the second attempt; it doubles with each."""
    retry_longest_s: float = Field(3600.0, gt=0)
    """The longest wait between two attempts."""
    attempt_lease_s: float = Field(20.0, gt=1)
    """After so long without a sign of its sender, an attempt counts as lost."""

    catcher_dir: Path | None = None
    """Where captured e-mails are, for a suite without a mail relay: shows them on a page."""

    @model_validator(mode="after")
    def _password_can_be_read(self) -> Self:
        try:
            self.smtp_passwords()
        except ValueError as error:
            raise ValueError(f"PERSEVERANCE_SMTP_PASSWORD_FILE cannot be used: {error}") from None
        return self

    @property
    def sender_stop_s(self) -> float:
        """How long the sender may finish what it is handing over; the rest of the stop is for noting how it ended."""
        return self.stop_limit_s - _NOTING_S

    def smtp_passwords(self) -> tuple[str, ...]:
        """The passwords to try in turn, read from their file now; an empty one when no user or no file is set.

        Raises ValueError when the file cannot be read or is empty.
        """
        if not self.smtp_user or self.smtp_password_file is None:
            return ("",)
        return read_secrets(self.smtp_password_file)
