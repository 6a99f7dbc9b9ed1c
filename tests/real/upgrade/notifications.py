"""Notifications, while its versions change: alerts are raised, and each of two people hears of each of them once."""

import json
from collections import defaultdict
from uuid import UUID

from chassis.nats import Nats
from contracts.directory import Role
from contracts.notifications import MailRequested, MailSent
from services.notifications.catcher import Catcher
from services.notifications.settings import NotificationsSettings
from tests.real.eventually import eventually
from tests.real.notifications.suite import Suite
from tests.real.upgrade.rollout import Rollout
from tests.real.upgrade.work import Work, said_by_both
from tests.unit.notifications.given import actor, school

_TOLD = (actor("head", Role.CHEF_ETAB), actor("cpe", Role.CPE))


class NotificationsWork(Work):
    """Each round an alert; a relay takes what is said of it, and keeps it."""

    service, consumer, beside = "notifications", "notifications-alerts", ("projections",)
    written = "stored_events WHERE topic = 'notifications.Sent.1'"

    def __init__(self, rollout: Rollout, nats: Nats) -> None:
        super().__init__(rollout, nats)
        self._catcher = Catcher(rollout.logs / "mail", 0)
        self._alerts: list[UUID] = []

    async def prepare(self) -> None:
        """A relay, and two people in charge of a school."""
        await self._catcher.start()
        smtp = {"smtp_host": self._catcher.host, "smtp_port": str(self._catcher.port)}
        self.settings = {f"PERSEVERANCE_{name.upper()}": value for name, value in smtp.items()}
        self.settings["PERSEVERANCE_RETRY_FIRST_S"] = "1"
        servers = {"nats_url": self.rollout.nats_url, "database_url": self.rollout.database_url}
        self._suite = Suite(self.nats, NotificationsSettings.model_validate(servers | smtp), self._catcher)
        await self._suite.load(school(), *_TOLD)

    async def close(self) -> None:
        """No relay any more."""
        await self._catcher.stop()

    async def send(self) -> None:
        """A round."""
        self._alerts.append((await self._suite.raise_alert()).alert_id)

    async def verify(self) -> None:
        """One e-mail a person and alert reached the relay, once, and the stream tells of each: asked for, then sent."""
        expected = {(str(alert), who.id) for alert in self._alerts for who in _TOLD}

        async def all_shown() -> bool:
            return await self.rollout.rows("SELECT state, count(*) FROM projections.mails GROUP BY 1") == [
                ("sent", len(expected))
            ]

        await eventually(all_shown)
        told = await self.told("NOTIFICATIONS", "notifications", 2 * len(expected))
        facts: dict[str, list[str]] = defaultdict(list)
        mails: dict[str, tuple[str, str]] = {}
        for each in told:
            mail = json.loads(each.data)["data"]
            mails[mail["mail_id"]] = (mail["alert_id"], mail["actor_id"])
            # Who leaves puts back what it has not begun to hand over: the other sends it.
            if mail.get("outcome") != "deferred":
                facts[mail["mail_id"]].append(each.subject.rpartition(".")[2])
        assert set(mails.values()) == expected
        assert len(mails) == len(expected), "somebody has two e-mails about the same"
        assert set(map(tuple, facts.values())) == {(MailRequested.FACT, MailSent.FACT)}
        assert said_by_both(told, MailSent.FACT)

        caught = await self._suite.caught(len(expected))
        ids = [str(each["Message-ID"]) for each in caught]
        assert sorted(ids) == sorted(f"<{mail_id}@perseverance.example.org>" for mail_id in mails)
        assert {each["X-Written-By"] for each in caught} == {None, "next"}
