"""The place of an experiment: the suite as people run it, on servers that the experiment starts, stops and breaks."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import psutil
import psycopg

from chassis.clock import SystemClock, today
from chassis.credentials import Credentials
from chassis.embedded import EmbeddedNats, EmbeddedPostgres
from contracts.streams import inbox_of
from tests.chaos.record import Record
from tests.chaos.servers import Cluster
from tests.chaos.suite import COMMAND, QUICK, Suite, command, load_directory, register_sender

SERVICES = ("intake", "alerts", "parcours", "notifications", "projections")
_SAME_BIRTH_S = 1.0


class House:
    """A suite under `data`. `nats` and `postgres` are None where the suite's own supervisor runs them."""

    def __init__(self, data: Path, schools: list[str], environment: Mapping[str, str], replicas: int) -> None:
        self.data = data
        self.schools = schools
        self.environment = {**QUICK, **environment}
        self.replicas = replicas
        self.record = Record(data / "attempts.jsonl")
        self.nats: EmbeddedNats | None = None
        self.cluster: Cluster | None = None
        self.postgres: EmbeddedPostgres | None = None
        self.suite: Suite
        self._process: subprocess.Popen[str]

    @property
    def database_url(self) -> str:
        """The database itself, past any wire."""
        return self.postgres.url if self.postgres else str(self.suite.runtime["database_url"])

    @property
    def nats_url(self) -> str:
        """The server itself, past any wire: for what the experiment asks for its own sake."""
        return self.nats.url if self.nats else str(self.suite.runtime["nats_url"])

    @property
    def today(self) -> date:
        """The day it is in France by the clock of the suite."""
        return today(SystemClock())

    @property
    def operations(self) -> Credentials:
        """As whom the experiment asks the suite's own server; one of the experiment's lets anybody in."""
        own = self.data / "keys" / "operations.nk"
        return Credentials(own if own.exists() else None, inbox=inbox_of("operations"))

    @property
    def key(self) -> dict[str, str]:
        """The same for a client of NATS's own library."""
        seed = self.operations.nkey_file
        return {"nkeys_seed": str(seed), "inbox_prefix": self.operations.inbox} if seed else {}

    def processes(self) -> dict[str, psutil.Process]:
        """What the supervisor runs and is alive, by name; a second replica is called `alerts-2`."""
        try:
            written = json.loads((self.data / "pids.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        found = {}
        for name, (pid, born) in written.items():
            try:
                process = psutil.Process(pid)
                if abs(process.create_time() - born) < _SAME_BIRTH_S and process.status() != psutil.STATUS_ZOMBIE:
                    found[name] = process
            except psutil.NoSuchProcess:
                continue
        return found

    def services(self) -> dict[str, psutil.Process]:
        """The services alone, every replica."""
        return {name: each for name, each in self.processes().items() if name.split("-")[0] in SERVICES}

    def command(self, *arguments: str, limit_s: float = 300) -> str:
        """What `perseverance` says. Raises CalledProcessError."""
        return command(self.data, *arguments, limit_s=limit_s, environment=self.environment)

    def query(self, statement: str, parameters: tuple[object, ...] | None = None) -> list[tuple[object, ...]]:
        """Ask the databases of the services, as their owner."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(statement, parameters).fetchall()

    async def up(self) -> None:
        """`perseverance up`, and what it must know of schools and senders."""
        await asyncio.to_thread(self.start)
        await asyncio.to_thread(load_directory, self.suite, self.environment)
        key = await asyncio.to_thread(register_sender, self.suite, self.environment)
        self.suite = Suite(self.data, self.suite.url, key, self.schools)
        await asyncio.to_thread(self.suite.wait_known)

    def start(self) -> None:
        """Start the suite under its data, on the port it had. Raises RuntimeError."""
        port = self.suite.url.rpartition(":")[2] if hasattr(self, "suite") else "0"
        replicas = ["--replicas", str(self.replicas)] if self.replicas > 1 else []
        with (self.data / "up.log").open("a") as log:
            self._process = subprocess.Popen(
                [COMMAND, "up", "--data", str(self.data), "--port", port, *replicas],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **self.environment},
            )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline().split()
        if ready[:1] != ["ready"]:
            raise RuntimeError(f"the suite did not start: read {self.data / 'up.log'} and {self.data / 'log'}")
        key = self.suite.key if hasattr(self, "suite") else ""
        self.suite = Suite(self.data, ready[1], key, self.schools)

    def down(self) -> None:
        """Stop the suite; the experiment's own servers stay."""
        self._process.terminate()
        self._process.wait(90)


@asynccontextmanager
async def opened(house: House) -> AsyncIterator[House]:
    """The suite up, for as long as the block; everything is stopped at its end."""
    try:
        await house.up()
        yield house
    finally:
        if hasattr(house, "_process"):
            await asyncio.to_thread(house.down)
        if house.nats:
            await asyncio.to_thread(house.nats.stop)
        if house.cluster:
            await house.cluster.stop()
        if house.postgres:
            await asyncio.to_thread(house.postgres.stop)
        house.record.close()


PYTHON = sys.executable
