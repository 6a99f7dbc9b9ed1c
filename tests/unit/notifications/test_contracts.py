"""Contract events in, contract events out."""

import json
from datetime import date
from uuid import UUID, uuid4

import pytest

from chassis.events import Event, Recorded, decode, encode
from chassis.messages import Message, Unprocessable
from contracts import notifications
from contracts import parcours as said
from contracts.alerts import AbsenceThresholdReached
from contracts.catalogue import PARCOURS as STREAM
from contracts.catalogue import filters_of
from contracts.delays import DelayApproaching, DelayReached
from contracts.directory import Role
from contracts.envelope import Envelope, Payload, envelope_class, wrap
from contracts.examples import common
from contracts.examples import parcours as examples
from contracts.identifiers import HalfDay
from services.notifications import events, facts
from services.notifications.application import News, Notifications
from services.notifications.events import About
from services.notifications.reactions import PARCOURS, on_alerts, on_parcours
from services.notifications.translation import TOPICS, translate
from tests.unit.notifications.given import (
    ABOUT,
    ALERT,
    CANCELLED,
    FACT_ID,
    NOW,
    PUPIL,
    REQUESTED,
    SENT,
    STARTED,
    UAI,
    UNCERTAIN,
)

MAIL = uuid4()
APPLICATION = Notifications.__new__(Notifications)  # only its methods' names are needed to decode


def raised(**change: object) -> bytes:
    alert = AbsenceThresholdReached(
        alert_id=ALERT,
        attendance_id=uuid4(),
        student_id=PUPIL,
        uai=UAI,
        school_year="2025-2026",
        month="2025-10",
        level=1,
        half_days=5,
        reached_on=HalfDay.model_validate({"date": "2025-10-14", "period": "MORNING"}),
        evidence={"counted": (), "left_out": (), "rule": {"id": "ABS-11", "version": "2014-12-23", "threshold": 4}},
    )
    envelope = wrap(alert, id="alert.7", source="/services/alerts", subject=str(PUPIL), time=NOW)
    document = json.loads(envelope.to_json())
    document["data"] |= change
    return json.dumps(document).encode()


def read(data: bytes) -> News:
    return on_alerts(APPLICATION).decode(Message(1, 0, "alerts.0.0.0.0.absence_threshold_reached", data))


def read_parcours(contract: type[Payload], **change: object) -> News:
    envelope = json.loads(examples.parcours_event(contract).to_json())
    envelope["data"] |= change
    message = Message(1, 0, f"parcours.0.0.0.0.{contract.FACT}", json.dumps(envelope).encode())
    return on_parcours(APPLICATION).decode(message)


def test_an_alert_is_understood() -> None:
    alert = read(raised())
    assert (alert.about_id, alert.student_id, alert.uai) == (ALERT, PUPIL, UAI)
    assert alert.fact == facts.ThresholdReached(level=1, month="2025-10", half_days=5, threshold=4)
    assert alert.cause == "alert.7"


SCHEME, ENDS, SHARE = "AMBITION_EMPLOI", examples.ENDS, facts.Share(28, 115, 76)
DELAY = {"kind": "OF_SUMMONS", "since": date(2026, 1, 31), "until": date(2026, 3, 31)}


@pytest.mark.parametrize(
    ("contract", "about_id", "fact"),
    [
        (
            said.ParcoursOpened,
            examples.PARCOURS,
            facts.ParcoursOpened(
                scheme=SCHEME,
                starts_on=examples.STARTS,
                ends_on=ENDS,
                last_day=examples.LAST_DAY,
                next_review_on=date(2025, 10, 8),
                share=facts.Share(0, 115, 76),
            ),
        ),
        (
            said.StatusExpiring,
            examples.PARCOURS,
            facts.StatusExpiring(scheme=SCHEME, days=30, ends_on=ENDS, last_day=examples.LAST_DAY, share=SHARE),
        ),
        (said.StatusExpired, examples.PARCOURS, facts.StatusExpired(scheme=SCHEME, ends_on=ENDS)),
        (said.OutcomeMissing, examples.PARCOURS, facts.OutcomeMissing(scheme=SCHEME, weeks=1, ends_on=ENDS)),
        (said.ReviewOverdue, examples.PARCOURS, facts.ReviewOverdue(scheme=SCHEME, review_on=date(2025, 11, 6))),
        (DelayApproaching, examples.DELAY, facts.DelayApproaching(days=15, **DELAY)),  # type: ignore[arg-type]
        (DelayReached, examples.DELAY, facts.DelayReached(**DELAY)),  # type: ignore[arg-type]
    ],
)
def test_what_happens_to_a_parcours_or_a_delay_is_understood(
    contract: type[Payload], about_id: UUID, fact: facts.Fact
) -> None:
    news = read_parcours(contract)
    assert (news.about_id, news.student_id, news.uai) == (about_id, common.STUDENT, common.UAI)
    assert news.fact == fact
    assert news.cause == examples.parcours_event(contract).id
    stored = events.MailRequested(at=NOW, about=ABOUT, fact=news.fact)
    assert decode(stored.TOPIC, encode(stored)) == stored


def test_all_that_is_asked_for_is_understood() -> None:
    assert {row.contract.FACT for row in PARCOURS} == set(filters_of("notifications", STREAM))


def test_what_others_add_to_an_event_is_not_kept() -> None:
    news = read_parcours(said.StatusExpired, last_name="CANARI", host="CANARI", ine="990000001AB")
    assert "CANARI" not in repr(news)
    assert "990000001AB" not in repr(news)


def test_a_fact_nobody_asked_for_is_put_aside() -> None:
    with pytest.raises(Unprocessable, match="unknown fact parcours_closed"):
        read_parcours(said.ParcoursClosed)


def test_a_scheme_nobody_knows_is_put_aside() -> None:
    with pytest.raises(Unprocessable, match=r"^data\.scheme: enum$"):
        read_parcours(said.StatusExpired, scheme="CANARY")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"data": 1}', raised(level=3), raised(uai="CANARY"), raised(month="x")]
)
def test_what_cannot_be_understood_is_put_aside_with_a_reason_that_quotes_nothing(data: bytes) -> None:
    with pytest.raises(Unprocessable) as refused:
        read(data)
    assert refused.value.reason
    assert "CANARY" not in refused.value.reason


@pytest.mark.parametrize(
    ("event", "contract", "outcome"),
    [
        (REQUESTED, notifications.MailRequested, None),
        (events.Addressed(at=NOW, about=ABOUT), notifications.MailRequested, None),
        (SENT, notifications.MailSent, None),
        (events.Deferred(at=NOW, about=ABOUT, attempt=2, code=451, answer="x"), notifications.MailFailed, "deferred"),
        (events.Refused(at=NOW, about=ABOUT, attempt=2, code=550), notifications.MailFailed, "refused"),
        (UNCERTAIN, notifications.MailFailed, "uncertain"),
        (events.Unaddressed(at=NOW, about=ABOUT), notifications.MailFailed, "unaddressed"),
        (CANCELLED, notifications.MailFailed, "cancelled"),
    ],
)
def test_what_happened_is_told(event: Event, contract: type[notifications.MailSent], outcome: str | None) -> None:
    told = translate(Recorded(MAIL, 3, decode(event.TOPIC, encode(event)), 12))
    assert told is not None
    subject, data = told
    assert subject.endswith(contract.FACT)
    envelope = envelope_class(contract).model_validate_json(data)
    assert (envelope.id, envelope.subject, envelope.time) == (f"{MAIL}.3", str(PUPIL), NOW)
    assert (envelope.data.mail_id, envelope.data.role) == (MAIL, Role.CPE)
    assert envelope.data.about_id == envelope.data.alert_id == ALERT
    assert getattr(envelope.data, "outcome", None) == outcome
    assert event.TOPIC in TOPICS


@pytest.mark.parametrize(
    "event", [STARTED, events.FactAnnounced(at=NOW, fact_id=FACT_ID, mail_ids=(MAIL,)), events.PupilErased(at=NOW)]
)
def test_what_is_our_own_business_is_not(event: Event) -> None:
    assert event.TOPIC not in TOPICS
    assert translate(Recorded(MAIL, 1, event, 1)) is None


def test_an_e_mail_about_a_parcours_names_no_alert() -> None:
    about = About(examples.PARCOURS, PUPIL, UAI, Role.COORD_MLDS, "status_expired", "mlds")
    told = translate(Recorded(MAIL, 3, events.Cancelled(at=NOW, about=about), 12))
    assert told is not None
    data = Envelope[notifications.MailFailed].model_validate_json(told[1]).data
    assert (data.about_id, data.alert_id, data.template) == (examples.PARCOURS, None, "status_expired")
