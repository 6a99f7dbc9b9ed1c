"""Projections, while its versions change: people look and act at both, and the e-mails take another form."""

import re
from collections import Counter
from uuid import UUID, uuid4

import httpx

from chassis.nats import Nats
from cli.directory_bucket import load_directory
from contracts.examples import mail_requested, mail_sent
from contracts.examples.people import actor, school
from services.projections import tokens
from tests.real.alerts.suite import SCHOOL, Suite, missed
from tests.real.eventually import eventually
from tests.real.upgrade.rollout import PROVISIONING, SECRET, Rollout
from tests.real.upgrade.work import Work
from tests.unit.projections.given import message

_HEAD = actor(territory=SCHOOL)
_PAGES = ("/alertes", "/courriels")
_API = ("/api/v1/alerts", "/api/v1/mails", "/api/v1/counts", "/api/v1/me")
_HANDLED = re.compile(r'^perseverance_messages_handled_total\{consumer="projections-alerts"\} (\S+)$', re.MULTILINE)
_ENOUGH = 4  # half-days, for an alert


class ProjectionsWork(Work):
    """Each round a pupil has an alert and e-mails about it, and the head of the school looks, and takes one in charge,
    wherever a door is open."""

    service, consumer, beside = "projections", "projections-alerts", ("alerts",)

    def __init__(self, rollout: Rollout, nats: Nats) -> None:
        super().__init__(rollout, nats)
        self._suite = Suite(nats, rollout.nats_url)
        self._students: list[UUID] = []
        self._taken: dict[str, str] = {}
        self.answers: Counter[tuple[str, int]] = Counter()
        token = tokens.issue(SECRET.encode(), _HEAD.id)
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            cookies={"perseverance_session": token},
            trust_env=False,
            timeout=30,
        )

    async def prepare(self) -> None:
        """A school and its head."""
        await load_directory(self.nats.js, [school(uai=SCHOOL)], [_HEAD])

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    async def done(self) -> Counter[str]:
        """Messages of ALERTS that each put into the tables they share."""
        found: Counter[str] = Counter()
        for member, door in self.rollout.doors.items():
            handled = _HANDLED.search((await self._http.get(f"{door}/metrics")).text)
            found[member] = int(float(handled[1])) if handled else 0
        return found

    async def send(self) -> None:
        """A round."""
        student, mail = uuid4(), uuid4()
        self._students.append(student)
        await self._suite.tell(*missed(student, _ENOUGH))
        for said in (mail_requested, mail_sent):
            told = message(said(mail_id=mail, student_id=student, uai=SCHOOL))
            await self.nats.js.publish(told.subject, told.data)
        for member in list(self.rollout.doors):
            for path in (*_PAGES, *_API):
                await self._look(member, path)
            await self._act(member)

    async def _look(self, member: str, path: str) -> httpx.Response | None:
        door = self.rollout.doors.get(member)
        return self._answered(member, await self._http.get(f"{door}{path}")) if door else None

    async def _act(self, member: str) -> None:
        """Take in charge one that nobody has taken yet."""
        listed = await self._look(member, "/api/v1/alerts?state=raised&page_size=50")
        raised = [each["alert_id"] for each in listed.json()["items"]] if listed and listed.is_success else []
        new = next((each for each in raised if each not in self._taken), None)
        door = self.rollout.doors.get(member)
        if new and door:
            path = f"{door}/api/v1/alerts/{new}/acknowledge"
            answer = self._answered(member, await self._http.post(path, headers={"Idempotency-Key": new}))
            if answer.is_success:
                self._taken[new] = member

    def _answered(self, member: str, answer: httpx.Response) -> httpx.Response:
        """An answer is what was asked for, or asks to come back in a moment."""
        self.answers[member, answer.status_code] += 1
        later = answer.status_code == 503 and "retry-after" in answer.headers
        assert answer.status_code in (200, 202) or later, f"{member}: {answer.request.url} {answer.status_code}"
        return answer

    async def verify(self) -> None:
        """Each alert is shown once with what happened to it in order, each e-mail as it ended."""

        async def all_shown() -> bool:
            query = "SELECT (SELECT count(*) FROM projections.alerts), (SELECT count(*) FROM projections.mails)"
            return await self.rollout.rows(query) == [(len(self._students), len(self._students))]

        await eventually(all_shown)
        timelines = await self.rollout.rows(
            "SELECT alert_id::text, a.student_id, array_agg(t.kind ORDER BY t.at, t.seq) FILTER (WHERE t.kind <> '')"
            " FROM projections.alerts a LEFT JOIN projections.timeline t USING (alert_id) GROUP BY 1, 2"
        )
        assert sorted(str(student) for _, student, _ in timelines) == sorted(map(str, self._students))
        for alert, _, kinds in timelines:
            assert kinds == (["acknowledged"] if alert in self._taken else None)
        assert set(self._taken.values()) == {"present", "next"}
        assert {member for member, status in self.answers if status == 200} == {"present", "next"}
        mails = await self.rollout.rows("SELECT DISTINCT state, attempts FROM projections.mails")
        assert mails == [("sent", 1)]
        rows = await self.rollout.rows("SELECT DISTINCT written_by FROM projections.mails")
        assert {by for (by,) in rows} == {PROVISIONING, "next"}, (
            "the former version wrote into a form that is not its own"
        )
