"""The journal of e-mails, as a batch of facts leaves it."""

import msgspec

from services.projections import wire
from services.projections.folding import Item


class MailRow(msgspec.Struct, gc=False):
    """An e-mail. The fields are the columns of `mails`, in order."""

    mail_id: str
    alert_id: str | None
    student_id: str | None
    uai: str
    role: str
    actor_id: str | None
    template: str
    state: str
    attempts: int
    doubtful: bool
    message_id: str | None
    rendered_hash: str | None
    smtp_code: int | None
    requested_at: str
    sent_at: str | None
    changed_at: str
    about_id: str | None


class MailsFold:
    """Facts of the stream NOTIFICATIONS, in order: each e-mail as the last one leaves it.

    An e-mail whose answer was lost once may have arrived: it stays `uncertain`, whatever attempts follow,
    until one is accepted or refused for good, and stays `doubtful` for ever.
    """

    def __init__(self) -> None:
        self.rows: dict[str, MailRow] = {}

    def add(self, item: Item) -> None:
        """Take in one fact; one that says nothing to this read model is passed over."""
        data, at = item.fact.data, item.fact.time
        if isinstance(data, wire.Mail):
            row = self.rows.get(data.mail_id)
            if row is None:
                row = self.rows[data.mail_id] = _requested(data, at)
            if isinstance(data, wire.Sent):
                _sent(row, data, at)
            elif isinstance(data, wire.Failed):
                _failed(row, data, at)


def _requested(data: wire.Mail, at: str) -> MailRow:
    return MailRow(
        data.mail_id,
        data.alert_id,
        data.student_id,
        data.uai,
        data.role,
        data.actor_id,
        data.template,
        state="requested",
        attempts=0,
        doubtful=False,
        message_id=None,
        rendered_hash=None,
        smtp_code=None,
        requested_at=at,
        sent_at=None,
        changed_at=at,
        about_id=data.about_id or data.alert_id,
    )


def _sent(row: MailRow, data: wire.Sent, at: str) -> None:
    row.state, row.changed_at, row.sent_at, row.smtp_code = "sent", at, data.sent_at, None
    row.attempts = max(row.attempts, data.attempt)
    row.doubtful = row.doubtful or data.doubtful
    row.message_id, row.rendered_hash = data.message_id, data.rendered_hash
    row.actor_id = data.actor_id or row.actor_id


def _failed(row: MailRow, data: wire.Failed, at: str) -> None:
    row.doubtful = row.doubtful or data.outcome == "uncertain"
    row.state = "uncertain" if row.doubtful and data.outcome == "deferred" else data.outcome
    row.attempts = max(row.attempts, data.attempt)
    row.smtp_code, row.changed_at = data.smtp_code, at
    row.actor_id = data.actor_id or row.actor_id
