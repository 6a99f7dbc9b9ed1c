"""What can happen to a pupil's attendance, as it is stored. Compact: most of these are written by the million."""

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from chassis.events import Event, stored_as
from contracts.envelope import correlation_of
from contracts.identifiers import month_of


class Slot(NamedTuple):
    """A half-day: sorts chronologically."""

    day: date
    afternoon: bool

    @property
    def month(self) -> str:
        """Its calendar month, as `2025-10` (rule AMB-2)."""
        return month_of(self.day)


class Status(StrEnum):
    """What the latest fact says of a half-day."""

    UNJUSTIFIED = "U"
    JUSTIFIED = "J"
    CANCELLED = "C"


class Why(StrEnum):
    """Why a half-day does not count: the first two are stored as the status they come from."""

    JUSTIFIED = "J"
    CANCELLED = "C"
    IN_PARCOURS = "P"


class Counted(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A half-day that counts, and the school that reported it."""

    slot: Slot
    uai: str


class LeftOut(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A half-day that does not count, and why."""

    slot: Slot
    uai: str
    why: Why
    category: str | None


class Tally(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The half-days of a month, in order."""

    counted: list[Counted]
    left_out: list[LeftOut]

    @property
    def uai(self) -> str:
        """The school the file belongs to, while counters follow the pupil: that of the last half-day counted."""
        return self.counted[-1].uai


class RuleUsed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The version of a rule something rests on."""

    id: str
    version: str
    threshold: int


class Fact(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a school says of a half-day, stamped with the sender's own time, id and source."""

    slot: Slot
    status: Status
    uai: str
    time: datetime
    id: str
    source: str
    category: str | None = None

    @property
    def stamp(self) -> tuple[datetime, str, str]:
        """About one half-day the greatest stamp wins, whatever the order of arrival."""
        return (self.time, self.id, self.source)


class PartnerDays(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The days of a month a pupil spends with the partner of a parcours, and the home school they excuse (AMB-10).

    `days` has one bit a day: bit n for the n-th of the month. Of what is said of a parcours, the greatest `revision`
    holds.
    """

    parcours_id: UUID
    month: str
    uai: str
    revision: int
    days: int

    def excuse(self, fact: Fact) -> bool:
        """Whether `fact`, of the same month, reports the pupil absent from the home school on one of the days."""
        return fact.uai == self.uai and bool(self.days >> fact.slot.day.day & 1)


@stored_as("alerts.FactNoted.1")
class FactNoted(Event, frozen=True):
    """A half-day is now what this fact says."""

    student_id: UUID
    fact: Fact

    @property
    def message_id(self) -> str:
        """The message that said so."""
        return self.fact.id

    @property
    def follows_from(self) -> UUID | None:
        """What all that comes of it follows from: the fact itself, whose id says so without being stored again."""
        return self.correlation or correlation_of(self.fact.source, self.fact.id)


@stored_as("alerts.PartnerDaysNoted.1")
class PartnerDaysNoted(Event, frozen=True):
    """The days with a partner, of one parcours and this month, are now these (rule AMB-10)."""

    student_id: UUID
    partner_days: PartnerDays

    @property
    def message_id(self) -> str:
        """The message that said so."""
        return self.cause

    @property
    def follows_from(self) -> UUID | None:
        """What all that comes of it follows from."""
        return self.correlation


Noted = FactNoted | PartnerDaysNoted
"""What makes a file be judged again."""


@stored_as("alerts.ThresholdApproached.1")
class Approached(Event, frozen=True):
    """The count came within reach of a threshold. `at_count` is where it stays an approach."""

    student_id: UUID
    month: str
    level: int
    uai: str
    at_count: int
    tally: Tally
    rule: RuleUsed


@stored_as("alerts.AlertRaised.1")
class Raised(Event, frozen=True):
    """The count reached a threshold. `reached_on`: the half-day that made it, in calendar order."""

    alert_id: UUID
    student_id: UUID
    month: str
    level: int
    uai: str
    reached_on: Slot
    tally: Tally
    rule: RuleUsed


@stored_as("alerts.EvidenceChanged.1")
class EvidenceChanged(Event, frozen=True):
    """Standing alerts of a month rest on other half-days than before."""

    student_id: UUID
    month: str
    alert_ids: list[UUID]
    tally: Tally


@stored_as("alerts.AlertLifted.1")
class Lifted(Event, frozen=True):
    """The count fell below the threshold while the alert was open (rules AMB-7, AMB-10)."""

    alert_id: UUID
    student_id: UUID
    level: int
    why: Why = msgspec.field(name="status")  # the stored name
    tally: Tally
    rule: RuleUsed


@stored_as("alerts.StandingLapsed.1")
class StandingLapsed(Event, frozen=True):
    """The count fell below the threshold of an alert that people had closed: it stays closed."""

    alert_id: UUID
    level: int


@stored_as("alerts.AlertAcknowledged.1")
class Acknowledged(Event, frozen=True):
    """Someone took the alert in charge."""

    alert_id: UUID
    student_id: UUID
    by: str
    command_id: UUID


@stored_as("alerts.FollowUpRecorded.1")
class FollowedUp(Event, frozen=True):
    """Someone acted."""

    alert_id: UUID
    student_id: UUID
    by: str
    command_id: UUID
    kind: str
    on: date


@stored_as("alerts.AlertClosed.1")
class Closed(Event, frozen=True):
    """Someone closed the alert."""

    alert_id: UUID
    student_id: UUID
    by: str
    command_id: UUID
    motive: str


@stored_as("alerts.PupilForgotten.1")
class PupilForgotten(Event, frozen=True):
    """The pupil was erased: nothing more is noted, judged or accepted."""
