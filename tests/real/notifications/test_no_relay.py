"""Nobody answers where the mail relay should be: that is said, letters wait, and leave when it comes."""

import pytest

from contracts import notifications
from tests.real.eventually import eventually
from tests.real.notifications.conftest import PEOPLE
from tests.real.notifications.suite import Suite, ready, running


async def test_letters_wait_for_a_relay_that_is_not_there(suite: Suite, caplog: pytest.LogCaptureFixture) -> None:
    await suite.load(*PEOPLE)
    caplog.set_level("INFO", "perseverance")
    await suite.catcher.stop()
    async with running(suite) as service:
        await ready(service)
        await suite.raise_alert(1)

        async def told() -> list[str]:
            return [each.__dict__["fields"]["what"] for each in caplog.records if each.msg == "sender.relay_away"]

        (what,) = await eventually(told)
        assert "PERSEVERANCE_SMTP_HOST" in what
        assert await service.not_ready() == [], "everything but e-mail goes on"
        failed = await suite.tells(notifications.MailFailed, 1)
        assert {each.data.outcome for each in failed} == {"deferred"}, "no letter is given up for it"
        await suite.catcher.start()
        assert len(await suite.caught(2)) == 2
        sent = await suite.tells(notifications.MailSent, 2)
        assert len(await told()) == 1, "said once, not at each attempt"
    assert not any(each.data.doubtful for each in sent)
    assert [each for each in caplog.records if each.msg == "sender.relay_back"]
    assert "@example.org" not in caplog.text
