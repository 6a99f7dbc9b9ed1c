"""The two servers of a suite on one machine: ours, embedded under DIR, or those of the environment."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chassis.embedded import EmbeddedNats, EmbeddedPostgres, EngineError, free_port
from chassis.logs import Log
from cli import passwords
from cli.errors import CliError
from cli.keyring import AUTHORIZATION_FILE, Keyring
from cli.runtime import KEYS, Suite, given_credentials, given_password_file
from cli.supervisor.orphans import Pids

log = Log("supervisor")

_LOOK_EVERY_S = 1.0
_MADE = "made"
_PORTS = "ports.json"


class Engine(Protocol):
    """A server we may have to start."""

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        ...

    def start(self) -> str:
        """Start it; return where clients connect."""
        ...

    def stop(self) -> None:
        """Stop it cleanly."""
        ...

    def alive(self) -> bool:
        """Whether it runs."""
        ...


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the servers are; of our own, also the directories of the keys and passwords that they know."""

    nats_url: str
    database_url: str
    keys: Path | None = None
    passwords: Path | None = None


class Engines:
    """Starts the servers that the environment does not name, keeps them up, stops them."""

    def __init__(self, data: Path, environment: Mapping[str, str], pids: Pids) -> None:
        self._data = data
        self._environment = environment
        self._pids = pids
        self._ours: dict[str, Engine] = {}
        self.nats_url = environment.get("NATS_URL", "")
        self.database_url = environment.get("DATABASE_URL", "")
        # Of our own servers; for those of others, whoever starts us says.
        self.keys: Path | None = None
        self.passwords: Path | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start both at once. Raises CliError."""
        starts = [] if self.database_url else [self._start_postgres]
        starts += [] if self.nats_url else [self._start_nats]
        ended = await asyncio.gather(*map(asyncio.to_thread, starts), return_exceptions=True)
        # Both have ended before one that failed is heard of: else the other would run on, and nobody stop it.
        for error in ended:
            if isinstance(error, EngineError):
                raise CliError(str(error), "its log says why") from None
            if error is not None:
                raise error
        self._keeper = asyncio.create_task(self._keep())

    def servers(self) -> Servers:
        """Where they are, once they are started."""
        return Servers(self.nats_url, self.database_url, self.keys, self.passwords)

    def suite(self) -> Suite:
        """The servers, for commands that are run before anything else is there."""
        given = given_credentials(self._environment)
        file = given_password_file(self._environment)
        return Suite(self._data, self.nats_url, self.database_url, keys=self.keys, given=given, password_file=file)

    async def stop(self) -> None:
        """Stop NATS, then PostgreSQL, which is the record."""
        if self._keeper:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        for name in ("nats", "postgres"):
            if name in self._ours:
                await asyncio.to_thread(self._ours[name].stop)

    def _start_nats(self) -> None:
        keyring = Keyring(self._data / KEYS)
        keyring.make(open_door=True)
        authorization = keyring.directory / AUTHORIZATION_FILE
        server = EmbeddedNats(self._data / "nats", _kept_port(self._data / _PORTS), authorization)
        self.keys = keyring.directory
        self.nats_url = server.start()
        self._ours["nats"] = server
        self._pids.record("nats", server.pid)

    def _start_postgres(self) -> None:
        directory = self._data / "postgres"
        made = self._data / f"postgres.{_MADE}"
        if directory.exists() and not made.exists():
            shutil.rmtree(directory)  # killed while it was being made: there is nothing in it yet
        server = EmbeddedPostgres(directory)
        self.database_url = server.start()
        self._ours["postgres"] = server
        self._pids.record("postgres", server.pid)
        made.touch()
        self.passwords = self._data / KEYS
        passwords.make(self.passwords)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for name, engine in self._ours.items():
                if not engine.alive():
                    log.error("engine.died", engine=name)
                    try:
                        await asyncio.to_thread(engine.start)
                    except Exception as error:  # noqa: BLE001  (tried again at the next look)
                        log.error("engine.does_not_start", exc=error, engine=name)
                        continue
                    self._pids.record(name, engine.pid)
                    log.info("engine.started_again", engine=name)


def _kept_port(path: Path) -> int:
    """The port NATS had last time if it is free, so that clients of a former run find it again."""
    import socket

    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        port = int(json.loads(path.read_text())["nats"])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
        return port
    port = free_port()
    path.write_text(json.dumps({"nats": port}))
    return port
