"""What the door answers about one event: where and why, never the value."""

from dataclasses import dataclass
from typing import Literal

from services.intake.codes import Code

Status = Literal["accepted", "duplicate", "refused"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event is refused: the path of the field (empty for the whole event), the code, and the place.

    `at` completes the reason, as `line 1 column 7`. `id` and `source` are the event's own, when they
    are known and say nothing about the pupil.
    """

    field: str
    code: Code
    at: str = ""
    id: str | None = None
    source: str | None = None

    @property
    def reason(self) -> str:
        """The reason in English, for programs and those who write them."""
        said = self.code.reason_about(self.field).en
        return f"{said} ({self.at})" if self.at else said


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer about the event at `index` (from 0) of what was sent."""

    index: int
    status: Status
    id: str | None = None
    refusal: Refusal | None = None

    def as_json(self) -> dict[str, object]:
        """The answer as programs read it (docs/integration.md)."""
        refusal = self.refusal
        return {
            "index": self.index,
            "id": self.id,
            "status": self.status,
            "field": refusal.field if refusal else None,
            "code": refusal.code if refusal else None,
            "reason": refusal.reason if refusal else None,
        }
