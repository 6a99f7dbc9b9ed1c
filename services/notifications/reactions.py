"""Which contract event makes the application do what."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from pydantic import ValidationError

from chassis.database import Transaction
from chassis.messages import Message, Unprocessable
from contracts import delays
from contracts import parcours as said
from contracts.alerts import AbsenceThresholdReached
from contracts.envelope import Envelope, Payload, envelope_class
from contracts.school import StudentErased
from services.notifications import facts
from services.notifications.application import News, Notifications

T = TypeVar("T")
Understand = Callable[[Envelope[Any]], T]


class Row(NamedTuple):
    """A contract event that is told of: the field that says what it is about, and the fact it is."""

    contract: type[Payload]
    about: str
    fact: Callable[[Any], facts.Fact]


class Reaction(Generic[T]):
    """A reader's handler: `understood` says what each fact means, `act` lets the application do the whole batch."""

    def __init__(
        self,
        understood: Mapping[type[Payload], Understand[T]],
        act: Callable[[Transaction, Sequence[T]], None],
        forget: Callable[[], None],
    ) -> None:
        self._understood = {contract.FACT: (envelope_class(contract), how) for contract, how in understood.items()}
        self._act = act
        self._forget = forget

    def decode(self, message: Message) -> T:
        """What `message` says. Raises Unprocessable."""
        if message.fact not in self._understood:
            raise Unprocessable(f"unknown fact {message.fact}")
        envelope, understand = self._understood[message.fact]
        try:
            return understand(envelope.model_validate_json(message.data))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Unprocessable(f"{where or 'message'}: {first['type']}") from None

    def handle(self, tx: Transaction, items: Sequence[T]) -> None:
        """Act on the whole batch."""
        self._act(tx, items)

    def forget(self) -> None:
        """The batch was not committed."""
        self._forget()


def on_alerts(application: Notifications) -> Reaction[News]:
    """An alert is raised: tell those in charge."""
    return _telling(application, ALERTS)


def on_parcours(application: Notifications) -> Reaction[News]:
    """A parcours or a delay comes to a point that somebody must know of."""
    return _telling(application, PARCOURS)


def on_student_erased(application: Notifications) -> Reaction[UUID]:
    """A pupil is erased: say nothing more."""
    return Reaction({StudentErased: _student}, application.erase, application.forget)


def _telling(application: Notifications, rows: Sequence[Row]) -> Reaction[News]:
    return Reaction({row.contract: _news(row) for row in rows}, application.announce, application.forget)


def _news(row: Row) -> Understand[News]:
    def understand(envelope: Envelope[Any]) -> News:
        data = envelope.data
        about_id = getattr(data, row.about)
        return News(about_id, data.student_id, data.uai, row.fact(data), envelope.id, envelope.correlationid)

    return understand


def _student(envelope: Envelope[StudentErased]) -> UUID:
    return envelope.data.student_id


def _threshold(alert: AbsenceThresholdReached) -> facts.ThresholdReached:
    threshold = alert.evidence.rule.threshold
    return facts.ThresholdReached(level=alert.level, month=alert.month, half_days=alert.half_days, threshold=threshold)


def _opened(parcours: said.ParcoursOpened) -> facts.ParcoursOpened:
    return facts.ParcoursOpened(
        scheme=parcours.scheme,
        starts_on=parcours.starts_on,
        ends_on=parcours.ends_on,
        last_day=parcours.last_day,
        next_review_on=parcours.next_review_on,
        share=_share(parcours.gauge),
    )


def _expiring(parcours: said.StatusExpiring) -> facts.StatusExpiring:
    return facts.StatusExpiring(
        scheme=parcours.scheme,
        days=parcours.days,
        ends_on=parcours.ends_on,
        last_day=parcours.last_day,
        share=_share(parcours.gauge),
    )


def _expired(parcours: said.StatusExpired) -> facts.StatusExpired:
    return facts.StatusExpired(scheme=parcours.scheme, ends_on=parcours.ends_on)


def _outcome_missing(parcours: said.OutcomeMissing) -> facts.OutcomeMissing:
    return facts.OutcomeMissing(scheme=parcours.scheme, weeks=parcours.weeks, ends_on=parcours.ends_on)


def _review_overdue(parcours: said.ReviewOverdue) -> facts.ReviewOverdue:
    return facts.ReviewOverdue(scheme=parcours.scheme, review_on=parcours.review_on)


def _approaching(delay: delays.DelayApproaching) -> facts.DelayApproaching:
    return facts.DelayApproaching(kind=delay.kind, days=delay.days, since=delay.since, until=delay.until)


def _reached(delay: delays.DelayReached) -> facts.DelayReached:
    return facts.DelayReached(kind=delay.kind, since=delay.since, until=delay.until)


def _share(gauge: said.Gauge) -> facts.Share:
    return facts.Share(gauge.placement_days, gauge.parcours_days, gauge.most)


ALERTS = (Row(AbsenceThresholdReached, "alert_id", _threshold),)
PARCOURS = (
    Row(said.ParcoursOpened, "parcours_id", _opened),
    Row(said.StatusExpiring, "parcours_id", _expiring),
    Row(said.StatusExpired, "parcours_id", _expired),
    Row(said.OutcomeMissing, "parcours_id", _outcome_missing),
    Row(said.ReviewOverdue, "parcours_id", _review_overdue),
    Row(delays.DelayApproaching, "delay_id", _approaching),
    Row(delays.DelayReached, "delay_id", _reached),
)
