"""The notifications service on real servers: alerts in, e-mails out, and the proof on the NOTIFICATIONS stream."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from chassis.reference import SEEN_S
from contracts import notifications
from contracts.directory import Role
from contracts.school import StudentErased
from contracts.streams import subject_of
from services.notifications.directory import Directory
from services.notifications.events import PupilErased
from tests.real.eventually import eventually
from tests.real.notifications.conftest import PEOPLE
from tests.real.notifications.suite import Suite, ready, running
from tests.unit.notifications.given import DAY, UAI, actor


async def test_an_alert_becomes_the_right_e_mails_and_their_proof(suite: Suite) -> None:
    await suite.load(*PEOPLE)
    async with running(suite) as service:
        await ready(service)
        alert = await suite.raise_alert(2)
        mails = await suite.caught(3)
        sent = await suite.tells(notifications.MailSent, 3)
        requested = await suite.told(notifications.MailRequested)
    assert {mail["To"].addresses[0].addr_spec for mail in mails} == {
        "head@example.org",
        "cpe@example.org",
        "mlds@example.org",
    }
    assert all(f"http://suite.example.org/alertes/{alert.alert_id}" in mail.as_string() for mail in mails)
    assert {each.data.role for each in requested} == {Role.CHEF_ETAB, Role.CPE, Role.COORD_MLDS}
    assert all(each.correlationid == UUID(int=42) and (each.causationid or "").startswith("e-") for each in requested)
    assert {each.data.message_id for each in sent} == {str(mail["Message-ID"]) for mail in mails}
    assert not any(each.data.doubtful for each in sent)


async def test_the_proof_is_the_hash_of_what_was_caught(suite: Suite) -> None:
    await suite.load(*PEOPLE)
    async with running(suite):
        await suite.raise_alert(1)
        sent = await suite.tells(notifications.MailSent, 2)
    hashes = {sha256(suite.mailbox.content(number) or b"").hexdigest() for number in (1, 2)}
    assert {each.data.rendered_hash for each in sent} == hashes


async def test_a_directory_loaded_later_reaches_those_who_were_missing(suite: Suite) -> None:
    async with running(suite) as service:
        await ready(service)
        await suite.raise_alert(1)
        await suite.tells(notifications.MailFailed, 2)
        await suite.load(*PEOPLE)
        mails = await suite.caught(2)
    assert {each.data.outcome for each in await suite.told(notifications.MailFailed)} == {"unaddressed"}
    assert len(mails) == 2


async def test_an_address_that_is_none_is_passed_over_and_the_directory_is_read_on(suite: Suite) -> None:
    await suite.load(*PEOPLE, actor("lost", Role.CPE, email="lost@[example.org"))
    directory = Directory()
    following = asyncio.create_task(directory.run(suite.nats))
    loaded = asyncio.create_task(directory.wait_loaded())
    await asyncio.wait((following, loaded), return_when=asyncio.FIRST_COMPLETED)
    assert not following.done()
    assert [each.id for each in directory.people.in_role(Role.CPE, UAI, DAY)] == ["cpe"]
    following.cancel()


async def test_an_erased_pupil_is_not_written_about(suite: Suite) -> None:
    await suite.load(*PEOPLE)
    erased = uuid4()
    async with running(suite) as service:
        await suite.say("school", StudentErased(student_id=erased), erased)

        async def taken_in() -> bool:
            with service.database.transaction() as tx:
                tx.execute("SELECT 1 FROM stored_events WHERE topic = %s", (PupilErased.TOPIC,))
                return tx.fetchone() is not None

        await eventually(taken_in)
        await suite.raise_alert(2, erased)
        await suite.raise_alert(1)
        await suite.tells(notifications.MailSent, 2)
    assert suite.mailbox.last() == 2
    assert erased not in {each.data.student_id for each in await suite.told(notifications.MailRequested)}


async def test_a_restart_sends_nothing_twice(suite: Suite) -> None:
    await suite.load(*PEOPLE)
    async with running(suite):
        await suite.raise_alert(1)
        await suite.tells(notifications.MailSent, 2)
    async with running(suite):
        await suite.raise_alert(1)
        await suite.tells(notifications.MailSent, 4)
    assert suite.mailbox.last() == 4


async def test_a_message_no_one_can_read_is_put_aside_and_the_rest_goes_on(suite: Suite) -> None:
    await suite.load(*PEOPLE)
    async with running(suite):
        await suite.nats.js.publish(subject_of("alerts", uuid4(), "absence_threshold_reached"), b'{"not": "it"}')
        await suite.raise_alert(1)
        await suite.caught(2)
    with psycopg.connect(suite.settings.database_url) as connection:
        (kept,) = connection.execute("SELECT stream, payload, reason FROM notifications.quarantine").fetchall()
    assert kept[:2] == ("ALERTS", b'{"not": "it"}')
    assert kept[2]


async def test_a_second_cpe_is_told_from_then_on(suite: Suite) -> None:
    await suite.load(*PEOPLE)
    async with running(suite):
        await suite.raise_alert(1)
        await suite.caught(2)
        await suite.load(actor("cpe-2", Role.CPE))
        await asyncio.sleep(SEEN_S)
        await suite.raise_alert(1)
        mails = await suite.caught(5)
    assert Counter(mail["To"].addresses[0].addr_spec for mail in mails)["cpe-2@example.org"] == 1


@contextmanager
def process(suite: Suite) -> Iterator[int]:
    """The service as a process of its own, killed at the end."""
    settings = suite.settings
    environment = {
        **os.environ,
        "NATS_URL": settings.nats_url,
        "DATABASE_URL": settings.database_url,
        "PERSEVERANCE_PORT": str(settings.port),
        "PERSEVERANCE_SMTP_PORT": str(settings.smtp_port),
        "PERSEVERANCE_RETRY_FIRST_S": "0.1",
        "PERSEVERANCE_ATTEMPT_LEASE_S": "2",
        "PERSEVERANCE_CATCHER_DIR": str(settings.catcher_dir),
    }
    null = os.open(os.devnull, os.O_WRONLY)
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "services.notifications"],
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)],
    )
    os.close(null)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.mark.long
async def test_killed_again_and_again_it_loses_no_mail_and_lists_every_duplicate(suite: Suite) -> None:
    await suite.load(*PEOPLE)
    raised = [await suite.raise_alert(1) for _ in range(300)]
    for bar in (50, 150, 300, 450):
        with process(suite):
            await suite.caught(bar)
    with process(suite):
        sent = await suite.tells(notifications.MailSent, 600)
        response = await _get(suite, "/courriels-captes")
        assert "Courriels captés" in response.text
    arrived = Counter(str(mail["Message-ID"]) for mail in await suite.caught(600))
    assert {each.data.alert_id for each in sent} == {alert.alert_id for alert in raised}
    assert len(arrived) == len(sent) == len({each.data.mail_id for each in sent}) == 600
    doubtful = {each.data.message_id for each in sent if each.data.doubtful}
    assert {message_id for message_id, times in arrived.items() if times > 1} <= doubtful


async def _get(suite: Suite, path: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://127.0.0.1:{suite.settings.port}{path}")
