"""The whole flow on one screen: who says what, on which stream, and who listens.

Everything else is derived from here: streams are provisioned, AsyncAPI and JSON Schemas are
generated, subjects are checked, and the tests read an example of each class.
"""

from dataclasses import dataclass

from contracts import alerts, delays, notifications, parcours, parcours_commands, register, school
from contracts.commands import AcknowledgeAlert, CloseAlert, Command, RecordFollowUp
from contracts.envelope import Payload
from contracts.incoming import (
    CancelAbsence,
    EnrolStudent,
    Incoming,
    JustifyAbsence,
    ReportAbsence,
    StrikeOffStudent,
)
from contracts.streams import EVERY_PLACE, BucketSpec, StreamSpec

INTAKE = StreamSpec(
    "INTAKE", ("intake.raw.*",), "raw events, until intake has read them", 7, fenced=False, replayable=False
)
REFUSALS = StreamSpec("REFUSALS", ("intake.refused.*",), "what intake refused, and why", 30, replayable=False)
SCHOOL = StreamSpec("SCHOOL", (f"school.{EVERY_PLACE}.*",), "valid, pseudonymous school facts")
REGISTER = StreamSpec("REGISTER", (f"register.{EVERY_PLACE}.*",), "identities, one message a pupil", per_subject=1)
ALERTS = StreamSpec("ALERTS", (f"alerts.{EVERY_PLACE}.*",), "what the rules make of absences")
PARCOURS = StreamSpec("PARCOURS", (f"parcours.{EVERY_PLACE}.*",), "parcours, their ends, and the delays the law gives")
NOTIFICATIONS = StreamSpec("NOTIFICATIONS", (f"notifications.{EVERY_PLACE}.*",), "who was told, with proof")

STREAMS = (INTAKE, REFUSALS, SCHOOL, REGISTER, ALERTS, PARCOURS, NOTIFICATIONS)

DIRECTORY = BucketSpec("DIRECTORY", "schools and people in charge", ("intake", "notifications", "projections"))
BUCKETS = (DIRECTORY,)

SERVICES = ("intake", "alerts", "parcours", "notifications", "projections")


@dataclass(frozen=True, slots=True)
class Channel:
    """One contract class on its way: its stream, who says it, who listens."""

    stream: StreamSpec
    contract: type[Payload]
    producer: str
    consumers: tuple[str, ...]

    @property
    def subject(self) -> str:
        """The subject filter this class is published under."""
        if self.stream is REGISTER:
            return self.stream.subjects[0]
        return self.stream.subjects[0].removesuffix("*") + self.contract.FACT


FLOW = (
    Channel(SCHOOL, school.StudentEnrolled, "intake", ("projections",)),
    Channel(SCHOOL, school.StudentLeft, "intake", ("projections",)),
    Channel(SCHOOL, school.StudentErased, "intake", ("alerts", "parcours", "notifications", "projections")),
    Channel(SCHOOL, school.AbsenceReported, "intake", ("alerts",)),
    Channel(SCHOOL, school.AbsenceJustified, "intake", ("alerts",)),
    Channel(SCHOOL, school.AbsenceCancelled, "intake", ("alerts",)),
    Channel(REGISTER, register.PupilIdentified, "intake", ("projections",)),
    Channel(REGISTER, register.PupilForgotten, "intake", ("projections",)),
    Channel(ALERTS, alerts.ThresholdApproached, "alerts", ("projections",)),
    Channel(ALERTS, alerts.AbsenceThresholdReached, "alerts", ("notifications", "projections")),
    Channel(ALERTS, alerts.AlertEvidenceChanged, "alerts", ("projections",)),
    Channel(ALERTS, alerts.AlertAcknowledged, "alerts", ("projections",)),
    Channel(ALERTS, alerts.FollowUpRecorded, "alerts", ("projections",)),
    Channel(ALERTS, alerts.AlertLifted, "alerts", ("projections",)),
    Channel(ALERTS, alerts.AlertClosed, "alerts", ("projections",)),
    Channel(PARCOURS, parcours.ParcoursProposed, "parcours", ("projections",)),
    Channel(PARCOURS, parcours.ParcoursRefused, "parcours", ("projections",)),
    Channel(PARCOURS, parcours.ParcoursOpened, "parcours", ("alerts", "notifications", "projections")),
    Channel(PARCOURS, parcours.ConventionSigned, "parcours", ("projections",)),
    Channel(PARCOURS, parcours.ReferentAppointed, "parcours", ("projections",)),
    Channel(PARCOURS, parcours.PlacementPlanned, "parcours", ("projections",)),
    Channel(PARCOURS, parcours.PlacementChanged, "parcours", ("projections",)),
    Channel(PARCOURS, parcours.PlacementCancelled, "parcours", ("projections",)),
    Channel(PARCOURS, parcours.ReviewHeld, "parcours", ("projections",)),
    Channel(PARCOURS, parcours.ReviewOverdue, "parcours", ("notifications", "projections")),
    Channel(PARCOURS, parcours.ParcoursSuspended, "parcours", ("projections",)),
    Channel(PARCOURS, parcours.ParcoursResumed, "parcours", ("projections",)),
    Channel(PARCOURS, parcours.ParcoursExtended, "parcours", ("projections",)),
    Channel(PARCOURS, parcours.StatusExpiring, "parcours", ("notifications", "projections")),
    Channel(PARCOURS, parcours.StatusExpired, "parcours", ("notifications", "projections")),
    Channel(PARCOURS, parcours.OutcomeMissing, "parcours", ("notifications", "projections")),
    Channel(PARCOURS, parcours.ParcoursClosed, "parcours", ("projections",)),
    Channel(PARCOURS, parcours.PartnerDaysChanged, "parcours", ("alerts",)),
    Channel(PARCOURS, delays.DelayStarted, "parcours", ("projections",)),
    Channel(PARCOURS, delays.DelayApproaching, "parcours", ("notifications", "projections")),
    Channel(PARCOURS, delays.DelayReached, "parcours", ("notifications", "projections")),
    Channel(PARCOURS, delays.DelayEnded, "parcours", ("projections",)),
    Channel(NOTIFICATIONS, notifications.MailRequested, "notifications", ("projections",)),
    Channel(NOTIFICATIONS, notifications.MailSent, "notifications", ("projections",)),
    Channel(NOTIFICATIONS, notifications.MailFailed, "notifications", ("projections",)),
)

INCOMING: tuple[type[Incoming], ...] = (
    EnrolStudent,
    StrikeOffStudent,
    ReportAbsence,
    JustifyAbsence,
    CancelAbsence,
)

COMMANDS: dict[type[Command], str] = {
    AcknowledgeAlert: "alerts",
    RecordFollowUp: "alerts",
    CloseAlert: "alerts",
    parcours_commands.ProposeParcours: "parcours",
    parcours_commands.RefuseParcours: "parcours",
    parcours_commands.OpenParcours: "parcours",
    parcours_commands.SignConvention: "parcours",
    parcours_commands.AppointReferent: "parcours",
    parcours_commands.PlanPlacement: "parcours",
    parcours_commands.ChangePlacement: "parcours",
    parcours_commands.CancelPlacement: "parcours",
    parcours_commands.HoldReview: "parcours",
    parcours_commands.SuspendParcours: "parcours",
    parcours_commands.ResumeParcours: "parcours",
    parcours_commands.ExtendParcours: "parcours",
    parcours_commands.CloseParcours: "parcours",
    parcours_commands.StartDelay: "parcours",
    parcours_commands.EndDelay: "parcours",
}


COMMANDER = "projections"
"""Who sends people's commands."""


def fed_by(service: str) -> tuple[StreamSpec, ...]:
    """The streams that `service` publishes on, it alone."""
    fed = {channel.stream for channel in FLOW if channel.producer == service}
    return tuple(stream for stream in STREAMS if stream in fed or (service == "intake" and stream is REFUSALS))


def read_by(service: str) -> tuple[StreamSpec, ...]:
    """The streams that `service` reads."""
    return tuple(
        stream for stream in STREAMS if consumed_by(service, stream) or (service == "intake" and stream is INTAKE)
    )


def streams_of(service: str) -> tuple[StreamSpec, ...]:
    """The streams that `service` has anything to do with."""
    mine = {*fed_by(service), *read_by(service)}
    return tuple(stream for stream in STREAMS if stream in mine)


def buckets_of(service: str) -> tuple[BucketSpec, ...]:
    """The buckets that `service` reads."""
    return tuple(bucket for bucket in BUCKETS if service in bucket.readers)


def consumed_by(service: str, stream: StreamSpec) -> tuple[Channel, ...]:
    """The channels of `stream` that `service` listens to."""
    return tuple(c for c in FLOW if c.stream is stream and service in c.consumers)


def filters_of(service: str, stream: StreamSpec) -> tuple[str, ...]:
    """The facts (last subject token) that `service` reads from `stream`."""
    return tuple(c.contract.FACT for c in consumed_by(service, stream))
