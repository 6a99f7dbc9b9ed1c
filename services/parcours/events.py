"""What can happen to a parcours, to a delay and to a pupil, as it is stored. No name, no text."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from chassis.events import Event, stored_as
from services.parcours.days import Span


class Of(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Whose parcours, in which school, of which scheme."""

    student_id: UUID
    uai: str
    scheme: str


class Gauge(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Calendar days in placement, in all, and how many in placement are allowed (AMB-5)."""

    placement_days: int
    parcours_days: int
    most: int | None


class RuleUsed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The version of a rule something rests on."""

    id: str
    version: date
    source: str


class Happened(Event, frozen=True):
    """Something that happened to a parcours."""

    of: Of


class Done(Happened, frozen=True):
    """Something that somebody did, and why."""

    by: str
    why: str
    command_id: UUID


@stored_as("parcours.Proposed.1")
class Proposed(Done, frozen=True):
    """A parcours is thought of."""

    alert_id: UUID | None = None
    gpds_on: date | None = None


@stored_as("parcours.TurnedDown.1")
class TurnedDown(Done, frozen=True):
    """The proposal is turned down."""


@stored_as("parcours.Opened.1")
class Opened(Done, frozen=True):
    """It runs from one day to another. `reminders`: days before the end at which it will be spoken of."""

    starts_on: date
    ends_on: date
    last_day: date | None
    next_review_on: date | None
    rule: RuleUsed
    gauge: Gauge
    reminders: list[int]
    cautions: tuple[str, ...] = ()
    alert_id: UUID | None = None
    gpds_on: date | None = None


@stored_as("parcours.ConventionSigned.1")
class ConventionSigned(Done, frozen=True):
    """An agreement with a partner, which has the pupil from `since` on."""

    partner: str
    signed_on: date
    since: date


@stored_as("parcours.ReferentAppointed.1")
class ReferentAppointed(Done, frozen=True):
    """Who follows the pupil."""

    referent_id: str


@stored_as("parcours.PlacementPlanned.1")
class PlacementPlanned(Done, frozen=True):
    """A period in a company."""

    placement_id: UUID
    period: Span
    gauge: Gauge


@stored_as("parcours.PlacementChanged.1")
class PlacementChanged(Done, frozen=True):
    """Other days for it."""

    placement_id: UUID
    period: Span
    gauge: Gauge


@stored_as("parcours.PlacementCancelled.1")
class PlacementCancelled(Done, frozen=True):
    """It will not take place."""

    placement_id: UUID
    gauge: Gauge


@stored_as("parcours.ReviewHeld.1")
class ReviewHeld(Done, frozen=True):
    """It was looked at."""

    held_on: date
    next_review_on: date | None


@stored_as("parcours.ReviewOverdue.1")
class ReviewOverdue(Happened, frozen=True):
    """It was not looked at in time."""

    review_on: date
    due_at: datetime


@stored_as("parcours.Suspended.1")
class Suspended(Done, frozen=True):
    """It pauses."""

    since: date


@stored_as("parcours.Resumed.1")
class Resumed(Done, frozen=True):
    """It goes on."""

    since: date


@stored_as("parcours.Extended.1")
class Extended(Done, frozen=True):
    """It ends later."""

    ends_on: date
    ended_on: date
    gauge: Gauge
    reminders: list[int]
    next_review_on: date | None
    cautions: tuple[str, ...] = ()


@stored_as("parcours.Expiring.1")
class Expiring(Happened, frozen=True):
    """So many days before the end. `last_day` was not kept at first: None says that too."""

    days: int
    ends_on: date
    due_at: datetime
    gauge: Gauge
    last_day: date | None = None


@stored_as("parcours.Expired.1")
class Expired(Happened, frozen=True):
    """The last day is over."""

    ends_on: date
    due_at: datetime


@stored_as("parcours.OutcomeMissing.1")
class OutcomeMissing(Happened, frozen=True):
    """So many weeks after the end, still no outcome."""

    weeks: int
    ends_on: date
    due_at: datetime


@stored_as("parcours.Closed.1")
class Closed(Done, frozen=True):
    """It is over, and this became of the pupil."""

    outcome: str
    closed_on: date


@stored_as("parcours.PartnerDaysChanged.1")
class PartnerDaysChanged(Happened, frozen=True):
    """The days with a partner are these now (AMB-10)."""

    days: list[Span]
    former: list[Span]


@stored_as("parcours.Forgotten.1")
class Forgotten(Event, frozen=True):
    """The pupil was erased: nothing more happens to this parcours or delay."""


class OfDelay(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Whose delay, in which school, of which kind, from one day to another."""

    student_id: UUID
    uai: str
    kind: str
    since: date
    until: date


@stored_as("parcours.DelayStarted.1")
class DelayStarted(Event, frozen=True):
    """A delay the law gives has begun. `remind_on`: when it will be spoken of, or never."""

    of: OfDelay
    rule: RuleUsed
    remind_on: date | None
    by: str
    why: str
    command_id: UUID


@stored_as("parcours.DelayApproaching.1")
class DelayApproaching(Event, frozen=True):
    """Its end comes near."""

    of: OfDelay
    days: int
    due_at: datetime


@stored_as("parcours.DelayReached.1")
class DelayReached(Event, frozen=True):
    """Its last day is over."""

    of: OfDelay
    due_at: datetime


@stored_as("parcours.DelayEnded.1")
class DelayEnded(Event, frozen=True):
    """What it asks for was done, or has no object any more."""

    of: OfDelay
    done: bool
    by: str
    why: str
    command_id: UUID


@stored_as("parcours.PupilTaken.1")
class PupilTaken(Event, frozen=True):
    """The pupil has this open parcours."""

    parcours_id: UUID
    scheme: str


@stored_as("parcours.PupilFree.1")
class PupilFree(Event, frozen=True):
    """The pupil has no open parcours any more."""

    parcours_id: UUID


@stored_as("parcours.PupilConcerned.1")
class PupilConcerned(Event, frozen=True):
    """A proposal or a delay is about the pupil: to be forgotten with them."""

    about_id: UUID


@stored_as("parcours.PupilErased.1")
class PupilErased(Event, frozen=True):
    """The pupil was erased."""
