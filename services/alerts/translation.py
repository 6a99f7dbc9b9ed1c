"""Own events -> what the rest of the house is told (stream ALERTS), or nothing. Pure.

What is said is written as plain values, which encode several times faster than the contract classes do; a test
holds each to its contract, byte for byte.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from chassis.events import Event, Recorded
from contracts import alerts
from contracts.envelope import Payload
from contracts.identifiers import Period, first_day_of, school_year_of
from contracts.streams import subject_of
from services.alerts import events
from services.alerts.events import RuleUsed, Slot, Tally, Why

SOURCE = "/services/alerts"
_CAUSES = {
    Why.JUSTIFIED: alerts.LiftCause.JUSTIFIED,
    Why.CANCELLED: alerts.LiftCause.CANCELLED,
    Why.IN_PARCOURS: alerts.LiftCause.IN_PARCOURS,
}
_WHY = {Why.JUSTIFIED: "justified", Why.CANCELLED: "cancelled", Why.IN_PARCOURS: "in_parcours"}
_encode = msgspec.json.Encoder().encode

Data = dict[str, Any]


@lru_cache(maxsize=2048)
def _half_day(slot: Slot) -> Data:
    return {"date": slot.day, "period": Period.AFTERNOON if slot.afternoon else Period.MORNING}


def _left_out(each: events.LeftOut) -> Data:
    said = {"half_day": _half_day(each.slot), "uai": each.uai, "why": _WHY[each.why]}
    return said | {"category": each.category} if each.category else said


def _tally(tally: Tally) -> Data:
    return {
        "counted": [{"half_day": _half_day(each.slot), "uai": each.uai} for each in tally.counted],
        "left_out": [_left_out(each) for each in tally.left_out],
    }


def _evidence(tally: Tally, rule: RuleUsed) -> Data:
    used = {"id": rule.id, "version": rule.version, "threshold": rule.threshold, "window": "calendar_month"}
    return _tally(tally) | {"rule": used}


def _of_level(event: events.Approached | events.Raised) -> Data:
    return {
        "student_id": event.student_id,
        "uai": event.uai,
        "school_year": school_year_of(first_day_of(event.month)),
        "month": event.month,
        "level": event.level,
        "half_days": len(event.tally.counted),
    }


def _approached(event: events.Approached, _: Recorded) -> Data:
    return _of_level(event) | {"evidence": _evidence(event.tally, event.rule)}


def _raised(event: events.Raised, recorded: Recorded) -> Data:
    return {
        "alert_id": event.alert_id,
        "attendance_id": recorded.originator_id,
        **_of_level(event),
        "reached_on": _half_day(event.reached_on),
        "evidence": _evidence(event.tally, event.rule),
    }


def _changed(event: events.EvidenceChanged, _: Recorded) -> Data:
    return {
        "student_id": event.student_id,
        "alert_ids": event.alert_ids,
        "month": event.month,
        "half_days": len(event.tally.counted),
        "tally": _tally(event.tally),
    }


def _lifted(event: events.Lifted, _: Recorded) -> Data:
    return {
        "alert_id": event.alert_id,
        "student_id": event.student_id,
        "cause": _CAUSES[event.why],
        "half_days": len(event.tally.counted),
        "evidence": _evidence(event.tally, event.rule),
    }


def _acted(event: events.Acknowledged | events.FollowedUp | events.Closed, **how: Any) -> Data:
    return {
        "alert_id": event.alert_id,
        "student_id": event.student_id,
        "by": event.by,
        "command_id": event.command_id,
        **how,
    }


def _acknowledged(event: events.Acknowledged, _: Recorded) -> Data:
    return _acted(event)


def _followed_up(event: events.FollowedUp, _: Recorded) -> Data:
    return _acted(event, kind=event.kind, on=event.on)


def _closed(event: events.Closed, _: Recorded) -> Data:
    return _acted(event, motive=event.motive)


TRANSLATIONS: dict[type[Event], tuple[type[Payload], Callable[[Any, Recorded], Data]]] = {
    events.Approached: (alerts.ThresholdApproached, _approached),
    events.Raised: (alerts.AbsenceThresholdReached, _raised),
    events.EvidenceChanged: (alerts.AlertEvidenceChanged, _changed),
    events.Lifted: (alerts.AlertLifted, _lifted),
    events.Acknowledged: (alerts.AlertAcknowledged, _acknowledged),
    events.FollowedUp: (alerts.FollowUpRecorded, _followed_up),
    events.Closed: (alerts.AlertClosed, _closed),
}
TOPICS = [event.TOPIC for event in TRANSLATIONS]


def translate(recorded: Recorded) -> tuple[str, bytes] | None:
    """The subject and bytes that tell `recorded` to the others, or None when it is our own business."""
    event: Any = recorded.event
    if type(event) not in TRANSLATIONS:
        return None
    contract, say = TRANSLATIONS[type(event)]
    envelope: Data = {
        "specversion": "1.0",
        "id": f"{recorded.originator_id}.{recorded.originator_version}",
        "source": SOURCE,
        "type": contract.TYPE,
        "subject": event.student_id,
        "time": event.at,
        "datacontenttype": "application/json",
    }
    if event.correlation:
        envelope["correlationid"] = event.correlation
    if event.cause:
        envelope["causationid"] = event.cause
    envelope |= {"recordedtime": event.at, "data": say(event, recorded)}
    return subject_of("alerts", event.student_id, contract.FACT), _encode(envelope)
