"""What people ask of the parcours service, by request and reply. Who asks makes the ids: a repeat is one act."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.commands import Command
from contracts.delays import DelayKind
from contracts.identifiers import ActorId, StudentId, Uai
from contracts.parcours import Diploma, Outcome, Partner, Scheme, Why


class ParcoursCommand(Command):
    """An act on a parcours, and why."""

    parcours_id: UUID
    student_id: StudentId
    why: Why = Why.SCHOOL_DECIDED


class Declared(BaseModel):
    """What the person who opens a parcours vouches for; None where it was not said.

    `session` is the year of the exam session, `age` the pupil's on the first day. Nothing of it is kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    volunteer: bool = False
    solutions_tried: bool = False
    diploma: Diploma | None = None
    session: int | None = None
    in_job: bool = False
    in_training: bool = False
    age: int | None = None


class ProposeParcours(ParcoursCommand):
    """Let us think of a parcours for this pupil."""

    SUBJECT: ClassVar[str] = "commands.parcours.propose"

    uai: Uai
    scheme: Scheme
    alert_id: UUID | None = None
    gpds_on: date | None = None


class RefuseParcours(ParcoursCommand):
    """The proposal is turned down."""

    SUBJECT: ClassVar[str] = "commands.parcours.refuse"


class OpenParcours(ParcoursCommand):
    """Open it, proposed before or not, from one day to another."""

    SUBJECT: ClassVar[str] = "commands.parcours.open"

    uai: Uai
    scheme: Scheme
    starts_on: date
    ends_on: date
    declared: Declared
    alert_id: UUID | None = None
    gpds_on: date | None = None


class SignConvention(ParcoursCommand):
    """An agreement with a partner, which takes the pupil in from `since` on."""

    SUBJECT: ClassVar[str] = "commands.parcours.sign_convention"

    partner: Partner
    signed_on: date
    since: date


class AppointReferent(ParcoursCommand):
    """This person follows the pupil."""

    SUBJECT: ClassVar[str] = "commands.parcours.appoint_referent"

    referent_id: ActorId


class PlanPlacement(ParcoursCommand):
    """A period in a company, both days included."""

    SUBJECT: ClassVar[str] = "commands.parcours.plan_placement"

    placement_id: UUID
    starts_on: date
    ends_on: date


class ChangePlacement(ParcoursCommand):
    """Other days for it."""

    SUBJECT: ClassVar[str] = "commands.parcours.change_placement"

    placement_id: UUID
    starts_on: date
    ends_on: date


class CancelPlacement(ParcoursCommand):
    """It will not take place."""

    SUBJECT: ClassVar[str] = "commands.parcours.cancel_placement"

    placement_id: UUID


class HoldReview(ParcoursCommand):
    """We looked at how it goes, on that day."""

    SUBJECT: ClassVar[str] = "commands.parcours.hold_review"

    held_on: date


class SuspendParcours(ParcoursCommand):
    """It pauses from that day on."""

    SUBJECT: ClassVar[str] = "commands.parcours.suspend"

    since: date


class ResumeParcours(ParcoursCommand):
    """It goes on from that day on."""

    SUBJECT: ClassVar[str] = "commands.parcours.resume"

    since: date


class ExtendParcours(ParcoursCommand):
    """It ends on a later day."""

    SUBJECT: ClassVar[str] = "commands.parcours.extend"

    ends_on: date


class CloseParcours(ParcoursCommand):
    """It is over; this became of the pupil."""

    SUBJECT: ClassVar[str] = "commands.parcours.close"

    outcome: Outcome
    closed_on: date


class DelayCommand(Command):
    """An act on a delay the law gives, and why."""

    delay_id: UUID
    student_id: StudentId
    why: Why = Why.SCHOOL_DECIDED


class StartDelay(DelayCommand):
    """The event that starts it happened on `since`."""

    SUBJECT: ClassVar[str] = "commands.parcours.start_delay"

    uai: Uai
    kind: DelayKind
    since: date


class EndDelay(DelayCommand):
    """What it asks for was done, or has no object any more (`done` False)."""

    SUBJECT: ClassVar[str] = "commands.parcours.end_delay"

    done: bool = True
