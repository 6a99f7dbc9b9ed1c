"""Forgetting a pupil: after it, no table, log or stream of the suite says who a pseudonym was."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.clock import Clock
from chassis.database import Database
from contracts.school import StudentErased
from services.intake import ledger, register
from services.intake.batch import TICK, envelope_of
from services.intake.ledger import Entry
from services.intake.ledger_log import REGISTER_SOURCE


@dataclass(frozen=True, slots=True)
class Erased:
    """What was forgotten: a pseudonym, how many facts stay under it, how many raw messages went."""

    student_id: UUID
    facts: int
    raw_messages: int


class Erasure:
    """The right to erasure, one pupil at a time. It cannot be undone."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def find(self, *, ine: str | None = None, student_id: UUID | None = None) -> UUID | None:
        """The pseudonym of this pupil; None when the register does not know who that is."""
        with self._database.transaction() as tx:
            if student_id is not None:
                return student_id if register.by_id(tx, student_id) else None
            pupil = register.by_ine(tx, [ine or ""]).get(ine or "")
            return pupil.student_id if pupil else None

    def erase(self, student_id: UUID) -> Erased | None:
        """Forget who this is and tell every service. None when there was nothing to forget."""
        now = self._clock.now()
        with self._database.transaction() as tx:
            position, moment = ledger.hold_door(tx)
            ine = register.by_id(tx, student_id)
            if ine is None:
                return None
            facts = ledger.forget_contents(tx, student_id)
            raw = register.drop_quarantined(tx, ine)
            register.erase(tx, student_id, now)
            ledger.append(tx, [_fact(student_id, position + 1, max(now, moment + TICK))])
        return Erased(student_id, facts, raw)


def _fact(student_id: UUID, position: int, moment: datetime) -> Entry:
    event_id = f"erased-{student_id}"
    envelope = envelope_of(StudentErased).model_validate(
        {
            "id": event_id,
            "source": REGISTER_SOURCE,
            "type": StudentErased.TYPE,
            "subject": str(student_id),
            "time": moment,
            "recordedtime": moment,
            "data": {"student_id": student_id},
        }
    )
    key = ledger.event_key(REGISTER_SOURCE, event_id)
    return Entry(position, key, None, moment, student_id, StudentErased.FACT, "register", envelope.to_json())
