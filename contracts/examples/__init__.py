"""An example of each contract, and builders whose every field has a default.

    absence_reported(half_day=half_day("2025-10-07"), justified=True)   -> Envelope[AbsenceReported]
    sent(ReportAbsence, ine="not an INE")                               -> the JSON a school sends
    example(AbsenceThresholdReached)                                    -> its example, typed
    EXAMPLES[AbsenceReported]                                           -> the same as JSON

Everybody and everything named here is invented.
"""

from datetime import date
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from contracts.catalogue import INCOMING
from contracts.commands import CommandReply
from contracts.directory import Actor, School
from contracts.envelope import Envelope, Payload
from contracts.examples.alerts import (
    alert_acknowledged,
    alert_closed,
    alert_lifted,
    evidence,
    evidence_changed,
    follow_up_recorded,
    tally,
    threshold_approached,
    threshold_reached,
)
from contracts.examples.common import (
    ALERT,
    ATTENDANCE,
    HEAD,
    INE,
    MONDAY,
    NOW,
    OTHER_INE,
    OTHER_STUDENT,
    OTHER_UAI,
    SENDER,
    STUDENT,
    UAI,
    Sent,
    envelope,
    half_day,
    half_days,
)
from contracts.examples.facts import (
    absence_cancelled,
    absence_justified,
    absence_reported,
    pupil_forgotten,
    pupil_identified,
    student_enrolled,
    student_erased,
    student_left,
)
from contracts.examples.incoming import REFUSAL, sent
from contracts.examples.notifications import MAIL, mail_failed, mail_requested, mail_sent
from contracts.examples.parcours import (
    COORDINATOR,
    DELAY,
    PARCOURS,
    PARCOURS_COMMANDS,
    PARCOURS_EVENTS,
    PLACEMENT,
    parcours_command,
    parcours_event,
    span,
)
from contracts.examples.people import (
    COMMANDS,
    DONE,
    REFUSED,
    acknowledge,
    actor,
    close,
    record_follow_up,
    school,
)
from contracts.incoming import Refusal
from contracts.school import ReasonCategory

__all__ = [
    "ALERT",
    "ATTENDANCE",
    "COMMANDS",
    "COORDINATOR",
    "DELAY",
    "DONE",
    "EVENTS",
    "EXAMPLES",
    "HEAD",
    "INE",
    "MAIL",
    "MONDAY",
    "NOW",
    "OTHER_INE",
    "OTHER_STUDENT",
    "OTHER_UAI",
    "PARCOURS",
    "PARCOURS_COMMANDS",
    "PARCOURS_EVENTS",
    "PLACEMENT",
    "REFUSAL",
    "REFUSED",
    "SENDER",
    "STUDENT",
    "UAI",
    "absence_cancelled",
    "absence_justified",
    "absence_reported",
    "acknowledge",
    "actor",
    "alert_acknowledged",
    "alert_closed",
    "alert_lifted",
    "close",
    "envelope",
    "evidence",
    "evidence_changed",
    "example",
    "follow_up_recorded",
    "half_day",
    "half_days",
    "mail_failed",
    "mail_requested",
    "mail_sent",
    "parcours_command",
    "parcours_event",
    "pupil_forgotten",
    "pupil_identified",
    "record_follow_up",
    "school",
    "sent",
    "span",
    "student_enrolled",
    "student_erased",
    "student_left",
    "tally",
    "threshold_approached",
    "threshold_reached",
]

P = TypeVar("P", bound=Payload)

_KEPT: Sent = {"recordedtime": NOW, "correlationid": ATTENDANCE, "causationid": absence_reported().id}

_EVENTS: tuple[Envelope[Any], ...] = (
    student_enrolled(**_KEPT),
    student_left(**_KEPT),
    student_erased(**_KEPT),
    absence_reported(category=ReasonCategory.FAMILY, **_KEPT),
    absence_justified(**_KEPT),
    absence_cancelled(**_KEPT),
    pupil_identified(**_KEPT),
    pupil_forgotten(**_KEPT),
    threshold_approached(**_KEPT),
    threshold_reached(**_KEPT),
    evidence_changed(**_KEPT),
    alert_acknowledged(**_KEPT),
    follow_up_recorded(**_KEPT),
    alert_lifted(**_KEPT),
    alert_closed(**_KEPT),
    mail_requested(**_KEPT),
    mail_sent(**_KEPT),
    mail_failed(**_KEPT),
    *(parcours_event(contract, _KEPT) for contract in PARCOURS_EVENTS),
)
EVENTS: dict[type[Payload], Envelope[Any]] = {type(event.data): event for event in _EVENTS}


def example(contract: type[P]) -> Envelope[P]:
    """The example of this contract, in its envelope."""
    return cast("Envelope[P]", EVENTS[contract])


def _json(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_none=True)


EXAMPLES: dict[type[BaseModel], dict[str, Any]] = {
    **{contract: _json(event) for contract, event in EVENTS.items()},
    **{contract: sent(contract) for contract in INCOMING},
    **{contract: _json(command) for contract, command in COMMANDS.items()},
    Refusal: _json(REFUSAL),
    CommandReply: _json(REFUSED),
    School: _json(school()),
    Actor: _json(actor(since=date(2025, 9, 1), until=date(2026, 8, 31))),
}
