"""What every service stands on: one process, its connections, its readers and relays, its probes."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import nats.errors
import uvicorn
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.nats import NatsBroker
from prometheus_client import make_asgi_app

from chassis import logs
from chassis.clock import Clock
from chassis.database import TRANSIENT, Database
from chassis.logs import Log
from chassis.nats import Nats
from chassis.provision import drift
from chassis.reader import Handler, Reader, Source
from chassis.relay import Log as Journal
from chassis.relay import Relay
from chassis.settings import Settings, make_clock
from chassis.tuning import tune
from contracts.streams import BucketSpec, StreamSpec

log = Log("service")

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]
_STOP_LIMIT_S = 10


class NotProvisioned(Exception):
    """Streams are not as declared: run `perseverance provision`, then start again."""


class _Application(AsgiFastStream):
    """A FastStream application that hands every path it does not know to another one."""

    fallback: AsgiApp | None = None

    async def not_found(self, scope: Any, receive: Any, send: Any) -> None:
        if self.fallback is not None and scope["type"] == "http":
            await self.fallback(scope, receive, send)
        else:
            await super().not_found(scope, receive, send)


class Service:
    """One service being put together: give it readers, relays and tasks, then ask for its `app`."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        streams: Sequence[StreamSpec] = (),
        buckets: Sequence[BucketSpec] = (),
        http: AsgiApp | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.member = os.environ.get("PERSEVERANCE_MEMBER", socket.gethostname())
        self.nats = Nats(settings.nats_url, name)
        self.database = Database(settings.database_url, name)
        self.clock: Clock = make_clock(settings, self.database)
        # Its own connection: a command waiting for its answer must not wait behind a batch.
        self.broker = NatsBroker(
            settings.nats_url,
            name=f"{name}-commands",
            max_reconnect_attempts=-1,
            graceful_timeout=_STOP_LIMIT_S,
            logger=None,
        )
        self.http = http
        self._streams = streams
        self._buckets = buckets
        self.readers: list[Reader[Any]] = []
        self.relays: list[Relay] = []
        self.tasks: dict[str, Callable[[], Awaitable[None]]] = {}
        self.checks: dict[str, Callable[[], bool]] = {}
        self._started = False

    def reader(
        self,
        name: str,
        source: Source,
        handler: Handler[Any],
        *,
        on_commit: Callable[[], None] = lambda: None,
        batch: int = 4000,
    ) -> Reader[Any]:
        """Read `source` for as long as the service lives."""
        reader = Reader(
            name,
            source,
            handler,
            nats=self.nats,
            database=self.database,
            member=self.member,
            on_commit=on_commit,
            batch=batch,
        )
        self.add_reader(reader)
        return reader

    def relay(self, stream: str, log: Journal) -> Relay:
        """Publish `log` on `stream` for as long as the service lives."""
        relay = Relay(stream, log, nats=self.nats, database=self.database, member=self.member)
        self.add_relay(relay)
        return relay

    def add_reader(self, reader: Reader[Any]) -> None:
        """Run this reader for as long as the service lives."""
        self.readers.append(reader)
        self.add_task(f"reader {reader.name}", reader.run)
        self.add_check(f"reader {reader.name} moves", lambda: reader.moving)

    def add_relay(self, relay: Relay) -> None:
        """Run this relay for as long as the service lives."""
        self.relays.append(relay)
        self.add_task(f"relay {relay.stream}", relay.run)

    def add_task(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run this for as long as the service; if it ends by an error, so does the process."""
        self.tasks[name] = run

    def add_check(self, name: str, holds: Callable[[], bool]) -> None:
        """A further condition of readiness."""
        self.checks[name] = holds

    def app(self) -> AsgiFastStream:
        """The ASGI application: /live, /ready, /metrics, and `http` for every other path."""
        application = _Application(
            self.broker,
            asgi_routes=[
                ("/live", get(self._live)),
                ("/ready", get(self._ready)),
                ("/metrics", make_asgi_app()),
            ],
            lifespan=self._lifespan,
            logger=None,
        )
        application.fallback = self.http
        return application

    @asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        await self.nats.connect()
        problems = await drift(self.nats.js, self._streams, self._buckets)
        if problems:
            log.error("service.drift", problems=problems, remedy="run `perseverance provision`")
            raise NotProvisioned("; ".join(problems))
        running = [asyncio.create_task(self._watched(name, run)) for name, run in self.tasks.items()]
        self._started = True
        log.info("service.started", tasks=list(self.tasks))
        try:
            yield
        finally:
            self._started = False
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=_STOP_LIMIT_S) if running else None
            await self.nats.close()
            await asyncio.to_thread(self.database.close)
            log.info("service.stopped")

    async def _watched(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        try:
            await run()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  (a service with a dead task looks alive and is not)
            log.error("service.task_died", exc=error, task=name)
            os._exit(70)

    async def _live(self, scope: Any) -> AsgiResponse:
        return AsgiResponse(b"live\n", 200)

    async def _ready(self, scope: Any) -> AsgiResponse:
        """Ready: connected, provisioned as declared, readers moving. The body says what is missing."""
        missing = await self.not_ready()
        return AsgiResponse(("\n".join(missing) or "ready").encode() + b"\n", 503 if missing else 200)

    async def not_ready(self) -> list[str]:
        """What keeps the service from being ready; empty when it is."""
        if not self._started:
            return ["starting"]
        missing = [name for name, holds in self.checks.items() if not holds()]
        try:
            missing += await drift(self.nats.js, self._streams, self._buckets)
        except (nats.errors.Error, TimeoutError):
            missing.append("nats is away")
        if not await self.broker.ping(1.0):
            missing.append("commands are not listened to")
        try:
            await asyncio.to_thread(self._ping)
        except TRANSIENT:
            missing.append("the database is away")
        return missing

    def _ping(self) -> None:
        with self.database.transaction() as tx:
            tx.execute("SELECT 1")


def run(service: Service) -> None:
    """Serve until SIGTERM: stop taking requests, finish the batch in hand, close."""
    logs.configure(service.name, service.settings.log_level)
    tune()
    uvicorn.run(
        service.app(),
        host=service.settings.host,
        port=service.settings.port,
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_STOP_LIMIT_S,
    )
