"""Given past events, when something happens, then these events: the words of the notifications tests."""

from datetime import UTC, date, datetime
from uuid import UUID

from chassis.events import Event
from contracts.directory import Actor, Role, School, SchoolType
from contracts.notifications import MailTemplate
from services.notifications import events
from services.notifications.domain import Mail
from services.notifications.events import About
from services.notifications.facts import Share, ThresholdReached, fact_id_of, mail_id_of

NOW = datetime(2025, 10, 14, 9, 30, tzinfo=UTC)
LATER = datetime(2025, 10, 14, 10, 0, tzinfo=UTC)
DAY = date(2025, 10, 14)
PUPIL = UUID("0d4bb2a5-f001-4c1e-9a7b-6f1d1f9e5a4f")
ALERT = UUID("3f2a91bc-0000-4000-8000-000000000001")
UAI = "0310000G"
OTHER_UAI = "0319001R"
PARCOURS = UUID("2c6d8e1f-0000-4000-8000-000000000002")
DELAY = UUID("6e8fa03b-0000-4000-8000-000000000003")
REACHED = ThresholdReached(level=1, month="2025-10", half_days=4, threshold=4)
FACT_ID = fact_id_of(ALERT, REACHED)
SHARE = Share(28, 115, 76)
ABOUT = About(ALERT, PUPIL, UAI, Role.CPE, MailTemplate.ALERT_LEVEL_1, "cpe-1")
VACANT = About(ALERT, PUPIL, UAI, Role.CPE, MailTemplate.ALERT_LEVEL_1)
MESSAGE_ID = "<mail@example.org>"

REQUESTED = events.MailRequested(at=NOW, about=ABOUT, fact=REACHED)
ASKED_FOR = f"{mail_id_of(FACT_ID, 'cpe-1')}.1"
STARTED = events.AttemptStarted(at=NOW, cause=ASKED_FOR, attempt=1, message_id=MESSAGE_ID, rendered_hash="h1")
UNCERTAIN = events.Uncertain(at=NOW, about=ABOUT, attempt=1)
CANCELLED = events.Cancelled(at=NOW, cause=ASKED_FOR, about=ABOUT)
SENT = events.Sent(at=NOW, about=ABOUT, attempt=1, message_id=MESSAGE_ID, rendered_hash="h1")


def mail(*past: Event) -> Mail:
    """The e-mail that these events made."""
    known = Mail(mail_id_of(FACT_ID, "cpe-1"))
    for event in past:
        known.replay(event)
    return known


def school(uai: str = UAI, **more: str) -> School:
    """A school of network R1."""
    fields = {"name": "Lycée Les Coteaux", "department": "31", "network": "R1"} | more
    return School.model_validate({"uai": uai, "type": SchoolType.LGT} | fields)


def actor(actor_id: str, role: Role, territory: str = UAI, **more: object) -> Actor:
    """Somebody in charge."""
    fields = {"name": f"Camille {actor_id}", "email": f"{actor_id}@example.org"} | more
    return Actor.model_validate({"id": actor_id, "role": role, "territory": territory} | fields)
