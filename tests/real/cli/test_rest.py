"""`wait`, `quarantine` and `doctor` on a running suite: what they say is so."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from chassis import deadlines, quarantine
from chassis.database import Database
from chassis.messages import Message, header_of
from chassis.service import Service
from cli.checkup.findings import Finding, Verdict
from cli.checkup.services import backlog, late_deadlines
from cli.doctor import look
from cli.drain import Drain
from cli.playing import preparing
from cli.runtime import Suite
from cli.simulator.academy import Academy, build
from cli.simulator.calendar import teaching_half_days
from cli.simulator.events import SchoolDesk, SimEvent, batch, roll_call
from cli.wiring import connected
from contracts.envelope import BATCH_CONTENT_TYPE, Envelope
from contracts.identifiers import HalfDay
from contracts.school import AbsenceReported
from contracts.streams import subject_of
from tests.real.cli.running import Up, eventually, perseverance, up

pytestmark = pytest.mark.timeout(300)

HALF_DAYS = [half_day for half_day in teaching_half_days("2025-2026") if half_day.date.month == 10]


@pytest.fixture(scope="module")
def academy() -> Academy:
    return build(2, 60, 5)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("rest") / "var") as started:
        yield started


@pytest.fixture(scope="module")
def key(suite: Up, academy: Academy) -> str:
    async def prepare() -> str:
        async with connected(Suite.find(suite.data, {})) as services:
            await preparing.load(Suite.find(suite.data, {}), academy)
            return preparing.register_sender(services[0].database, academy)

    return asyncio.run(prepare())


@asynccontextmanager
async def looking_at(suite: Up) -> AsyncIterator[list[Service]]:
    async with connected(Suite.find(suite.data, {})) as services:
        yield services


def absences(academy: Academy, place: int, half_days: list[HalfDay]) -> list[SimEvent]:
    """Unjustified half-days of one pupil, under ids never used before."""
    school = academy.schools[0]
    desk = SchoolDesk(school.uai)
    pupil = academy.pupils[school.uai][place]
    made = (desk.report(pupil.ine, half_day, roll_call(half_day, 5)) for half_day in half_days)
    return [SimEvent(e.uai, uuid4().hex, e.type, e.time, e.data) for e in made]


async def send(suite: Up, key: str, events: list[SimEvent]) -> None:
    headers = {"authorization": f"Bearer {key}", "content-type": BATCH_CONTENT_TYPE}
    async with httpx.AsyncClient(base_url=suite.url, trust_env=False, timeout=30) as client:
        answer = await client.post("/events", content=batch(events), headers=headers)
    assert {verdict["status"] for verdict in answer.json()["verdicts"]} == {"accepted"}


def examined(suite: Up) -> list[Finding]:
    """What the doctor finds, here: a command of its own takes seconds to begin."""
    return asyncio.run(look(Suite.find(suite.data, {})))


def is_well(suite: Up) -> bool:
    return Verdict.fail not in {finding.verdict for finding in examined(suite)}


def mails_captured(suite: Up) -> int:
    return len(list((suite.data / "mail").rglob("*.eml")))


async def test_when_wait_returns_the_alert_is_shown_and_its_mails_are_gone(
    suite: Up, academy: Academy, key: str
) -> None:
    head = next(actor for actor in academy.actors if actor.territory == academy.schools[0].uai)
    token = preparing.tokens_of(Suite.find(suite.data, {}), [head])[head.id]
    expected = [actor for actor in academy.actors if actor.territory == academy.schools[0].uai]
    async with (
        looking_at(suite) as services,
        httpx.AsyncClient(base_url=suite.url, trust_env=False, timeout=30) as client,
    ):
        before = mails_captured(suite)
        for place in range(12):
            await send(suite, key, absences(academy, place, HALF_DAYS[:4]))
            assert await Drain(services).wait(60) == []
            assert mails_captured(suite) == before + (place + 1) * len(expected)
            shown = await client.get(
                "/api/v1/alerts", params={"month": "2025-10"}, headers={"authorization": f"Bearer {token}"}
            )
            ines = {item["ine"] for item in shown.json()["items"]}
            assert academy.pupils[academy.schools[0].uai][place].ine in ines


@pytest.mark.long
async def test_wait_says_who_is_behind_when_the_time_is_over(suite: Up, academy: Academy, key: str) -> None:
    stopped = suite.pid_of("alerts")
    os.kill(stopped, signal.SIGSTOP)
    try:
        await send(suite, key, absences(academy, 20, HALF_DAYS[:4]))
        answer = await asyncio.to_thread(perseverance, suite.data, "wait", "--timeout", "2")
        assert answer.returncode == 1
        assert "alerts (reader alerts-school): 4 to read on SCHOOL" in answer.stderr
        as_json = await asyncio.to_thread(perseverance, suite.data, "wait", "--timeout", "0", "--json")
        assert json.loads(as_json.stdout)["at_rest"] is False
    finally:
        os.kill(stopped, signal.SIGCONT)
    answer = await asyncio.to_thread(perseverance, suite.data, "wait", "--timeout", "60")
    assert answer.returncode == 0, answer.stderr


@pytest.mark.long
async def test_wait_waits_for_a_server_that_does_not_answer_at_first(suite: Up) -> None:
    """Trap: somebody who waits right after a restart was told at once that there is no suite."""
    stopped = suite.pid_of("postgres")
    os.kill(stopped, signal.SIGSTOP)
    try:
        waiting = asyncio.create_task(asyncio.to_thread(perseverance, suite.data, "wait", "--timeout", "60"))
        await asyncio.sleep(8)  # the first try is over after three seconds
        assert not waiting.done()
    finally:
        os.kill(stopped, signal.SIGCONT)
    answer = await waiting
    assert answer.returncode == 0, answer.stderr


@pytest.mark.long
async def test_wait_gives_up_when_nothing_answers_in_time(suite: Up) -> None:
    stopped = suite.pid_of("postgres")
    os.kill(stopped, signal.SIGSTOP)
    try:
        answer = await asyncio.to_thread(perseverance, suite.data, "wait", "--timeout", "1")
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert answer.returncode == 4
    assert "PostgreSQL does not answer" in answer.stderr


@pytest.mark.long
async def test_wait_waits_for_deadlines_that_are_due(suite: Up) -> None:
    database = Database(Suite.find(suite.data, {}).database_url, "parcours", pool_size=1)
    stopped = suite.pid_of("parcours")
    os.kill(stopped, signal.SIGSTOP)
    try:
        due = datetime.now(UTC)
        with database.transaction() as tx:
            deadlines.schedule(tx, uuid4(), "expiry", due)
            deadlines.schedule(tx, uuid4(), "expiry", due + timedelta(days=1))
        answer = await asyncio.to_thread(perseverance, suite.data, "wait", "--timeout", "2")
        assert answer.returncode == 1
        assert "parcours (deadlines): 1 to decide" in answer.stderr
        async with looking_at(suite) as services:
            told = [finding async for finding in backlog(services)]
            assert "parcours (deadlines): 1 to decide" in [finding.detail for finding in told]
    finally:
        os.kill(stopped, signal.SIGCONT)
    answer = await asyncio.to_thread(perseverance, suite.data, "wait", "--timeout", "60")
    assert answer.returncode == 0, answer.stderr
    with database.transaction() as tx:
        assert deadlines.next_due(tx) == due + timedelta(days=1)
        tx.execute("DELETE FROM deadlines")
    database.close()


async def test_a_deadline_that_is_due_for_long_is_found_by_the_doctor(suite: Up) -> None:
    database = Database(Suite.find(suite.data, {}).database_url, "parcours", pool_size=1)
    stopped = suite.pid_of("parcours")
    os.kill(stopped, signal.SIGSTOP)
    try:
        with database.transaction() as tx:
            deadlines.schedule(tx, uuid4(), "expiry", datetime.now(UTC) - timedelta(hours=1))
        async with looking_at(suite) as services:
            parcours = next(service for service in services if service.name == "parcours")
            (finding,) = late_deadlines(parcours)
            assert finding.verdict is Verdict.fail
            assert "1 due, the oldest for 60 minutes" in finding.detail
    finally:
        os.kill(stopped, signal.SIGCONT)
    async with looking_at(suite) as services:
        assert await Drain(services).wait(60) == []
        parcours = next(service for service in services if service.name == "parcours")
        assert [finding.verdict for finding in late_deadlines(parcours)] == [Verdict.ok]
    database.close()


def poison(suite: Up, academy: Academy) -> tuple[Database, str]:
    """Two absences put aside behind a message that nobody can read, all about the same pupil."""
    database = Database(Suite.find(suite.data, {}).database_url, "alerts", pool_size=1)
    student = uuid4()
    with database.transaction() as tx:
        for number, half_day in enumerate([None, *HALF_DAYS[:2]]):
            data = b'{"subject": "%s"}' % str(student).encode()
            if half_day is not None:
                fact = AbsenceReported(student_id=student, uai=academy.schools[0].uai, half_day=half_day)
                data = Envelope[AbsenceReported](
                    id=f"{student}-{number}",
                    source="test",
                    type=AbsenceReported.TYPE,
                    subject=str(student),
                    time=datetime(2025, 10, 30, tzinfo=UTC),
                    data=fact,
                ).to_json()
            subject = subject_of("school", student, AbsenceReported.FACT)
            message = Message(1_000_000 + number, 0, subject, data, header_of(f"m{number}"))
            reason = quarantine.FOLLOWS if number else "unreadable"
            quarantine.put(tx, "alerts-school", "SCHOOL", message, reason)
    return database, str(student)


def entries(suite: Up) -> list[dict[str, str]]:
    answer = perseverance(suite.data, "quarantine", "list", "--service", "alerts", "--json")
    found: list[dict[str, str]] = json.loads(answer.stdout)
    return found


@pytest.mark.long
def test_what_is_in_quarantine_is_listed_shown_replayed_in_order_and_dropped(suite: Up, academy: Academy) -> None:
    database, student = poison(suite, academy)
    first, second, third = entries(suite)
    assert [first["reason"], second["reason"]] == ["unreadable", quarantine.FOLLOWS]
    doctor = perseverance(suite.data, "doctor")
    assert doctor.returncode == 2
    assert "quarantine list --service alerts" in doctor.stderr

    shown = perseverance(suite.data, "quarantine", "show", second["entry"])
    assert student not in shown.stdout + shown.stderr
    with_payload = perseverance(suite.data, "quarantine", "show", second["entry"], "--payload", "--json")
    assert student in json.loads(with_payload.stdout)["payload"]

    blocked = perseverance(suite.data, "quarantine", "replay", third["entry"], "--json")
    assert blocked.returncode == 3
    assert json.loads(blocked.stdout)["left"] == 3

    assert perseverance(suite.data, "quarantine", "drop", first["entry"]).returncode == 2
    assert perseverance(suite.data, "quarantine", "drop", first["entry"], "--yes").returncode == 0
    replayed = perseverance(suite.data, "quarantine", "replay", third["entry"], "--json")
    assert replayed.returncode == 0, replayed.stderr
    assert json.loads(replayed.stdout) == {"replayed": 2, "left": 0, "reason": ""}
    assert entries(suite) == []
    with database.transaction() as tx:
        row = tx.execute("SELECT count(*) FROM quarantine").fetchone()
    assert row == (0,)
    database.close()
    assert perseverance(suite.data, "quarantine", "show", third["entry"]).returncode == 1
    assert perseverance(suite.data, "quarantine", "show", "nowhere/1").returncode == 2


@pytest.mark.long
def test_the_doctor_finds_a_service_that_is_away_and_secrets_that_others_can_read(suite: Up) -> None:
    assert is_well(suite)
    details = {finding.check: finding.detail for finding in examined(suite)}
    assert details.keys() >= {"versions", "logins", "backup"}
    assert "free" in details["disk"], "its servers are here"
    secrets = suite.data / "secrets" / "secrets.json"
    secrets.chmod(0o644)
    stopped = suite.pid_of("intake")
    os.kill(stopped, signal.SIGSTOP)
    try:
        ill = perseverance(suite.data, "doctor", "--json", "--backups", str(suite.data / "gone"))
    finally:
        os.kill(stopped, signal.SIGCONT)
        secrets.chmod(0o600)
    wrong = {f["check"] for f in json.loads(ill.stdout)["findings"] if f["verdict"] == "fail"}
    assert ill.returncode == 2
    assert {"secrets", "intake", "backup"} <= wrong
    eventually(lambda: is_well(suite), "does not get well again")


@pytest.mark.long
def test_provisioning_again_changes_nothing(suite: Up) -> None:
    answer = perseverance(suite.data, "provision", "--json")
    assert answer.returncode == 0
    assert "SCHOOL" in json.loads(answer.stdout)["streams"]
    assert is_well(suite)
