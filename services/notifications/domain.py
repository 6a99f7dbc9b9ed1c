"""The life of one e-mail, and what was announced about one pupil. Pure: time and ids come in as arguments.

Each method answers whether it changed anything; "no" is a normal answer: what arrives twice, too late, or
from an attempt that was given up, is ignored.
"""

from datetime import datetime
from enum import Enum, auto
from typing import Any
from uuid import UUID

import msgspec

from chassis.events import Aggregate, Event
from services.notifications import events
from services.notifications.events import About
from services.notifications.facts import Fact, fact_id_of


class State(Enum):
    """Where an e-mail stands."""

    NEW = auto()
    WAITING = auto()
    SENDING = auto()
    SENT = auto()
    REFUSED = auto()
    UNADDRESSED = auto()
    CANCELLED = auto()


class Mail(Aggregate):
    """One e-mail to one person about one fact."""

    def __init__(self, id: UUID) -> None:  # noqa: A002
        super().__init__(id)
        self.state = State.NEW
        self.about: About
        self.fact: Fact
        self.written_at: datetime  # what it says of days is said of this one
        self.message_id = ""
        self.attempts = 0
        self.in_flight = 0  # the attempt whose outcome is awaited, or 0
        self.doubtful = False
        self.correlation: UUID | None = None
        self.cause = ""  # the id of the event it tells of
        self.asked_for = ""  # the id of the event that asked for it, then for the present attempt

    @property
    def fact_id(self) -> UUID:
        """The fact it tells."""
        return fact_id_of(self.about.about_id, self.fact)

    def request(self, at: datetime, about: About, fact: Fact, cause: str = "", correlation: UUID | None = None) -> bool:
        """Somebody, or nobody yet, must be told."""
        if self.state is not State.NEW:
            return False
        self.record(events.MailRequested(at=at, cause=cause, correlation=correlation, about=about, fact=fact))
        if about.actor_id is None:
            self.unaddress(at)
        return True

    def unaddress(self, at: datetime) -> bool:
        """There is nobody to send it to."""
        if self.state is not State.WAITING:
            return False
        self.record(events.Unaddressed(**self._around(at), about=self.about))
        return True

    def address(self, at: datetime, actor_id: str) -> bool:
        """There is somebody now."""
        if self.state is not State.UNADDRESSED:
            return False
        self.record(events.Addressed(**self._around(at), about=msgspec.structs.replace(self.about, actor_id=actor_id)))
        return True

    def start(self, at: datetime, message_id: str, rendered_hash: str) -> bool:
        """An attempt is about to be made; only one at a time."""
        if self.state is not State.WAITING:
            return False
        self.record(
            events.AttemptStarted(
                **self._around(at), attempt=self.attempts + 1, message_id=message_id, rendered_hash=rendered_hash
            )
        )
        return True

    def accept(self, at: datetime, attempt: int, rendered_hash: str, answer: str) -> bool:
        """The relay took it. True whatever was believed since, so it is believed, be it late."""
        if self.state is State.SENT:
            return False
        self.record(
            events.Sent(
                **self._around(at),
                about=self.about,
                attempt=attempt,
                message_id=self.message_id,
                rendered_hash=rendered_hash,
                doubtful=self.doubtful,
                answer=answer,
            )
        )
        return True

    def defer(self, at: datetime, attempt: int, code: int | None, answer: str) -> bool:
        """Not this time; whether it is to be tried again."""
        if not self._awaits(attempt):
            return False
        self.record(events.Deferred(**self._around(at), about=self.about, attempt=attempt, code=code, answer=answer))
        return True

    def put_aside(self, at: datetime) -> bool:
        """It could not be written: an attempt that never came to the relay, to be made again."""
        if self.state is not State.WAITING:
            return False
        attempt = self.attempts + 1
        self.record(events.Deferred(**self._around(at), about=self.about, attempt=attempt, answer="not written"))
        return True

    def refuse(self, at: datetime, attempt: int, code: int | None, answer: str) -> bool:
        """Never, for this person."""
        if not self._awaits(attempt):
            return False
        self.record(events.Refused(**self._around(at), about=self.about, attempt=attempt, code=code, answer=answer))
        return True

    def doubt(self, at: datetime, attempt: int) -> bool:
        """Nobody will ever know how this attempt ended; whether it is to be tried again."""
        if self.in_flight != attempt:
            return False
        self.record(events.Uncertain(**self._around(at), about=self.about, attempt=attempt))
        return self.state is State.WAITING

    def cancel(self, at: datetime) -> bool:
        """The pupil was erased. What is on its way cannot be called back; its outcome will still be noted."""
        if self.state not in (State.WAITING, State.SENDING, State.UNADDRESSED):
            return False
        self.record(events.Cancelled(**self._around(at), about=self.about))
        return True

    def _around(self, at: datetime) -> dict[str, Any]:
        return {"at": at, "cause": self.asked_for, "correlation": self.correlation}

    def _id_of_next(self) -> str:
        return f"{self.id}.{self.version + 1}"

    def _awaits(self, attempt: int) -> bool:
        return self.state is State.SENDING and self.in_flight == attempt

    def apply(self, event: Event) -> None:
        """What each event changes."""
        match event:
            case events.MailRequested():
                self.written_at, self.about, self.fact = event.at, event.about, event.fact
                self.correlation, self.cause, self.asked_for = event.correlation, event.cause, self._id_of_next()
            case events.Addressed():
                self.written_at, self.about = event.at, event.about
            case events.AttemptStarted():
                self.message_id = event.message_id
                self.attempts = self.in_flight = event.attempt
                self.asked_for = self._id_of_next()
            case events.Deferred():  # not started if it could not even be written
                self.attempts, self.in_flight = max(self.attempts, event.attempt), 0
            case events.Sent() | events.Refused():
                self.in_flight = 0
            case events.Uncertain():
                self.in_flight, self.doubtful = 0, True
                if self.state is State.CANCELLED:
                    return
        self.state = _THEN[type(event)]


_THEN: dict[type[Event], State] = {
    events.MailRequested: State.WAITING,
    events.Addressed: State.WAITING,
    events.AttemptStarted: State.SENDING,
    events.Sent: State.SENT,
    events.Deferred: State.WAITING,
    events.Refused: State.REFUSED,
    events.Uncertain: State.WAITING,
    events.Unaddressed: State.UNADDRESSED,
    events.Cancelled: State.CANCELLED,
}


class Announcements(Aggregate):
    """What was announced about one pupil; its id is the pupil's.

    The same fact announced again says nothing, even if the directory has changed since: somebody
    newly appointed is not told of everything of the past.
    """

    def __init__(self, id: UUID) -> None:  # noqa: A002
        super().__init__(id)
        self.facts: dict[UUID, list[UUID]] = {}  # the e-mails about each
        self.erased = False

    @property
    def mail_ids(self) -> list[UUID]:
        """Every e-mail about this pupil."""
        return [mail_id for mail_ids in self.facts.values() for mail_id in mail_ids]

    def may_announce(self, fact_id: UUID) -> bool:
        """Whether this fact is new, and the pupil not erased."""
        return not self.erased and fact_id not in self.facts

    def announce(self, at: datetime, fact_id: UUID, mail_ids: tuple[UUID, ...]) -> None:
        """These e-mails, or these too, tell of this fact."""
        self.record(events.FactAnnounced(at=at, fact_id=fact_id, mail_ids=mail_ids))

    def erase(self, at: datetime) -> bool:
        """The pupil was erased, maybe before anything was said."""
        if self.erased:
            return False
        self.record(events.PupilErased(at=at))
        return True

    def apply(self, event: Event) -> None:
        """What each event changes."""
        match event:
            case events.FactAnnounced():
                self.facts.setdefault(event.fact_id, []).extend(event.mail_ids)
            case events.PupilErased():
                self.erased = True
            case _:
                super().apply(event)
