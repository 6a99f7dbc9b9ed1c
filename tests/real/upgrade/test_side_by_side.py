"""Version N and N+1 on the same servers during a rollout, under load: nothing lost, nothing twice, both at work."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from chassis.nats import Nats
from contracts.alerts import AbsenceThresholdReached
from contracts.envelope import Envelope
from tests import oracle
from tests.real.alerts.suite import SCHOOL, START, Suite, missed
from tests.real.eventually import eventually
from tests.real.upgrade.trees import PRESENT, next_version, version_after

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

RAISED = AbsenceThresholdReached.FACT
_PUPILS, _HALF_DAYS = 8, 5


class Rollout:
    """Processes of several versions on the servers of one test."""

    def __init__(self, nats_url: str, database_url: str, logs: Path) -> None:
        self.database_url = database_url
        self._environment = {**os.environ, "NATS_URL": nats_url, "DATABASE_URL": database_url}
        self._environment["PERSEVERANCE_TOKEN_SECRET"] = "x" * 32
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, tree: Path, service: str, member: str) -> None:
        """A replica of `service` from the source in `tree`."""
        with (self._logs / f"{member}.log").open("wb") as log:
            self._running[member] = subprocess.Popen(
                [sys.executable, "-m", f"services.{service}"],
                cwd=tree,
                env={**self._environment, "PERSEVERANCE_MEMBER": member},
                stdout=log,
                stderr=log,
            )

    async def provision(self, tree: Path) -> None:
        """The provisioning job of that version."""
        job = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cli.main", "provision", cwd=tree, env=self._environment
        )
        assert await job.wait() == 0

    async def leaves(self, member: str) -> None:
        """A replica is asked to stop, as a rollout does, and does."""
        process = self._running.pop(member)
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, 60)
        assert "service.stopped" in (self._logs / f"{member}.log").read_text()

    def stop(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()

    async def said(self, member: str, text: str) -> None:
        """Wait until its log says so."""

        async def there() -> bool:
            assert self._running[member].poll() is None, f"{member} died"
            return text in (self._logs / f"{member}.log").read_text()

        await eventually(there)

    async def reads(self, *members: str) -> None:
        """Wait until exactly these share the partitions."""

        async def shared() -> bool:
            owners = await asyncio.to_thread(
                self.rows, "SELECT DISTINCT owner FROM alerts.leases WHERE consumer = 'alerts-school'"
            )
            return {owner for (owner,) in owners} == set(members)

        await eventually(shared)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query.encode()).fetchall()


class Load:
    """Pupils who miss half-days, for as long as it runs."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self.facts: list[oracle.Fact] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        over = asyncio.Event()

        async def send() -> None:
            while not over.is_set():
                await self._send()

        sending = asyncio.create_task(send())
        try:
            yield
        finally:
            over.set()
            await sending

    async def _send(self) -> None:
        students = [uuid4() for _ in range(_PUPILS)]
        for number in range(_HALF_DAYS):
            for student in students:
                fact = missed(student, number + 1)[-1]
                await self._suite.tell(fact)
                day = fact.half_day
                self.facts.append(
                    oracle.Fact(student, day.date, day.period, "unjustified", START, str(len(self.facts)), "", SCHOOL)
                )
                await asyncio.sleep(0.02)


@pytest.fixture
async def suite(nats_url: str) -> AsyncIterator[Suite]:
    nats = Nats(nats_url, "test")
    await nats.connect()
    yield Suite(nats, nats_url)
    await nats.close()


async def test_a_rollout_and_the_contract_after_it(
    suite: Suite, nats_url: str, postgres_url: str, tmp_path: Path
) -> None:
    coming = next_version(tmp_path / "next")
    after = version_after(coming, tmp_path / "after")
    rollout, load = Rollout(nats_url, postgres_url, tmp_path), Load(suite)
    try:
        rollout.start(PRESENT, "alerts", "present")
        rollout.start(PRESENT, "projections", "pages")
        await rollout.said("present", "service.started")
        await rollout.said("pages", "service.started")
        async with load.running():
            await rollout.reads("present")
            await rollout.provision(coming)
            rollout.start(coming, "alerts", "next")
            await rollout.reads("present", "next")
            await rollout.leaves("present")
            await rollout.reads("next")
            await rollout.provision(after)
            rollout.start(after, "alerts", "after")
            await rollout.reads("next", "after")
            await rollout.leaves("next")
            rollout.start(PRESENT, "alerts", "too old")
            await rollout.said("too old", "alerts_0002")
            await rollout.reads("after")
        expected = oracle.standing_alerts(load.facts)

        async def all_told() -> list[Msg] | None:
            told = await everything_told(suite)
            return told if len(raised(told)) >= len(expected) else None

        told = await eventually(all_told)
        assert {oracle.Standing(a.student_id, a.month, a.level) for a in raised(told)} == expected.keys()
        assert len(raised(told)) == len(expected), "an alert was told twice"
        places = [int((each.headers or {})["Nats-Msg-Id"]) for each in told]
        assert places == sorted(set(places)), "the log was told twice or out of order"
        assert {b'"said_by"' in each.data for each in told if each.subject.endswith(RAISED)} == {True, False}

        async def all_shown() -> bool:
            return await asyncio.to_thread(rollout.rows, "SELECT count(*) FROM projections.alerts") == [
                (len(expected),)
            ]

        await eventually(all_shown)
        assert rollout.rows(
            "SELECT (SELECT count(*) FROM projections.quarantine), (SELECT count(*) FROM alerts.quarantine)"
        ) == [(0, 0)]
        assert "service.started" not in (tmp_path / "too old.log").read_text()
    finally:
        rollout.stop()


async def everything_told(suite: Suite) -> list[Msg]:
    """What the stream ALERTS holds."""
    config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, mem_storage=True)
    consumer = await suite.nats.js.pull_subscribe("alerts.>", stream="ALERTS", config=config)
    wanted = (await suite.nats.js.stream_info("ALERTS")).state.messages
    told: list[Msg] = []
    while len(told) < wanted:
        told += await consumer.fetch(min(500, wanted - len(told)), timeout=10)
    await consumer.unsubscribe()
    return told


def raised(told: list[Msg]) -> list[AbsenceThresholdReached]:
    contract = Envelope[AbsenceThresholdReached]
    return [contract.model_validate_json(each.data).data for each in told if each.subject.endswith(RAISED)]
