"""What people ask, by request and reply. `command_id` makes a repeat harmless."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.alerts import CloseMotive, FollowUp
from contracts.identifiers import ActorId


class Command(BaseModel):
    """An act of a person: who. Sent on `SUBJECT`, answered by a `CommandReply`.

    An unknown field is refused: nobody is told that something was done when a part of it was not understood.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    SUBJECT: ClassVar[str]

    command_id: UUID
    actor_id: ActorId

    def to_json(self) -> bytes:
        """The bytes that go on the wire: defaults are left out, and must never change.

        So the version before understands an act that asks for nothing it does not know.
        """
        return self.model_dump_json(exclude_defaults=True).encode()


class AlertCommand(Command):
    """An act on an alert."""

    attendance_id: UUID
    alert_id: UUID


class AcknowledgeAlert(AlertCommand):
    """I take this alert in charge."""

    SUBJECT: ClassVar[str] = "commands.alerts.acknowledge"


class RecordFollowUp(AlertCommand):
    """I did this about it, on that day."""

    SUBJECT: ClassVar[str] = "commands.alerts.follow_up"

    kind: FollowUp
    on: date


class CloseAlert(AlertCommand):
    """I close it, for this motive."""

    SUBJECT: ClassVar[str] = "commands.alerts.close"

    motive: CloseMotive


class CommandReply(BaseModel):
    """The new state, or one clear reason: `code` for machines, `reason` in French for people.

    A refusal that rests on the regulation also names the `rule` and its `source`, and says in `remedy` what
    would be acceptable.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    outcome: Literal["done", "refused", "unavailable"]
    state: str | None = None
    code: str | None = None
    reason: str | None = None
    rule: str | None = None
    source: str | None = None
    remedy: str | None = None
