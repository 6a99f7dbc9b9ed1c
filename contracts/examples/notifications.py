"""Examples of who was told, and of the proof."""

from datetime import datetime
from typing import Any, Literal, Unpack
from uuid import UUID

from contracts.directory import Role
from contracts.envelope import Envelope
from contracts.examples.common import ALERT, HEAD, NOW, STUDENT, UAI, Sent, envelope
from contracts.notifications import MailFailed, MailRequested, MailSent, MailTemplate

SOURCE = "/services/notifications"
MAIL = UUID("c4b0a1d2-6e5f-5d4c-9b8a-7f6e5d4c3b07")


class Addressed(Sent, total=False):
    """What all three facts about an e-mail say, beside their envelope; all of it has a default."""

    mail_id: UUID
    about_id: UUID | None
    alert_id: UUID | None
    student_id: UUID
    uai: str
    role: Role
    actor_id: str | None
    template: MailTemplate


_ENVELOPE = Sent.__annotations__.keys()


def _split(said: Addressed) -> tuple[dict[str, Any], Sent]:
    mail: dict[str, Any] = {
        "mail_id": MAIL,
        "about_id": said.get("alert_id", ALERT),
        "alert_id": ALERT,
        "student_id": STUDENT,
        "uai": UAI,
        "role": Role.CHEF_ETAB,
        "actor_id": HEAD,
        "template": MailTemplate.ALERT_LEVEL_1,
    }
    sent: dict[str, Any] = {"source": SOURCE}
    for name, value in said.items():
        (sent if name in _ENVELOPE else mail)[name] = value
    return mail, Sent(**sent)  # type: ignore[typeddict-item]  # the keys were sorted just above


def mail_requested(**said: Unpack[Addressed]) -> Envelope[MailRequested]:
    """This person must be told."""
    mail, sent = _split(said)
    return envelope(MailRequested(**mail), mail["student_id"], **sent)


def mail_sent(
    *, attempt: int = 1, doubtful: bool = False, sent_at: datetime = NOW, **said: Unpack[Addressed]
) -> Envelope[MailSent]:
    """The relay accepted the message."""
    mail, sent = _split(said)
    accepted = MailSent(
        **mail,
        message_id=f"<{mail['mail_id']}@perseverance.example.org>",
        attempt=attempt,
        rendered_hash="0" * 64,
        doubtful=doubtful,
        sent_at=sent_at,
    )
    return envelope(accepted, mail["student_id"], **sent)


def mail_failed(
    *,
    outcome: Literal["deferred", "uncertain", "refused", "unaddressed", "cancelled"] = "deferred",
    attempt: int = 1,
    smtp_code: int | None = 451,
    **said: Unpack[Addressed],
) -> Envelope[MailFailed]:
    """An attempt that did not end in an acceptance."""
    mail, sent = _split(said)
    failed = MailFailed(**mail, outcome=outcome, attempt=attempt, smtp_code=smtp_code)
    return envelope(failed, mail["student_id"], **sent)
