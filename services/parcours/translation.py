"""Own events -> what the rest of the house is told (stream PARCOURS), or nothing. Pure."""

from collections.abc import Callable
from typing import Any

import msgspec

from chassis.events import Event, Recorded
from contracts import delays, parcours
from contracts.envelope import Payload, wrap
from contracts.parcours import Gauge, SchemeRule, Span
from contracts.streams import subject_of
from services.parcours import events
from services.parcours.acting import SOURCE
from services.parcours.days import Span as Days

_SAID: dict[type[Event], type[Payload]] = {
    events.Proposed: parcours.ParcoursProposed,
    events.TurnedDown: parcours.ParcoursRefused,
    events.Opened: parcours.ParcoursOpened,
    events.ConventionSigned: parcours.ConventionSigned,
    events.ReferentAppointed: parcours.ReferentAppointed,
    events.PlacementPlanned: parcours.PlacementPlanned,
    events.PlacementChanged: parcours.PlacementChanged,
    events.PlacementCancelled: parcours.PlacementCancelled,
    events.ReviewHeld: parcours.ReviewHeld,
    events.ReviewOverdue: parcours.ReviewOverdue,
    events.Suspended: parcours.ParcoursSuspended,
    events.Resumed: parcours.ParcoursResumed,
    events.Extended: parcours.ParcoursExtended,
    events.Expiring: parcours.StatusExpiring,
    events.Expired: parcours.StatusExpired,
    events.OutcomeMissing: parcours.OutcomeMissing,
    events.Closed: parcours.ParcoursClosed,
    events.PartnerDaysChanged: parcours.PartnerDaysChanged,
    events.DelayStarted: delays.DelayStarted,
    events.DelayApproaching: delays.DelayApproaching,
    events.DelayReached: delays.DelayReached,
    events.DelayEnded: delays.DelayEnded,
}
TOPICS = [event.TOPIC for event in _SAID]


def translate(recorded: Recorded) -> tuple[str, bytes] | None:
    """The subject and bytes that tell `recorded` to the others, or None when it is our own business."""
    event: Any = recorded.event
    contract = _SAID.get(type(event))
    if contract is None:
        return None
    said = contract(**_about(recorded, event), **_details(event))
    envelope = wrap(
        said,
        id=f"{recorded.originator_id}.{recorded.originator_version}",
        source=SOURCE,
        subject=str(event.of.student_id),
        # What the clock brought happened when it was due, however late it was recorded.
        time=getattr(event, "due_at", event.at),
        recordedtime=event.at,
        correlationid=event.correlation,
        causationid=event.cause or None,
    )
    return subject_of("parcours", event.of.student_id, said.FACT), envelope.to_json()


def _about(recorded: Recorded, event: Any) -> dict[str, Any]:
    id_field = "delay_id" if isinstance(event.of, events.OfDelay) else "parcours_id"
    about = {id_field: recorded.originator_id, **msgspec.structs.asdict(event.of)}
    if isinstance(event, events.PartnerDaysChanged):
        about["revision"] = recorded.originator_version
    return about


def _details(event: Any) -> dict[str, Any]:
    own = {name: getattr(event, name) for name in event.__struct_fields__ if name not in AROUND}
    return {name: _SHAPES[name](value) if name in _SHAPES else value for name, value in own.items()}


AROUND = frozenset({"at", "cause", "correlation", "of", "reminders", "remind_on"})


def _gauge(gauge: events.Gauge) -> Gauge:
    return Gauge(**msgspec.structs.asdict(gauge))


def _rule(rule: events.RuleUsed) -> SchemeRule:
    return SchemeRule(**msgspec.structs.asdict(rule))


def _span(days: Days) -> Span:
    return Span(first=days[0], last=days[1])


def _spans(several: list[Days]) -> tuple[Span, ...]:
    return tuple(_span(days) for days in several)


def _days(days: int | list[Days]) -> int | tuple[Span, ...]:
    """`days` is how many in a reminder, and which ones with a partner."""
    return days if isinstance(days, int) else _spans(days)


_SHAPES: dict[str, Callable[[Any], Any]] = {
    "gauge": _gauge,
    "rule": _rule,
    "period": _span,
    "days": _days,
    "former": _spans,
}
