"""The journal of e-mails into its table, a whole batch at a time."""

from msgspec.structs import astuple

from chassis.database import Transaction
from services.projections.folding.mails import MailsFold
from services.projections.stores.rows import Unnest

# What a batch says of an e-mail is laid over what was known: a lost answer is never forgotten, and
# while it is in doubt another deferral does not hide it.
_WRITE = Unnest("""
INSERT INTO mails (mail_id, alert_id, student_id, uai, role, actor_id, template, state, attempts, doubtful,
    message_id, rendered_hash, smtp_code, requested_at, sent_at, changed_at, about_id)
SELECT new.mail_id, CASE WHEN f.student_id IS NULL THEN new.alert_id END,
    CASE WHEN f.student_id IS NULL THEN new.student_id END, new.uai, new.role, new.actor_id, new.template,
    new.state, new.attempts, new.doubtful, new.message_id, new.rendered_hash, new.smtp_code, new.requested_at,
    new.sent_at, new.changed_at, CASE WHEN f.student_id IS NULL THEN new.about_id END
FROM unnest(%t::uuid[], %t::uuid[], %t::uuid[], %t::text[], %t::text[], %t::text[], %t::text[], %t::text[],
    %t::smallint[], %t::boolean[], %t::text[], %t::text[], %t::smallint[], %t::timestamptz[],
    %t::timestamptz[], %t::timestamptz[], %t::uuid[]) AS new (mail_id, alert_id, student_id, uai, role, actor_id,
    template, state, attempts, doubtful, message_id, rendered_hash, smtp_code, requested_at, sent_at, changed_at,
    about_id)
LEFT JOIN forgotten f ON f.student_id = new.student_id
ON CONFLICT (mail_id) DO UPDATE SET
    state = CASE WHEN excluded.state = 'deferred' AND mails.doubtful THEN 'uncertain' ELSE excluded.state END,
    attempts = greatest(mails.attempts, excluded.attempts),
    doubtful = mails.doubtful OR excluded.doubtful,
    actor_id = coalesce(excluded.actor_id, mails.actor_id),
    message_id = coalesce(excluded.message_id, mails.message_id),
    rendered_hash = coalesce(excluded.rendered_hash, mails.rendered_hash),
    smtp_code = excluded.smtp_code,
    requested_at = least(mails.requested_at, excluded.requested_at),
    sent_at = coalesce(excluded.sent_at, mails.sent_at),
    changed_at = excluded.changed_at
""")


def write(tx: Transaction, fold: MailsFold) -> set[str]:
    """Write what the batch made; return the schools it touched."""
    if not fold.rows:
        return set()
    _WRITE.execute(tx, map(astuple, fold.rows.values()))
    return {row.uai for row in fold.rows.values()}
