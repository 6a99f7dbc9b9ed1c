"""What makes an e-mail: something happens, a pupil is erased, somebody is appointed where nobody was."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from chassis import deadlines
from chassis.clock import PARIS, Clock
from chassis.database import Transaction
from chassis.deadlines import Deadline
from chassis.store import Aggregates, EventStore
from contracts.directory import Actor, Role
from services.notifications.domain import Announcements, Mail, State
from services.notifications.events import About
from services.notifications.facts import Fact, fact_id_of, mail_id_of
from services.notifications.people import People

SEND = "send"
ATTEMPT_LOST = "attempt-lost"
ADDRESS = "address"

LOOK_AGAIN = timedelta(minutes=10)
BATCH = 500


@dataclass(frozen=True, slots=True)
class News:
    """A fact about an alert, a parcours or a delay (`about_id`). `cause` is the id of the event that said so."""

    about_id: UUID
    student_id: UUID
    uai: str
    fact: Fact
    cause: str = ""
    correlation: UUID | None = None


def real_now(tx: Transaction) -> datetime:
    """The database's time, the same for every replica: an attempt of a machine that is five minutes behind must not
    look lost to one that is right. Back-off and leases are real time, even when a simulator drives the rest.
    """
    (instant,) = tx.execute("SELECT clock_timestamp()").fetchone() or (None,)
    assert isinstance(instant, datetime)
    return instant.astimezone(UTC)


def day_of(instant: datetime) -> date:
    """The day in France: who is in charge is asked of days."""
    return instant.astimezone(PARIS).date()


class Notifications:
    """The application. Each instance belongs to one thread; deadlines are always written before events.

    That order is the same everywhere in this service, so that two transactions never wait for each other.
    """

    def __init__(self, store: EventStore, people: Callable[[], People], clock: Clock) -> None:
        self._store = store
        self._people = people
        self._clock = clock
        self._pupils = Aggregates(store, Announcements, keep=20_000)

    def announce(self, tx: Transaction, news: Sequence[News]) -> None:
        """Decide who is told; what is over, was announced already, or is about an erased pupil, is ignored."""
        at = self._clock.now()
        current = [each for each in news if not each.fact.is_over(day_of(at))]
        pupils = self._pupils.get(tx, {each.student_id for each in current})
        mails: list[Mail] = []
        for each in current:
            mails += self._announce(each, pupils[each.student_id], at)
        self._keep(tx, pupils.values(), mails, look_again=timedelta(0))

    def _announce(self, news: News, pupil: Announcements, at: datetime) -> list[Mail]:
        fact_id = fact_id_of(news.about_id, news.fact)
        if not pupil.may_announce(fact_id):
            return []
        recipients = self._people().to_tell_of(news.fact, news.uai, day_of(at))
        mails = [_request(news, fact_id, *who, at) for who in recipients]
        pupil.announce(at, fact_id, tuple(mail.id for mail in mails))
        return mails

    def erase(self, tx: Transaction, student_ids: Iterable[UUID]) -> None:
        """Say nothing more about these pupils."""
        at = self._clock.now()
        pupils = self._pupils.get(tx, set(student_ids))
        for pupil in pupils.values():
            pupil.erase(at)
        mails = self._mails().get(tx, {mail_id for pupil in pupils.values() for mail_id in pupil.mail_ids})
        cancelled = [mail.id for mail in mails.values() if mail.cancel(at)]
        for kind in (SEND, ADDRESS):  # not ATTEMPT_LOST: what is on its way may still get lost
            deadlines.cancel_many(tx, cancelled, kind)
        self._pupils.save(tx, pupils.values())
        self._mails().save(tx, mails.values())

    def find_addressees(self, tx: Transaction, due_before: datetime) -> int:
        """Look again for somebody for e-mails that have nobody; how many were looked at."""
        at = self._clock.now()
        self._pupils.forget()  # the readers announce beside us: what was so when we last looked may have grown
        taken = deadlines.take_due(tx, due_before, BATCH, ADDRESS)
        mails = self._mails().get(tx, {deadline.aggregate_id for deadline in taken})
        # What is over is not looked for again: it stays on record as having reached nobody.
        vacant = [m for m in mails.values() if m.state is State.UNADDRESSED and not m.fact.is_over(day_of(at))]
        pupils = self._pupils.get(tx, {mail.about.student_id for mail in vacant})
        others = {other for mail in vacant for other in pupils[mail.about.student_id].facts[mail.fact_id]}
        mails |= self._mails().get(tx, others - mails.keys())
        touched = list(vacant)
        for mail in vacant:
            touched += self._give(mail, pupils[mail.about.student_id], mails, at)
        self._keep(tx, pupils.values(), touched, LOOK_AGAIN)
        return len(taken)

    def _give(self, mail: Mail, pupil: Announcements, mails: dict[UUID, Mail], at: datetime) -> list[Mail]:
        """Give `mail` to the first person in its role not told yet; the others have one of their own.

        Whoever it was for is that person, if in charge again; whom another one was for has that one.
        """
        about, fact_id = mail.about, mail.fact_id
        known = pupil.facts[fact_id]
        told = {mails[mail_id].about.actor_id for mail_id in known if mails[mail_id].state is not State.UNADDRESSED}
        others = {mail_id for mail_id in known if mail_id != mail.id}
        free = [
            actor
            for actor in self._people().in_role(Role(about.role), about.uai, day_of(at))
            if actor.id not in told and mail_id_of(fact_id, actor.id) not in others
        ]
        # Its own first: for anybody but the first a new one is made, and that one would have the id of this one.
        free.sort(key=lambda actor: mail_id_of(fact_id, actor.id) != mail.id)
        for actor in free[:1]:
            mail.address(at, actor.id)
        more = [_for_actor(mail, actor, at) for actor in free[1:]]
        mails |= {each.id: each for each in more}
        if more:
            pupil.announce(at, fact_id, tuple(each.id for each in more))
        return more

    def _keep(
        self, tx: Transaction, pupils: Iterable[Announcements], mails: Sequence[Mail], look_again: timedelta
    ) -> None:
        now = real_now(tx)
        unaddressed = [mail for mail in mails if mail.state is State.UNADDRESSED]
        due = [Deadline(mail.id, SEND, now) for mail in mails if mail.state is State.WAITING]
        deadlines.schedule_many(tx, due + [Deadline(mail.id, ADDRESS, now + look_again) for mail in unaddressed])
        self._pupils.save(tx, pupils)
        self._mails().save(tx, mails)

    def _mails(self) -> Aggregates[Mail]:
        return Aggregates(self._store, Mail)  # senders write to them too: read anew each time

    def forget(self) -> None:
        """What was remembered in memory may not have been committed."""
        self._pupils.forget()


def _request(news: News, fact_id: UUID, role: Role, actor: Actor | None, at: datetime) -> Mail:
    """A new e-mail: its pupil's announcements do not know its fact."""
    about = About(
        news.about_id, news.student_id, news.uai, role, news.fact.template, actor_id=actor.id if actor else None
    )
    mail = Mail(mail_id_of(fact_id, about.actor_id or role))
    mail.request(at, about, news.fact, news.cause, news.correlation)
    return mail


def _for_actor(vacant: Mail, actor: Actor, at: datetime) -> Mail:
    """The same for one more person in the role."""
    mail = Mail(mail_id_of(vacant.fact_id, actor.id))
    mail.request(
        at, msgspec.structs.replace(vacant.about, actor_id=actor.id), vacant.fact, vacant.cause, vacant.correlation
    )
    return mail
