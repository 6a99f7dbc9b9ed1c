"""Own events -> what the rest of the house is told (stream NOTIFICATIONS), or nothing. Pure."""

from typing import Any

from chassis.events import Event, Recorded
from contracts import notifications
from contracts.directory import Role
from contracts.envelope import Payload, wrap
from contracts.notifications import MailTemplate
from contracts.streams import subject_of
from services.notifications import events
from services.notifications.events import About

SOURCE = "/services/notifications"

_FAILURES: dict[type[Event], str] = {
    events.Deferred: "deferred",
    events.Uncertain: "uncertain",
    events.Refused: "refused",
    events.Unaddressed: "unaddressed",
    events.Cancelled: "cancelled",
}
_OF_ALERTS = frozenset({MailTemplate.ALERT_LEVEL_1, MailTemplate.ALERT_LEVEL_2})
TOPICS = [
    events.MailRequested.TOPIC,
    events.Addressed.TOPIC,
    events.Sent.TOPIC,
    *(event.TOPIC for event in _FAILURES),
]


def translate(recorded: Recorded) -> tuple[str, bytes] | None:
    """The subject and bytes that tell `recorded` to the others, or None when it is our own business."""
    event: Any = recorded.event
    said = _said(event, _mail(recorded, event.about)) if event.TOPIC in TOPICS else None
    if said is None:
        return None
    envelope = wrap(
        said,
        id=f"{recorded.originator_id}.{recorded.originator_version}",
        source=SOURCE,
        subject=str(event.about.student_id),
        time=event.at,
        recordedtime=event.at,
        correlationid=event.correlation,
        causationid=event.cause or None,
    )
    return subject_of("notifications", event.about.student_id, said.FACT), envelope.to_json()


def _mail(recorded: Recorded, about: About) -> dict[str, Any]:
    return {
        "mail_id": recorded.originator_id,
        "about_id": about.about_id,
        "alert_id": about.about_id if about.template in _OF_ALERTS else None,
        "student_id": about.student_id,
        "uai": about.uai,
        "role": Role(about.role),
        "actor_id": about.actor_id,
        "template": MailTemplate(about.template),
    }


def _said(event: Any, mail: dict[str, Any]) -> Payload | None:
    match event:
        case events.MailRequested() | events.Addressed():
            return notifications.MailRequested(**mail)
        case events.Sent():
            return notifications.MailSent(
                **mail,
                message_id=event.message_id,
                attempt=event.attempt,
                rendered_hash=event.rendered_hash,
                doubtful=event.doubtful,
                sent_at=event.at,
            )
    return notifications.MailFailed(
        **mail,
        outcome=_FAILURES[type(event)],
        attempt=getattr(event, "attempt", 0),
        smtp_code=getattr(event, "code", None),
    )
