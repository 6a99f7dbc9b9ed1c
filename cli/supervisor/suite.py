"""The supervisor: servers, then tables and streams, then services, then the door; and back down in reverse."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import uvicorn

from chassis.leaving import KEEP_ALIVE_S
from chassis.logs import Log
from cli.errors import CliError
from cli.output import say
from cli.provision import provision
from cli.runtime import RUNTIME_FILE
from cli.settings import check as check_settings
from cli.supervisor import logging, secrets
from cli.supervisor.children import Child, Program
from cli.supervisor.engines import Engines, Servers
from cli.supervisor.gateway import Gateway
from cli.supervisor.lock import claim_port, sole_supervisor
from cli.supervisor.orphans import Pids
from cli.supervisor.programs import CATCHER, Options, largest_request, programs
from cli.supervisor.replicas import Replicas

log = Log("supervisor")

START_LIMIT_S = 120
_LOOK_EVERY_S = 0.05
_DEATHS_AT_START = 3
_WILL_BE_NATS, _WILL_BE_POSTGRES = "nats://127.0.0.1:4222", "postgresql://"


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals stop the suite in its own order, not this server first

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # noqa: ASYNC110  (what is looked at is the library's)
            await asyncio.sleep(0.5)  # the library looks ten times a second


async def run(options: Options) -> None:
    """Bring the suite up, say so on stdout, keep it up until SIGTERM or SIGINT, take it down.

    Raises CliError when it cannot come up; whatever had started is stopped before.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with sole_supervisor(options.data):
        for name in ("log", "mail"):
            (options.data / name).mkdir(exist_ok=True)
        logging.configure(options.data / "log" / "supervisor.log")
        with claim_port(options.port) as listener:
            await _Suite(options, listener, stop).run()


class _Suite:
    def __init__(self, options: Options, listener: socket.socket, stop: asyncio.Event) -> None:
        self.options = options
        self.listener = listener
        self.stop = stop
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.pids = Pids(options.data)
        self.children: list[Child] = []
        self.probe = httpx.AsyncClient(timeout=3.0, trust_env=False)

    async def run(self) -> None:
        # PostgreSQL is used again as it is; an old nats-server would write to the same files as the new one.
        for name in await asyncio.to_thread(self.pids.end_leftovers, ("postgres",)):
            log.warning("leftover.ended", process=name)
        secrets_file = secrets.ensure(self.options.data)
        engines = Engines(self.options.data, os.environ, self.pids)
        self._check_settings(secrets_file)
        try:
            say(f"starting PostgreSQL and NATS under {self.options.data} ...")
            await engines.start()
            await asyncio.to_thread(provision, engines.suite(), engines.passwords, alone=True)
            kept = json.loads(secrets_file.read_text())
            parts = programs(self.options, self.url, engines.servers(), kept)
            async with self._door(parts):
                say("starting the services ...")
                await self._start_children(parts)
                await self._come_up()
                self._tell(engines, secrets_file, parts)
                await self.stop.wait()
                say("stopping ...")
                log.info("suite.stopping")
        finally:
            await self._take_down(engines)

    def _check_settings(self, secrets_file: Path) -> None:
        """Before anything is started. Raises CliError."""
        nats_url = os.environ.get("NATS_URL") or _WILL_BE_NATS
        servers = Servers(nats_url, os.environ.get("DATABASE_URL") or _WILL_BE_POSTGRES)
        kept = json.loads(secrets_file.read_text())
        parts = programs(self.options, self.url, servers, kept)
        check_settings({part.service: part.environment for part in parts if part.name != CATCHER})

    async def _start_children(self, parts: list[Program]) -> None:
        for part in parts:
            child = Child(part, self.options.data / "log" / f"{part.name}.log", self.pids.record)
            self.children.append(child)
            await child.start()

    async def _come_up(self) -> None:
        """Wait until everything is ready. Raises CliError when something cannot start, or takes too long."""
        limit = asyncio.get_running_loop().time() + START_LIMIT_S
        while missing := await self.not_ready():
            for child in self.children:
                if child.deaths >= _DEATHS_AT_START:
                    raise CliError(f"{child.program.name} does not start", f"read {child.log_file}")
            if self.stop.is_set():
                return
            if asyncio.get_running_loop().time() > limit:
                raise CliError(
                    f"not ready after {START_LIMIT_S} s ({'; '.join(missing)})",
                    f"read {self.options.data / 'log'}",
                )
            await asyncio.sleep(_LOOK_EVERY_S)

    async def not_ready(self) -> list[str]:
        """What keeps the suite from being ready, a line each."""
        answers = await asyncio.gather(*(self._ask(child.program) for child in self.children))
        return [line for line in answers if line] if self.children else ["starting"]

    async def _ask(self, part: Program) -> str:
        if not part.probe:
            return "" if await _listens(part.port) else f"{part.name}: starting"
        try:
            answer = await self.probe.get(f"{part.address}{part.probe}")
        except httpx.TransportError:
            return f"{part.name}: away"
        return "" if answer.status_code == httpx.codes.OK else f"{part.name}: {answer.text.strip()[:200]}"

    def _tell(self, engines: Engines, secrets_file: Path, parts: list[Program]) -> None:
        if self.stop.is_set():
            return
        by_name = {part.name: part for part in parts}
        runtime = {
            "nats_url": engines.nats_url,
            "database_url": engines.database_url,
            "url": self.url,
            "pid": os.getpid(),
            "services": {name: {"port": part.port} for name, part in by_name.items() if name != CATCHER},
            "smtp": {"host": "127.0.0.1", "port": by_name[CATCHER].port} if CATCHER in by_name else {},
            "secrets_file": str(secrets_file.absolute()),
            **({"keys": str(engines.keys.absolute())} if engines.keys else {}),
            "clock": self.options.clock,
            "demo": self.options.demo,
        }
        path = self.options.data / RUNTIME_FILE
        new = path.with_suffix(".new")
        new.write_text(json.dumps(runtime, indent=2) + "\n")
        new.replace(path)
        log.info("suite.ready", url=self.url)
        sys.stdout.write(f"ready {self.url}\n")
        sys.stdout.flush()

    @contextlib.asynccontextmanager
    async def _door(self, parts: list[Program]) -> AsyncIterator[None]:
        """The public port, served while the block runs."""
        of = {name: _replicas(name, parts) for name in ("intake", "notifications", "projections")}
        gateway = Gateway(
            default=of["projections"],
            routes={
                "/events": of["intake"],
                "/courriels-captes": of["notifications"],
                "/catcher": of["notifications"],
            },
            limits={"/events": largest_request()},
            ready=self.not_ready,
        )
        server = _Server(
            uvicorn.Config(
                gateway,
                log_config=None,
                access_log=False,
                lifespan="on",
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=2,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[self.listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving

    async def _take_down(self, engines: Engines) -> None:
        (self.options.data / RUNTIME_FILE).unlink(missing_ok=True)
        # The catcher last: a message in hand should still find its relay.
        services = [child for child in self.children if child.program.name != CATCHER]
        await asyncio.gather(*(child.stop() for child in services))
        await asyncio.gather(*(child.stop() for child in self.children if child.program.name == CATCHER))
        await engines.stop()
        await self.probe.aclose()
        self.pids.clear()
        log.info("suite.stopped")


def _replicas(name: str, parts: list[Program]) -> Replicas:
    return Replicas([part.address for part in parts if part.service == name])


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
