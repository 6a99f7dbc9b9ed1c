"""The delays the law gives that are not parcours (stream PARCOURS too).

Days are calendar days in France, the last one included.
"""

from datetime import date
from enum import StrEnum
from uuid import UUID

from contracts.envelope import Instant, Payload
from contracts.identifiers import ActorId, StudentId, Uai
from contracts.parcours import SchemeRule, Why


class DelayKind(StrEnum):
    """Delays the law gives that are not parcours."""

    RETURN_INTERVIEW = "RETURN_INTERVIEW"  # STA-04: droit au retour
    APPRENTICE_WITHOUT_CONTRACT = "APPRENTICE_WITHOUT_CONTRACT"  # STA-08
    APPRENTICE_AFTER_RUPTURE = "APPRENTICE_AFTER_RUPTURE"  # STA-09
    OF_SUMMONS = "OF_SUMMONS"  # OF-08


class DelayState(StrEnum):
    """Where a delay stands."""

    RUNNING = "running"
    REACHED = "reached"
    ENDED = "ended"


class _OfDelay(Payload):
    delay_id: UUID
    student_id: StudentId
    uai: Uai
    kind: DelayKind
    since: date
    until: date


class DelayStarted(_OfDelay, context="parcours", fact="delay_started"):
    """Something must be done by `until`, that day included."""

    rule: SchemeRule
    by: ActorId
    why: Why
    command_id: UUID


class DelayApproaching(_OfDelay, context="parcours", fact="delay_approaching"):
    """`days` days are left."""

    days: int
    due_at: Instant


class DelayReached(_OfDelay, context="parcours", fact="delay_reached"):
    """The last day is over and it was not done."""

    due_at: Instant


class DelayEnded(_OfDelay, context="parcours", fact="delay_ended"):
    """It was done, or has no object any more."""

    done: bool
    by: ActorId
    why: Why
    command_id: UUID
