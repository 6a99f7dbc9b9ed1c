"""What happens to a pupil's parcours, and to the delays the law gives (stream PARCOURS).

Days are calendar days in France, the last one included. No text is carried: reasons are categories (DP-14).
"""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.envelope import Instant, Payload
from contracts.identifiers import ActorId, StudentId, Uai


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Scheme(StrEnum):
    """The schemes a parcours may belong to."""

    TDO = "TDO"
    PAFI = "PAFI"
    AMBITION_EMPLOI = "AMBITION_EMPLOI"
    AVENIR_PRO_PLUS = "AVENIR_PRO_PLUS"


class ParcoursState(StrEnum):
    """Where a parcours stands in its life."""

    PROPOSED = "proposed"
    OPEN = "open"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    CLOSED = "closed"
    REFUSED = "refused"


class Partner(StrEnum):
    """Kinds of structures a convention may be signed with (TDO-10)."""

    MISSION_LOCALE = "MISSION_LOCALE"
    E2C = "E2C"
    EPIDE = "EPIDE"
    AFPA = "AFPA"
    CFA = "CFA"
    SERVICE_CIVIQUE = "SERVICE_CIVIQUE"
    OTHER = "OTHER"


class Outcome(StrEnum):
    """What became of the pupil when a parcours closed."""

    JOB = "JOB"
    TRAINING = "TRAINING"
    APPRENTICESHIP = "APPRENTICESHIP"
    RETURN_TO_CLASS = "RETURN_TO_CLASS"
    OTHER_SCHEME = "OTHER_SCHEME"
    MOVED = "MOVED"
    GAVE_UP = "GAVE_UP"
    UNKNOWN = "UNKNOWN"


class Why(StrEnum):
    """Why somebody acts, as a category."""

    PUPIL_ASKED = "PUPIL_ASKED"
    FAMILY_ASKED = "FAMILY_ASKED"
    SCHOOL_DECIDED = "SCHOOL_DECIDED"
    GPDS_DECIDED = "GPDS_DECIDED"
    PARTNER_ASKED = "PARTNER_ASKED"
    HEALTH = "HEALTH"
    CORRECTION = "CORRECTION"
    OTHER = "OTHER"


class Diploma(StrEnum):
    """Diplomas whose last session opens Ambition emploi and AvenirPro+ (AE-03, AE-22)."""

    BAC_PRO = "BAC_PRO"
    BMA = "BMA"
    DTMS = "DTMS"
    CAP = "CAP"


class Caution(StrEnum):
    """What is allowed and yet worth a second look."""

    ENDS_AFTER_DECEMBER = "ENDS_AFTER_DECEMBER"  # AMB-4


class SchemeRule(_Part):
    """The rule a decision rests on, as it was in force: id, version (its first day), source."""

    id: str
    version: date
    source: str


class Gauge(_Part):
    """Share of the parcours spent in placement (PFMP), in calendar days (AE-06, AMB-5).

    `most` days are allowed, None when the scheme sets no share.
    """

    placement_days: int
    parcours_days: int
    most: int | None = None


class Span(_Part):
    """Days from `first` to `last`, both included."""

    first: date
    last: date


class _OfParcours(Payload):
    parcours_id: UUID
    student_id: StudentId
    uai: Uai
    scheme: Scheme


class _Act(_OfParcours):
    by: ActorId
    why: Why
    command_id: UUID


class ParcoursProposed(_Act, context="parcours", fact="parcours_proposed"):
    """A parcours is thought of for this pupil: after an alert or from scratch, after a GPDS or not yet."""

    alert_id: UUID | None = None
    gpds_on: date | None = None


class ParcoursRefused(_Act, context="parcours", fact="parcours_refused"):
    """The proposal was turned down, by the pupil, the family or the school."""


class ParcoursOpened(_Act, context="parcours", fact="parcours_opened"):
    """The parcours runs from `starts_on` to `ends_on`; `last_day` is how far it could be extended (None: not said)."""

    starts_on: date
    ends_on: date
    last_day: date | None = None
    next_review_on: date | None = None
    alert_id: UUID | None = None
    gpds_on: date | None = None
    rule: SchemeRule
    gauge: Gauge
    cautions: tuple[Caution, ...] = ()


class ConventionSigned(_Act, context="parcours", fact="convention_signed"):
    """An agreement with a partner; the pupil is with it from `since` on, whole parcours days."""

    partner: Partner
    signed_on: date
    since: date


class ReferentAppointed(_Act, context="parcours", fact="referent_appointed"):
    """Who follows the pupil (AE-10)."""

    referent_id: ActorId


class PlacementPlanned(_Act, context="parcours", fact="placement_planned"):
    """A period in a company (PFMP), and the gauge with it."""

    placement_id: UUID
    period: Span
    gauge: Gauge


class PlacementChanged(_Act, context="parcours", fact="placement_changed"):
    """The period has other dates."""

    placement_id: UUID
    period: Span
    gauge: Gauge


class PlacementCancelled(_Act, context="parcours", fact="placement_cancelled"):
    """The period will not take place."""

    placement_id: UUID
    gauge: Gauge


class ReviewHeld(_Act, context="parcours", fact="review_held"):
    """Pupil and referent looked at how it goes; the next time is due by `next_review_on`."""

    held_on: date
    next_review_on: date | None = None


class ReviewOverdue(_OfParcours, context="parcours", fact="review_overdue"):
    """No review was held by the day it was due."""

    review_on: date
    due_at: Instant


class ParcoursSuspended(_Act, context="parcours", fact="parcours_suspended"):
    """Nothing is asked of the pupil from `since` on; the end does not move."""

    since: date


class ParcoursResumed(_Act, context="parcours", fact="parcours_resumed"):
    """It goes on from `since` on."""

    since: date


class ParcoursExtended(_Act, context="parcours", fact="parcours_extended"):
    """It ends later, within the limit of its scheme."""

    ends_on: date
    ended_on: date
    next_review_on: date | None = None
    gauge: Gauge
    cautions: tuple[Caution, ...] = ()


class StatusExpiring(_OfParcours, context="parcours", fact="status_expiring"):
    """`days` days before the end (30, 15, 7, 1), when that instant came; `due_at` it, however late this is said.

    `last_day` is how far it could be extended, as when it opened; None too where it was said before this was told.
    """

    days: int
    ends_on: date
    last_day: date | None = None
    due_at: Instant
    gauge: Gauge


class StatusExpired(_OfParcours, context="parcours", fact="status_expired"):
    """The last day is over and nobody closed it: the status does not hold any more."""

    ends_on: date
    due_at: Instant


class OutcomeMissing(_OfParcours, context="parcours", fact="outcome_missing"):
    """Still nobody said what became of the pupil, `weeks` weeks after the end."""

    weeks: int
    ends_on: date
    due_at: Instant


class ParcoursClosed(_Act, context="parcours", fact="parcours_closed"):
    """It is over, and this became of the pupil."""

    outcome: Outcome
    closed_on: date


class PartnerDaysChanged(_OfParcours, context="parcours", fact="partner_days_changed"):
    """On these days the pupil is with a partner, and so not absent from the school `uai` (AMB-10).

    They replace those said before about this parcours (`former`); `revision` tells which was said last.
    """

    revision: int
    days: tuple[Span, ...]
    former: tuple[Span, ...] = ()
