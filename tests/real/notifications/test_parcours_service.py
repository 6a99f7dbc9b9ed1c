"""A message on PARCOURS becomes e-mails, through a relay that does as it is told, and their proof."""

import json
from datetime import date
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4

from contracts import notifications
from contracts import parcours as said
from contracts.delays import DelayApproaching, DelayReached
from contracts.directory import Role
from contracts.envelope import Payload
from contracts.examples.parcours import DELAY, PARCOURS, parcours_event
from contracts.school import StudentErased
from contracts.streams import subject_of
from services.notifications.settings import NotificationsSettings
from tests.real.eventually import eventually
from tests.real.notifications.scripted_relay import CUT_AFTER_TAKING, ScriptedRelay
from tests.real.notifications.suite import Suite, ready, running
from tests.unit.notifications.given import UAI, actor, school

PEOPLE = (
    school(cio="CIO-1", mission_locale="ML-1"),
    actor("head", Role.CHEF_ETAB),
    actor("mlds", Role.COORD_MLDS, "R1"),
    actor("cio", Role.DCIO, "CIO-1"),
    actor("ml", Role.MISSION_LOCALE, "ML-1"),
)
PUPIL = uuid4()
CANARY = "CANARI"


def through(suite: Suite, relay: ScriptedRelay) -> Suite:
    """The same suite, with this relay."""
    settings: NotificationsSettings = suite.settings.model_copy(update={"smtp_port": relay.port})
    return Suite(suite.nats, settings, suite.catcher)


async def say(suite: Suite, contract: type[Payload], student: UUID = PUPIL, **differently: Any) -> None:
    """What the parcours service says; with more in it than anybody here should keep."""
    event = parcours_event(contract, student_id=student, uai=UAI, **differently)
    document = json.loads(event.to_json())
    document["data"]["name"] = document["data"]["host"] = CANARY
    await suite.nats.js.publish(subject_of("parcours", student, contract.FACT), json.dumps(document).encode())


async def taken(relay: ScriptedRelay, count: int) -> set[tuple[str, str]]:
    """Wait until it has this many; to whom and what on."""

    async def enough() -> bool:
        return len(set(relay.message_ids())) >= count

    await eventually(enough)
    return {(_recipient(message), str(message["Subject"]).split("\u00a0:")[0]) for message in relay.messages()}


def _recipient(message: EmailMessage) -> str:
    return str(message["To"].addresses[0].username)


async def test_a_parcours_opened_becomes_e_mails_and_their_proof(suite: Suite, relay: ScriptedRelay) -> None:
    suite = through(suite, relay)
    await suite.load(*PEOPLE)
    async with running(suite) as service:
        await ready(service)
        await say(suite, said.ParcoursOpened, scheme=said.Scheme.TDO)
        mails = await taken(relay, 4)
        sent = await suite.tells(notifications.MailSent, 4)
    assert {who for who, _ in mails} == {"head", "mlds", "cio", "ml"}
    assert {what for _, what in mails} == {"Ouverture d’un parcours Tous droits ouverts"}
    assert {(each.data.about_id, each.data.alert_id, each.data.template) for each in sent} == {
        (PARCOURS, None, notifications.MailTemplate.PARCOURS_OPENED)
    }
    assert {each.data.message_id for each in sent} == set(relay.message_ids())
    assert all(f"/parcours/{PARCOURS}" in message.as_string() for message in relay.messages())


async def test_what_others_say_too_much_is_neither_written_nor_kept(suite: Suite, relay: ScriptedRelay) -> None:
    suite = through(suite, relay)
    await suite.load(*PEOPLE)
    async with running(suite) as service:
        await ready(service)
        await say(suite, said.StatusExpired)
        await suite.tells(notifications.MailSent, 4)
        with service.database.transaction() as tx:
            stored = [bytes(row[0]) for row in tx.execute("SELECT state FROM stored_events").fetchall()]
    read = [str(part.get_content()) for message in relay.messages() for part in message.iter_parts()]
    assert len(read) == 8
    assert not [text for text in read if CANARY in text]
    assert not [state for state in stored if CANARY.encode() in state]


async def test_all_that_happens_to_a_pupil_is_told_in_order_and_once_though_said_twice(
    suite: Suite, relay: ScriptedRelay
) -> None:
    suite = through(suite, relay)
    await suite.load(*PEOPLE)
    ends_on = date(2099, 12, 31)
    async with running(suite) as service:
        await ready(service)
        for _ in range(2):
            await say(suite, said.StatusExpiring, days=15, ends_on=ends_on)
            await say(suite, said.StatusExpired)
            await say(suite, said.OutcomeMissing, ends_on=ends_on)
            await say(suite, said.ReviewOverdue)
            await say(suite, DelayApproaching, until=ends_on)
            await say(suite, DelayReached)
        requested = await suite.tells(notifications.MailRequested, 14)
        await suite.tells(notifications.MailSent, 14)
        await say(suite, said.StatusExpired, student=uuid4(), parcours_id=uuid4())
        await suite.tells(notifications.MailSent, 18)
    order = list(dict.fromkeys(each.data.template.value for each in requested))
    assert order == [
        "status_expiring",
        "status_expired",
        "outcome_missing",
        "review_overdue",
        "delay_approaching",
        "delay_reached",
    ]
    assert len(relay.taken) == 18
    assert {each.data.about_id for each in requested} == {PARCOURS, DELAY}


async def test_a_reminder_of_a_day_long_past_is_not_told(suite: Suite, relay: ScriptedRelay) -> None:
    suite = through(suite, relay)
    await suite.load(*PEOPLE)
    async with running(suite) as service:
        await ready(service)
        await say(suite, said.StatusExpiring, ends_on=date(2020, 12, 31))
        await say(suite, said.ReviewOverdue)
        await suite.tells(notifications.MailSent, 1)
    assert {what for _, what in await taken(relay, 1)} == {"Point d’étape en attente pour un parcours Ambition emploi"}


async def test_an_erased_pupil_s_parcours_is_not_written_about(suite: Suite, relay: ScriptedRelay) -> None:
    suite = through(suite, relay)
    await suite.load(*PEOPLE)
    relay.always("RCPT", "451 later")
    async with running(suite) as service:
        await ready(service)
        await say(suite, said.StatusExpired)
        await suite.tells(notifications.MailRequested, 4)
        await suite.say("school", StudentErased(student_id=PUPIL), PUPIL)

        async def cancelled() -> bool:
            failed = await suite.told(notifications.MailFailed)
            return len([each for each in failed if each.data.outcome == "cancelled"]) == 4

        await eventually(cancelled)
        relay.always("RCPT")
        await say(suite, said.OutcomeMissing, ends_on=date(2099, 12, 31))
        await say(suite, said.ReviewOverdue, student=uuid4(), parcours_id=uuid4())
        await suite.tells(notifications.MailSent, 1)
    assert len(relay.taken) == 1


async def test_a_lost_answer_is_listed(suite: Suite, relay: ScriptedRelay) -> None:
    suite = through(suite, relay)
    await suite.load(*PEOPLE)
    relay.next("CONTENT", CUT_AFTER_TAKING)
    async with running(suite) as service:
        await ready(service)
        await say(suite, said.ReviewOverdue)
        (sent,) = await suite.tells(notifications.MailSent, 1)
    assert sent.data.doubtful
    assert relay.message_ids() == [sent.data.message_id] * 2
