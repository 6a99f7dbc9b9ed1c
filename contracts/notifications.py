"""Who was told, and the proof of it (stream NOTIFICATIONS). Addresses stay in the directory."""

from enum import StrEnum
from typing import Literal
from uuid import UUID

from contracts.directory import Role
from contracts.envelope import Instant, Payload
from contracts.identifiers import ActorId, StudentId, Uai


class MailTemplate(StrEnum):
    """The e-mails the suite writes."""

    ALERT_LEVEL_1 = "alert_level_1"
    ALERT_LEVEL_2 = "alert_level_2"
    PARCOURS_OPENED = "parcours_opened"
    STATUS_EXPIRING = "status_expiring"
    STATUS_EXPIRED = "status_expired"
    OUTCOME_MISSING = "outcome_missing"
    REVIEW_OVERDUE = "review_overdue"
    DELAY_APPROACHING = "delay_approaching"
    DELAY_REACHED = "delay_reached"


class _Mail(Payload):
    """`about_id`: the alert, the parcours or the delay it tells of, which the template says; `alert_id`: the alert."""

    mail_id: UUID
    about_id: UUID | None = None
    alert_id: UUID | None = None
    student_id: StudentId
    uai: Uai
    role: Role
    actor_id: ActorId | None = None
    template: MailTemplate


class MailRequested(_Mail, context="notifications", fact="mail_requested"):
    """This person must be told about this alert."""


class MailSent(_Mail, context="notifications", fact="mail_sent"):
    """The relay accepted the message.

    `doubtful`: the answer of an earlier attempt was lost, so the person may have it twice.
    `rendered_hash`: SHA-256 of the message as it was handed over.
    """

    message_id: str
    attempt: int
    rendered_hash: str
    doubtful: bool = False
    sent_at: Instant


class MailFailed(_Mail, context="notifications", fact="mail_failed"):
    """An attempt did not end in an acceptance.

    deferred: will be tried again; uncertain: the answer after DATA was lost, will be tried again
    and the doubt stays on record; refused: the relay said no for good; unaddressed: the directory
    has nobody in this role for this school; cancelled: the pupil was erased before sending.
    """

    outcome: Literal["deferred", "uncertain", "refused", "unaddressed", "cancelled"]
    attempt: int = 0
    smtp_code: int | None = None
