"""What every service stands on: one process, its connections, its readers and relays, its probes."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import nats.errors
import uvicorn
from faststream.asgi import AsgiResponse, get
from nats.js.errors import Error as JetStreamError
from prometheus_client import make_asgi_app

from chassis import conditions, logs, looks, tracing
from chassis.agreement import REMEDY, Ahead
from chassis.applying import Handler
from chassis.backlog import Backlog
from chassis.broker import CommandBroker
from chassis.certificates import soonest_end
from chassis.clock import Clock
from chassis.database import TRANSIENT, Database
from chassis.doors import AsgiApp, Doors
from chassis.gauges import Look, keep_looking
from chassis.leaving import KEEP_ALIVE_S, LeavingServer
from chassis.logs import Log
from chassis.membership import Membership
from chassis.nats import Nats
from chassis.reader import Reader
from chassis.relay import Log as Journal
from chassis.relay import Relay
from chassis.revisions import Schema
from chassis.settings import Settings, make_clock
from chassis.source import Source
from chassis.tuning import keep_tidy, tune
from contracts.streams import BucketSpec, StreamSpec, commands_inbox_of, inbox_of

log = Log("service")

_STOP_LIMIT_S = 10
_AWAY: tuple[type[Exception], ...] = (nats.errors.Error, JetStreamError, TimeoutError, *TRANSIENT)
_LOOK_AGAIN_S = 2
_NOT_STARTED = 3  # what uvicorn itself ends with


class Service:
    """One service being put together: give it readers, relays and tasks, then ask for its `app`."""

    def __init__(
        self,
        schema: Schema,
        settings: Settings,
        *,
        streams: Sequence[StreamSpec] = (),
        buckets: Sequence[BucketSpec] = (),
        http: AsgiApp | None = None,
    ) -> None:
        self.name = name = schema.name
        self.schema = schema
        self.settings = settings
        credentials = settings.credentials(inbox_of(name))
        self.nats = Nats(settings.nats_url, name, credentials=credentials)
        self.database = Database(settings.login, name)
        self.member = Membership(self.database, settings.member)
        self.clock: Clock = make_clock(settings, self.database)
        # Its own connection: a command waiting for its answer must not wait behind a batch.
        answers = settings.credentials(commands_inbox_of(name))
        commands = Nats(settings.nats_url, f"{name}-commands", credentials=answers)
        self.broker = CommandBroker(commands, _STOP_LIMIT_S)
        self.http = http
        self._streams = streams
        self._buckets = buckets
        self.readers: list[Reader[Any]] = []
        self.relays: list[Relay] = []
        self.tasks: dict[str, Callable[[], Awaitable[None]]] = {}
        self.checks: dict[str, Callable[[], bool]] = {}
        self.references: dict[str, tuple[Callable[[], Awaitable[None]], Callable[[], bool]]] = {}
        self.backlog = Backlog(self.readers, self.nats)
        self.looks: dict[str, Look] = {
            "backlog": self.backlog.look,
            "quarantine": looks.quarantined(self.database, self.readers),
            "relays": looks.unpublished(self.relays),
        }
        self._certificates = soonest_end(settings.nats_url, credentials)
        self.started = asyncio.Event()
        self._leaving = False
        self._running: list[asyncio.Task[None]] = []

    def reader(
        self,
        name: str,
        source: Source,
        handler: Handler[Any],
        *,
        on_commit: Callable[[], None] = lambda: None,
        batch: int = 4000,
        traced_as: str = "handle",
        pipelined: bool = True,
    ) -> Reader[Any]:
        """Read `source` for as long as the service lives; `traced_as`: what it does, in traces, "" for no trace."""
        reader = Reader(
            name,
            source,
            handler,
            nats=self.nats,
            database=self.database,
            member=self.member,
            on_commit=on_commit,
            batch=batch,
            traced_as=f"{self.name}.{traced_as}" if traced_as else "",
            pipelined=pipelined,
        )
        return self.add_reader(reader)

    def relay(self, stream: str, log: Journal) -> Relay:
        """Publish `log` on `stream` for as long as the service lives."""
        relay = Relay(stream, log, nats=self.nats, member=self.member)
        self.add_relay(relay)
        return relay

    def add_reader(self, reader: Reader[Any]) -> Reader[Any]:
        """Run this reader for as long as the service lives."""
        self.readers.append(reader)
        self.add_task(f"reader {reader.name}", reader.run)
        self.add_check(f"reader {reader.name} moves", lambda: reader.moving)
        return reader

    def add_relay(self, relay: Relay) -> None:
        """Run this relay for as long as the service lives."""
        self.relays.append(relay)
        self.add_task(f"relay {relay.stream}", relay.run)
        self.add_check(_ahead(relay), lambda: not relay.ahead)

    def add_task(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run this for as long as the service; if it ends by an error, so does the process."""
        self.tasks[name] = run

    def add_check(self, name: str, holds: Callable[[], bool]) -> None:
        """A further condition of readiness."""
        self.checks[name] = holds

    def add_reference(self, bucket: BucketSpec, run: Callable[[], Awaitable[None]], loaded: Callable[[], bool]) -> None:
        """Keep what `bucket` holds in memory by `run`, and be ready once it was read; a replay waits for it too."""
        self.references[bucket.name] = run, loaded
        self.add_task(bucket.name.lower(), run)
        self.add_check(f"the {bucket.name.lower()} is read", loaded)

    def add_look(self, name: str, look: Look) -> None:
        """Show on /metrics what this finds, every few seconds."""
        self.looks[name] = look

    def app(self) -> Doors:
        """The ASGI application: /live, /ready, /metrics, and `http` for every other path."""
        application = Doors(
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
        application.started = self.started
        return application

    @asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        # Beside the doors, not before them: a probe must have its answer while a server is not there yet.
        self._running = [asyncio.create_task(self._watched("start", self._start))]
        try:
            yield
        finally:
            self.started.clear()
            for task in self._running:
                task.cancel()
            await asyncio.wait(self._running, timeout=self.settings.stop_limit_s)
            await self.nats.close()
            await asyncio.to_thread(self.database.close)
            log.info("service.stopped")

    async def _start(self) -> None:
        """Begin to work as soon as the servers are there, provisioned as declared; never before."""
        await self.nats.connect()
        told: list[str] = []
        while missing := [*await self._missing(), *await self._ahead()]:
            if missing != told:
                log.error("service.waits", missing=missing)
            told = missing
            await asyncio.sleep(_LOOK_AGAIN_S)
        self._running += [asyncio.create_task(self._watched(name, run), name=name) for name, run in self.tasks.items()]
        self._running += [asyncio.create_task(keep_looking(self.name, *each)) for each in self.looks.items()]
        certificates = keep_looking(self.name, "certificates", self._certificates, seldom=True)
        self._running.append(asyncio.create_task(certificates))
        self.started.set()
        log.info("service.started", tasks=list(self.tasks))

    async def _ahead(self) -> list[str]:
        """Which of our streams hold what our logs do not: nothing must be recorded before that is settled."""
        found = []
        for relay in self.relays:
            try:
                await relay.check()
            except Ahead:
                found.append(_ahead(relay))
            except _AWAY as error:
                found.append(conditions.told(error))
        return found

    async def _missing(self) -> list[str]:
        """What the servers lack for us to work."""
        database = asyncio.to_thread(conditions.of_database, self.database, self.schema)
        return [*await conditions.of_nats(self.nats, self._streams, self._buckets), *await database]

    async def _watched(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        try:
            await run()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  (a service with a dead task looks alive and is not)
            log.error("service.task_died", exc=error, task=name)
            os._exit(70)

    def leave(self) -> None:
        """Told to stop: no longer ready, partitions and streams given to others, no further command heard."""
        self._leaving = True
        log.info("service.leaving")
        for task in self._running:
            if task.get_name().startswith(("reader ", "relay ")):
                task.cancel()
        self._running.append(asyncio.create_task(self._hear_no_more()))

    async def _hear_no_more(self) -> None:
        """What was heard is still answered. Left to itself, the broker drops what comes before it unsubscribes."""
        for subscriber in self.broker.subscribers:
            subscription = getattr(subscriber, "subscription", None)
            if subscription is not None:
                with contextlib.suppress(nats.errors.Error, TimeoutError):
                    await asyncio.wait_for(subscription.drain(), _STOP_LIMIT_S)
                subscriber.subscription = None  # type: ignore[attr-defined]

    async def _live(self, scope: Any) -> AsgiResponse:
        return AsgiResponse(b"live\n", 200)

    async def _ready(self, scope: Any) -> AsgiResponse:
        """Ready: connected, provisioned as declared, readers moving. The body says what is missing."""
        missing = await self.not_ready()
        return AsgiResponse(("\n".join(missing) or "ready").encode() + b"\n", 503 if missing else 200)

    async def not_ready(self) -> list[str]:
        """What keeps the service from being ready, and what to do about it; empty when it is."""
        if self._leaving:
            return ["leaving"]
        missing = await self._missing()
        if not self.started.is_set():
            return [*missing, *(_ahead(relay) for relay in self.relays if relay.ahead)] or ["starting"]
        missing += [name for name, holds in self.checks.items() if not holds()]
        troubles = [each.trouble for each in self.readers] + [each.trouble for each in self.relays]
        missing += [trouble for trouble in troubles if trouble]
        if self.nats.connected and not await self.broker.ping(1.0):
            missing.append("commands are not listened to: is NATS_URL right for the commands too?")
        return list(dict.fromkeys(missing))


def _ahead(relay: Relay) -> str:
    return f"stream {relay.stream} is ahead of its log: {REMEDY}"


def run(service: Service, listener: socket.socket) -> None:
    """Serve on `listener` until SIGTERM: leave, stop taking requests, finish the batch in hand, close."""
    logs.configure(service.name, service.settings.log_level)
    tracing.configure(service.name, logs.VERSION)
    tune()
    service.tasks["tidy"] = keep_tidy
    config = uvicorn.Config(
        service.app(),
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=_STOP_LIMIT_S,
    )
    server = LeavingServer(config, service.leave, service.settings.leave_s)
    server.run(sockets=[listener])
    tracing.stop()
    if not server.started:
        sys.exit(_NOT_STARTED)
