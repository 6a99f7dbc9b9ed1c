"""Examples of what happens to a parcours: an invented pupil, four months from the rentrée of 2025.

parcours_event(StatusExpired)                       -> its example, in its envelope
parcours_event(PlacementPlanned, period=span(...))  -> the same, but for this
parcours_command(ExtendParcours, ends_on=...)       -> what a person asks
"""

from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID

from contracts import delays
from contracts import parcours as said
from contracts import parcours_commands as asked
from contracts.commands import Command
from contracts.delays import DelayKind
from contracts.envelope import Envelope, Payload
from contracts.examples.common import ALERT, COMMAND, STUDENT, UAI, Sent, envelope
from contracts.parcours import Caution, Diploma, Gauge, Outcome, Partner, Scheme, SchemeRule, Span, Why

P = TypeVar("P", bound=Payload)
C = TypeVar("C", bound=Command)

PARCOURS = UUID("2c6d8e1f-4a3b-5c7d-9e0f-1a2b3c4d5e11")
PLACEMENT = UUID("4d7e9f2a-5b4c-4d8e-8f1a-2b3c4d5e6f12")
DELAY = UUID("6e8fa03b-6c5d-4e9f-9a2b-3c4d5e6f7a13")
COORDINATOR = "mlds-31-1"
STARTS, ENDS = date(2025, 9, 8), date(2025, 12, 31)
LAST_DAY = date(2026, 1, 7)
RULE = SchemeRule(id="AE-05", version=date(2023, 7, 28), source="Arrêté du 18 juillet 2023 (MENE2318171A), article 3")
DELAY_RULE = SchemeRule(id="OF-08", version=date(2020, 8, 7), source="Code de l’éducation, article R. 114-7")


def span(first: str, last: str) -> Span:
    """Days written `2025-10-06`."""
    return Span(first=date.fromisoformat(first), last=date.fromisoformat(last))


GAUGE = Gauge(placement_days=28, parcours_days=115, most=76)
_OF = {"parcours_id": PARCOURS, "student_id": STUDENT, "uai": UAI, "scheme": Scheme.AMBITION_EMPLOI}
_ACT = {**_OF, "by": COORDINATOR, "why": Why.SCHOOL_DECIDED, "command_id": COMMAND}
_DELAY = {
    "delay_id": DELAY,
    "student_id": STUDENT,
    "uai": UAI,
    "kind": DelayKind.OF_SUMMONS,
    "since": date(2026, 1, 31),
    "until": date(2026, 3, 31),
}
_BY = {"by": COORDINATOR, "why": Why.PARTNER_ASKED, "command_id": COMMAND}
_MIDNIGHT = datetime(2025, 12, 31, 23, tzinfo=UTC)

_SAID: dict[type[Payload], dict[str, Any]] = {
    said.ParcoursProposed: {**_ACT, "alert_id": ALERT, "gpds_on": date(2025, 9, 2)},
    said.ParcoursRefused: {**_ACT, "why": Why.FAMILY_ASKED},
    said.ParcoursOpened: {
        **_ACT,
        "starts_on": STARTS,
        "ends_on": ENDS,
        "last_day": LAST_DAY,
        "next_review_on": date(2025, 10, 8),
        "alert_id": ALERT,
        "gpds_on": date(2025, 9, 2),
        "rule": RULE,
        "gauge": Gauge(placement_days=0, parcours_days=115, most=76),
    },
    said.ConventionSigned: {
        **_ACT,
        "partner": Partner.MISSION_LOCALE,
        "signed_on": date(2025, 9, 8),
        "since": date(2025, 9, 15),
    },
    said.ReferentAppointed: {**_ACT, "referent_id": "cpe-0319001R"},
    said.PlacementPlanned: {
        **_ACT,
        "placement_id": PLACEMENT,
        "period": span("2025-10-06", "2025-11-02"),
        "gauge": GAUGE,
    },
    said.PlacementChanged: {
        **_ACT,
        "placement_id": PLACEMENT,
        "period": span("2025-10-13", "2025-11-09"),
        "gauge": GAUGE,
    },
    said.PlacementCancelled: {
        **_ACT,
        "placement_id": PLACEMENT,
        "gauge": Gauge(placement_days=0, parcours_days=115, most=76),
    },
    said.ReviewHeld: {**_ACT, "held_on": date(2025, 10, 7), "next_review_on": date(2025, 11, 6)},
    said.ReviewOverdue: {
        **_OF,
        "review_on": date(2025, 11, 6),
        "due_at": datetime(2025, 11, 6, 23, tzinfo=UTC),
    },
    said.ParcoursSuspended: {**_ACT, "why": Why.HEALTH, "since": date(2025, 11, 10)},
    said.ParcoursResumed: {**_ACT, "since": date(2025, 11, 24)},
    said.ParcoursExtended: {
        **_ACT,
        "ends_on": LAST_DAY,
        "ended_on": ENDS,
        "next_review_on": date(2025, 11, 6),
        "gauge": Gauge(placement_days=28, parcours_days=122, most=81),
        "cautions": (Caution.ENDS_AFTER_DECEMBER,),
    },
    said.StatusExpiring: {
        **_OF,
        "days": 30,
        "ends_on": ENDS,
        "last_day": LAST_DAY,
        "due_at": datetime(2025, 11, 30, 23, tzinfo=UTC),
        "gauge": GAUGE,
    },
    said.StatusExpired: {**_OF, "ends_on": ENDS, "due_at": _MIDNIGHT},
    said.OutcomeMissing: {**_OF, "weeks": 1, "ends_on": ENDS, "due_at": datetime(2026, 1, 7, 23, tzinfo=UTC)},
    said.ParcoursClosed: {**_ACT, "outcome": Outcome.APPRENTICESHIP, "closed_on": date(2025, 12, 12)},
    said.PartnerDaysChanged: {
        **_OF,
        "revision": 4,
        "days": (span("2025-09-15", "2025-12-31"),),
    },
    delays.DelayStarted: {**_DELAY, **_BY, "rule": DELAY_RULE},
    delays.DelayApproaching: {**_DELAY, "days": 15, "due_at": datetime(2026, 3, 15, 23, tzinfo=UTC)},
    delays.DelayReached: {**_DELAY, "due_at": datetime(2026, 3, 31, 22, tzinfo=UTC)},
    delays.DelayEnded: {**_DELAY, **_BY, "done": True},
}

_ASK = {
    "command_id": COMMAND,
    "actor_id": COORDINATOR,
    "student_id": STUDENT,
    "why": Why.SCHOOL_DECIDED,
}
_ON = {**_ASK, "parcours_id": PARCOURS}
_NEW = {**_ON, "uai": UAI, "scheme": Scheme.AMBITION_EMPLOI, "alert_id": ALERT}
_ASKED: dict[type[Command], dict[str, Any]] = {
    asked.ProposeParcours: {**_NEW, "gpds_on": date(2025, 9, 2)},
    asked.RefuseParcours: {**_ON, "why": Why.FAMILY_ASKED},
    asked.OpenParcours: {
        **_NEW,
        "starts_on": STARTS,
        "ends_on": ENDS,
        "declared": asked.Declared(volunteer=True, diploma=Diploma.CAP, session=2025, age=17),
        "gpds_on": date(2025, 9, 2),
    },
    asked.SignConvention: {
        **_ON,
        "partner": Partner.MISSION_LOCALE,
        "signed_on": date(2025, 9, 8),
        "since": date(2025, 9, 15),
    },
    asked.AppointReferent: {**_ON, "referent_id": "cpe-0319001R"},
    asked.PlanPlacement: {
        **_ON,
        "placement_id": PLACEMENT,
        "starts_on": date(2025, 10, 6),
        "ends_on": date(2025, 11, 2),
    },
    asked.ChangePlacement: {
        **_ON,
        "placement_id": PLACEMENT,
        "starts_on": date(2025, 10, 13),
        "ends_on": date(2025, 11, 9),
    },
    asked.CancelPlacement: {**_ON, "placement_id": PLACEMENT},
    asked.HoldReview: {**_ON, "held_on": date(2025, 10, 7)},
    asked.SuspendParcours: {**_ON, "why": Why.HEALTH, "since": date(2025, 11, 10)},
    asked.ResumeParcours: {**_ON, "since": date(2025, 11, 24)},
    asked.ExtendParcours: {**_ON, "ends_on": LAST_DAY},
    asked.CloseParcours: {**_ON, "outcome": Outcome.APPRENTICESHIP, "closed_on": date(2025, 12, 12)},
    asked.StartDelay: {
        **_ASK,
        "delay_id": DELAY,
        "uai": UAI,
        "kind": DelayKind.OF_SUMMONS,
        "since": date(2026, 1, 31),
    },
    asked.EndDelay: {**_ASK, "delay_id": DELAY, "done": True},
}


def parcours_event(contract: type[P], sent: Sent | None = None, **differently: Any) -> Envelope[P]:
    """The example of `contract`, with other values for the fields named; `sent` is for the envelope."""
    data = contract(**(_SAID[contract] | differently))
    around: Sent = {"source": "/services/parcours", **(sent or {})}
    return envelope(data, data.student_id, **around)  # type: ignore[attr-defined]  # all of them name a pupil


def parcours_command(contract: type[C], **differently: Any) -> C:
    """The example of what a person asks, with other values for the fields named."""
    return contract(**(_ASKED[contract] | differently))


PARCOURS_EVENTS = tuple(_SAID)
PARCOURS_COMMANDS: dict[type[Command], Command] = {contract: parcours_command(contract) for contract in _ASKED}
