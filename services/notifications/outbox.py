"""The e-mails that are due: taken and marked as being tried, then marked with how that ended. Synchronous.

What is committed here before anything is sent is what makes a crash harmless: an attempt that was
started and has no outcome when its lease ends counts as uncertain.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from prometheus_client import Counter

from chassis import deadlines
from chassis.clock import Clock
from chassis.database import Database, Transaction
from chassis.deadlines import Deadline
from chassis.logs import Log
from chassis.recorder import VersionConflict
from chassis.store import Aggregates, EventStore
from contracts.directory import Actor, School
from services.notifications.application import ADDRESS, ATTEMPT_LOST, SEND, day_of, real_now
from services.notifications.backoff import BackOff
from services.notifications.courier import Ending, Outcome
from services.notifications.domain import Mail, State
from services.notifications.people import People
from services.notifications.rendering import Letter, Renderer

log = Log("sender")

OUTCOMES = Counter("perseverance_mail_attempts", "How attempts to send an e-mail ended", ["outcome"])
UNWRITTEN = "unwritten"
OUTCOMES.labels(UNWRITTEN)  # from 0: of a series that begins with 1, Prometheus sees no increase

_FINAL = frozenset({State.SENT, State.REFUSED, State.CANCELLED})
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """A letter about to be handed over: which e-mail, which attempt."""

    mail_id: UUID
    attempt: int
    letter: Letter
    started_by: str  # the id of the event that says that the attempt is made
    cause: str = ""  # the id of the event it tells of
    correlation: UUID | None = None


class Outbox:
    """Takes due e-mails for one sender. Any number of outboxes may work side by side."""

    def __init__(
        self,
        database: Database,
        store: EventStore,
        people: Callable[[], People],
        clock: Clock,
        renderer: Renderer,
        back_off: BackOff,
        lease_s: float,
        chance: Random | None = None,
    ) -> None:
        self._database = database
        self._store = store
        self._people = people
        self._clock = clock
        self._renderer = renderer
        self._back_off = back_off
        self._lease = timedelta(seconds=lease_s)
        self._chance = chance or Random()  # noqa: S311  (spreads retries, hides nothing)

    def claim(self, limit: int) -> list[Parcel]:
        """Take due e-mails and commit that they are being tried. Raises VersionConflict, TRANSIENT."""
        if not deadlines.any_due(self._database, SEND):
            return []
        at, people = self._clock.now(), self._people()
        day = day_of(at)
        parcels = []
        with self._database.transaction() as tx:
            now = real_now(tx)
            taken = deadlines.take_due(tx, now, limit, SEND)
            mails = self._mails().get(tx, {deadline.aggregate_id for deadline in taken})
            opened = []
            for mail in mails.values():
                if mail.state is not State.WAITING:
                    continue
                actor = people.in_charge(mail.about.actor_id or "", day)
                if actor is None:
                    mail.unaddress(at)
                    opened.append(Deadline(mail.id, ADDRESS, now))
                    continue
                letter = self._write(mail, actor, people.school(mail.about.uai))
                if letter is None:
                    mail.put_aside(at)
                    opened.append(Deadline(mail.id, SEND, now + self._back_off.after(mail.attempts, self._chance)))
                    continue
                mail.start(at, letter.message_id, letter.rendered_hash)
                opened.append(Deadline(mail.id, ATTEMPT_LOST, now + self._lease))
                parcels.append(Parcel(mail.id, mail.attempts, letter, mail.asked_for, mail.cause, mail.correlation))
            deadlines.schedule_many(tx, opened)
            self._mails().save(tx, mails.values())
        return parcels

    def _write(self, mail: Mail, actor: Actor, school: School | None) -> Letter | None:
        """The letter; None when it cannot be written, which must not keep the others from leaving."""
        try:
            return self._renderer.render(mail.id, mail.about, mail.fact, mail.written_at, actor, school)
        except Exception as error:  # noqa: BLE001  (whatever our words lack)
            OUTCOMES.labels(UNWRITTEN).inc()
            about = mail.about
            log.error("sender.mail_put_aside", exc=error, mail=mail.id, template=about.template, role=about.role)
            return None

    def conclude(self, endings: Sequence[tuple[Parcel, Outcome]]) -> None:
        """Commit how attempts ended, and when those to be tried again are due. Raises TRANSIENT."""
        for _ in range(_ATTEMPTS):
            try:
                self._conclude(endings)
            except VersionConflict:
                continue  # a pupil was erased meanwhile: decide again
            return
        raise VersionConflict

    def _conclude(self, endings: Sequence[tuple[Parcel, Outcome]]) -> None:
        at = self._clock.now()
        with self._database.transaction() as tx:
            now = real_now(tx)
            mails = self._mails().get(tx, {parcel.mail_id for parcel, _ in endings})
            again = [
                Deadline(parcel.mail_id, SEND, now + self._back_off.after(parcel.attempt, self._chance))
                for parcel, outcome in endings
                if _note(mails[parcel.mail_id], parcel, outcome, at)
            ]
            # A later attempt may be on its way in another process: its lease is not ours to close.
            ended = {p.mail_id for p, _ in endings if mails[p.mail_id].in_flight in (0, p.attempt)}
            deadlines.schedule_many(tx, again)
            _close(tx, mails.values(), ended)
            self._mails().save(tx, mails.values())

    def recover(self, limit: int) -> int:
        """Attempts whose lease ended without an outcome become uncertain, and are due again; how many."""
        if not deadlines.any_due(self._database, ATTEMPT_LOST):
            return 0
        at = self._clock.now()
        with self._database.transaction() as tx:
            now = real_now(tx)
            taken = deadlines.take_due(tx, now, limit, ATTEMPT_LOST)
            mails = self._mails().get(tx, {deadline.aggregate_id for deadline in taken})
            again = [
                Deadline(mail.id, SEND, now + self._back_off.after(mail.attempts, self._chance))
                for mail in mails.values()
                if mail.in_flight and mail.doubt(at, mail.in_flight)
            ]
            deadlines.schedule_many(tx, again)
            _close(tx, mails.values(), mails.keys())
            self._mails().save(tx, mails.values())
        return len(taken)

    def renew(self, mail_ids: Collection[UUID]) -> None:
        """Whoever tries these is still alive: move the end of their lease."""
        with self._database.transaction() as tx:
            until = real_now(tx) + self._lease
            deadlines.schedule_many(tx, [Deadline(mail_id, ATTEMPT_LOST, until) for mail_id in mail_ids])

    def _mails(self) -> Aggregates[Mail]:
        return Aggregates(self._store, Mail)


def unsent(tx: Transaction) -> int:
    """How many e-mails still have to be sent, or are being sent. Those that have nobody to go to do not count."""
    return deadlines.count(tx, (SEND, ATTEMPT_LOST))


def _note(mail: Mail, parcel: Parcel, outcome: Outcome, at: datetime) -> bool:
    """Record the outcome on the e-mail; whether it is to be tried again."""
    attempt = parcel.attempt
    match outcome.ending:
        case Ending.ACCEPTED:
            mail.accept(at, attempt, parcel.letter.rendered_hash, outcome.answer)
        case Ending.REFUSED:
            mail.refuse(at, attempt, outcome.code, outcome.answer)
        case Ending.DEFERRED:
            return mail.defer(at, attempt, outcome.code, outcome.answer)
        case Ending.UNCERTAIN:
            return mail.doubt(at, attempt)
    return False


def _close(tx: Transaction, mails: Collection[Mail], ended: Collection[UUID]) -> None:
    """Close the leases of attempts that ended, and what final e-mails still wait for."""
    deadlines.cancel_many(tx, ended, ATTEMPT_LOST)
    deadlines.cancel_many(tx, [mail.id for mail in mails if mail.state in _FINAL], SEND)
