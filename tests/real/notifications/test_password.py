"""The password of the mail relay is replaced while letters go out: it is read at each connection."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis.embedded import free_port
from contracts import notifications
from services.notifications.courier import Courier, Ending, MailRelay, Outcome
from services.notifications.rendering import Letter
from services.notifications.settings import NotificationsSettings
from tests.real.eventually import eventually
from tests.real.notifications.conftest import PEOPLE
from tests.real.notifications.guarded_relay import GuardedRelay
from tests.real.notifications.suite import Suite, ready, running

pytestmark = [  # aiosmtpd's own
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
    pytest.mark.filterwarnings("ignore:Session.login_data is deprecated"),
]
FORMER, NEW = "the former password", "the new password"
LETTER = Letter("who@example.org", "<m@suite.example.org>", b"Subject: x\r\n\r\nend\r\n", "hash")


def hold(file: Path, content: str | bytes | None) -> None:
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[GuardedRelay]:
    relay = GuardedRelay(tmp_path / "taken", FORMER)
    await relay.start()
    yield relay
    relay.now_knows("")
    await relay.stop()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "smtp.password"
    hold(file, f"{FORMER}\n")
    return file


def settings(
    guarded: GuardedRelay, file: Path, nats_url: str = "nats://none", postgres_url: str = ""
) -> NotificationsSettings:
    return NotificationsSettings(
        nats_url=nats_url,
        database_url=postgres_url,
        port=free_port(),
        smtp_port=guarded.port,
        smtp_user=GuardedRelay.USER,
        smtp_password_file=file,
        retry_first_s=0.1,
        attempt_lease_s=2,
    )


@pytest.fixture
async def courier(guarded: GuardedRelay, file: Path) -> AsyncIterator[Courier]:
    passwords = settings(guarded, file).smtp_passwords
    relay = MailRelay("127.0.0.1", guarded.port, "us@example.org", user=GuardedRelay.USER, passwords=passwords)
    courier = Courier(relay)
    yield courier
    await courier.close()


async def test_letters_go_out_after_the_password_was_changed_without_a_restart(
    suite: Suite, guarded: GuardedRelay, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "perseverance")
    told = settings(guarded, file, suite.settings.nats_url, suite.settings.database_url)
    suite = Suite(suite.nats, told, guarded)
    await suite.load(*PEOPLE)
    async with running(suite) as service:
        await ready(service)
        await suite.raise_alert(1)
        assert len(await suite.caught(2)) == 2
        guarded.now_knows(NEW)
        await suite.raise_alert(1)

        async def waits() -> bool:
            return any(each.msg == "sender.relay_away" for each in caplog.records)

        await eventually(waits)
        assert guarded.mailbox.last() == 2, "nothing is taken from whoever has the former password"
        hold(file, f"{NEW}\n")
        assert len(await suite.caught(4)) == 4
        sent = await suite.tells(notifications.MailSent, 4)
        failed = await suite.told(notifications.MailFailed)
    assert {each.data.outcome for each in failed} <= {"deferred"}, "no letter is given up for it"
    assert not any(each.data.doubtful for each in sent)
    assert not any(password in caplog.text for password in (FORMER, NEW))


async def test_with_both_passwords_in_the_file_no_letter_notices(
    guarded: GuardedRelay, courier: Courier, file: Path
) -> None:
    hold(file, f"{NEW}\n{FORMER}\n")
    endings = [(await courier.deliver(LETTER)).ending]
    assert guarded.refused, "the new one was tried first"
    guarded.now_knows(NEW)
    endings.append((await courier.deliver(LETTER)).ending)
    hold(file, f"{NEW}\n")
    guarded.now_knows(NEW)
    endings.append((await courier.deliver(LETTER)).ending)
    assert endings == [Ending.ACCEPTED] * 3


async def test_passwords_that_are_all_refused_are_no_fault_of_the_letter(
    guarded: GuardedRelay, courier: Courier, file: Path
) -> None:
    hold(file, "one\ntwo\n")
    outcome = await courier.deliver(LETTER)
    assert (outcome.ending, outcome.code, outcome.relay_away) == (Ending.DEFERRED, 535, True)
    hold(file, f"{FORMER}\n")
    assert (await courier.deliver(LETTER)).ending is Ending.ACCEPTED


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
async def test_a_password_that_cannot_be_read_is_no_fault_of_the_letter(
    guarded: GuardedRelay, courier: Courier, file: Path, content: bytes | None
) -> None:
    hold(file, content)
    outcome = await courier.deliver(LETTER)
    assert outcome == Outcome(Ending.DEFERRED, None, "PasswordUnread", relay_away=True, no_password=True)
    hold(file, f"{FORMER}\n")
    assert (await courier.deliver(LETTER)).ending is Ending.ACCEPTED
