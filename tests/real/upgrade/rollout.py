"""Processes of several versions on the servers of one test, and how one version takes the place of another."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import httpx
import psycopg

from chassis.embedded import free_port
from contracts.catalogue import SERVICES
from tests.real.eventually import eventually

SECRET = "a secret of thirty-two characters"
PROVISIONING = "provisioning"
"""Who wrote what provisioning wrote, rows that were there before a column among them."""


class Rollout:
    """`doors`: where a load balancer would send people now, by the name of the replica."""

    def __init__(self, nats_url: str, database_url: str, logs: Path) -> None:
        self.nats_url, self.database_url = nats_url, database_url
        self.doors: dict[str, str] = {}
        self._environment = {**os.environ, "NATS_URL": nats_url, "DATABASE_URL": database_url}
        self._environment["PERSEVERANCE_TOKEN_SECRET"] = SECRET
        self.logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._ports: dict[str, int] = {}

    def start(self, tree: Path, service: str, member: str, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        """A replica of `service` from the source in `tree`; PostgreSQL knows it by its name, too."""
        port = self._ports[member] = free_port()
        own = {"PERSEVERANCE_MEMBER": member, "PGAPPNAME": member, "PERSEVERANCE_PORT": str(port)}
        with (self.logs / f"{member}.log").open("wb") as log:
            self._running[member] = subprocess.Popen(
                [sys.executable, "-m", f"services.{service}"],
                cwd=tree,
                env={**self._environment, **settings, **own},
                stdout=log,
                stderr=log,
            )

    async def joins(self, member: str) -> None:
        """Wait until it is ready: from then on people are sent there."""
        url = f"http://127.0.0.1:{self._ports[member]}"

        async def is_ready() -> bool:
            self._lives(member)
            try:
                return (await client.get(f"{url}/ready")).status_code == 200
            except httpx.TransportError:
                return False

        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            await eventually(is_ready)
        self.doors[member] = url

    async def leaves(self, member: str) -> None:
        """Nobody is sent there any more, it is asked to stop, as a rollout does, and does, without an error."""
        self.doors.pop(member)
        process = self._running.pop(member)
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, 60)
        assert "service.stopped" in self.log(member)
        assert [line for line in self.log(member).splitlines() if '"level": "ERROR"' in line] == []

    async def provision(self, tree: Path) -> None:
        """The provisioning job of that version."""
        environment = {**self._environment, "PGAPPNAME": PROVISIONING}
        job = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cli.main", "provision", cwd=tree, env=environment
        )
        assert await job.wait() == 0

    def stop(self) -> None:
        """End whatever still runs."""
        for process in self._running.values():
            process.kill()
            process.wait()

    def log(self, member: str) -> str:
        """What it logged so far."""
        return (self.logs / f"{member}.log").read_text()

    async def said(self, member: str, text: str) -> None:
        """Wait until its log says so."""

        async def there() -> bool:
            self._lives(member)
            return text in self.log(member)

        await eventually(there)

    async def reads(self, service: str, consumer: str, *members: str) -> None:
        """Wait until exactly these share the partitions of `consumer`: one has it where there is one alone."""

        async def shared() -> bool:
            for member in members:
                self._lives(member)
            rows = await self.rows(f"SELECT owner, partition FROM {service}.leases WHERE consumer = '{consumer}'")
            owners, partitions = {owner for owner, _ in rows}, {partition for _, partition in rows}
            return owners <= set(members) and len(owners) == min(len(members), len(partitions)) > 0

        await eventually(shared)

    async def rows(self, query: str) -> list[tuple[object, ...]]:
        """What the owner of the database finds."""
        return await asyncio.to_thread(self._rows, query)

    async def in_quarantine(self) -> int:
        """How many messages any service put aside."""
        counts = " + ".join(f"(SELECT count(*) FROM {service}.quarantine)" for service in SERVICES)
        ((found,),) = await self.rows(f"SELECT {counts}")
        assert isinstance(found, int)
        return found

    def _rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query.encode()).fetchall()

    def _lives(self, member: str) -> None:
        assert self._running[member].poll() is None, f"{member} died: {self.log(member)[-2000:]}"
