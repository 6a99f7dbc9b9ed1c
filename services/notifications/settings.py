"""Settings of the notifications service, from the environment (`PERSEVERANCE_...`)."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from chassis.settings import Settings

_NOTING_S = 5.0


class NotificationsSettings(Settings):
    """The relay, what e-mails say of us, and how fast and how patiently they are sent. Durations in seconds."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = 25
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    smtp_user: str = ""
    smtp_password_file: Path | None = None
    smtp_timeout_s: float = Field(60.0, gt=0)
    smtp_connections: int = Field(4, ge=1, le=64)
    smtp_hello: str = "localhost"

    mail_from: str = "perseverance@example.org"
    mail_from_name: str = "Persévérance scolaire"
    mail_reply_to: str = ""
    mail_domain: str = Field("perseverance.example.org", pattern=r"^[a-z0-9.-]+$")
    public_url: str = Field("http://127.0.0.1:8080", pattern=r"^https?://[^\s\"<>]+$")

    retry_first_s: float = Field(15.0, gt=0)
    retry_longest_s: float = Field(3600.0, gt=0)
    attempt_lease_s: float = Field(20.0, gt=1)

    catcher_dir: Path | None = None

    @property
    def sender_stop_s(self) -> float:
        """How long the sender may finish what it is handing over; the rest of the stop is for noting how it ended."""
        return self.stop_limit_s - _NOTING_S

    def smtp_password(self) -> str:
        """The password, read from its file; empty when no user is set."""
        if not self.smtp_user or self.smtp_password_file is None:
            return ""
        return self.smtp_password_file.read_text().strip()
