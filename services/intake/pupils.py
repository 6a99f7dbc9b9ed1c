"""A pupil's identity as the register holds it, and how what schools say changes it. Pure."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from contracts.incoming import EnrolStudent

IDENTITY = ("uai", "last_name", "first_name", "birth_date", "class_name")


@dataclass(slots=True)
class Pupil:
    """One pupil. `stamps` says, for each field, which event set it: the latest about a field wins,
    in whatever order events come.

    `salt` keys every hash about the pupil: once it is forgotten, no hash tells anything any more.
    """

    student_id: UUID
    ine: str
    salt: bytes = field(repr=False)
    uai: str | None = None
    last_name: str | None = field(default=None, repr=False)
    first_name: str | None = field(default=None, repr=False)
    birth_date: date | None = field(default=None, repr=False)
    class_name: str | None = None
    stamps: dict[str, str] = field(default_factory=dict)
    known: bool = True

    @classmethod
    def unknown(cls, ine: str, salt: bytes) -> "Pupil":
        """A pupil never heard of: a random pseudonym, never derived from the INE."""
        return cls(uuid4(), ine, salt, known=False)

    @property
    def names(self) -> tuple[str | None, str | None]:
        """Last and first name, if known."""
        return (self.last_name, self.first_name)

    def learn_school(self, uai: str) -> bool:
        """A school reports on a pupil nobody enrolled: better that school than none."""
        if self.uai is not None:
            return False
        self.uai = uai
        return True

    def learn(self, said: EnrolStudent, time: datetime, event_id: str, source: str) -> bool:
        """Take what an enrolment says, field by field, where it is the latest to say so.

        Returns whether it was the latest about anything.
        """
        # A space sorts before every character of an id: stamps compare as (time, id, source) do.
        stamp = f"{time.astimezone(UTC).isoformat(timespec='microseconds')} {event_id} {source}"
        latest = False
        for name in IDENTITY:
            value = getattr(said, name)
            if value is not None and stamp > self.stamps.get(name, ""):
                self.stamps[name] = stamp
                setattr(self, name, value)
                latest = True
        return latest
