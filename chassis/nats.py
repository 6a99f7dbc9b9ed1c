"""The connection to NATS: never gives up, never goes on in silence."""

import asyncio
import contextlib
import os
from collections.abc import Callable

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext

from chassis.flow import FlowParser, Sink
from chassis.logs import Log

log = Log("nats")

_DRAIN_LIMIT_S = 5
# The library tries again for ever with a password that is not right any more, and says nothing of a forbidden subject.
_REFUSALS = ("permissions violation", "authorization violation")


class _Client(Client):
    """The library's client, with a short way in for flows."""

    def __init__(self) -> None:
        super().__init__()
        self._ps = self.parser = FlowParser(self)


def _end_process() -> None:
    # A closed or forbidden connection cannot mend itself; a fresh process can.
    os._exit(70)


class Nats:
    """A connection and its JetStream context. `url` may name several servers, separated by commas.

    The client reconnects for ever; being closed by the library, or refused a subject, ends the process.
    `connections` counts them: whoever relies on one connection sees that it was replaced.
    """

    def __init__(self, url: str, name: str, *, fatal: Callable[[], None] = _end_process) -> None:
        self._url = url
        self._name = name
        self._fatal = fatal
        self._closing = False
        self.connections = 0
        self.client = _Client()
        self.js: JetStreamContext = self.client.jetstream(timeout=5)

    async def connect(self) -> None:
        """Connect, waiting as long as it takes."""
        await self.client.connect(
            self._url.split(","),
            name=self._name,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            ping_interval=5,
            max_outstanding_pings=2,
            pending_size=8 * 1024 * 1024,
            error_cb=self._on_error,
            closed_cb=self._on_closed,
            disconnected_cb=self._on_disconnected,
            reconnected_cb=self._on_reconnected,
        )
        self.connections = 1

    @property
    def connected(self) -> bool:
        """Whether the server is there now."""
        return bool(self.client.is_connected)

    async def flow(self, subject: str, sink: Sink) -> Subscription:
        """Hand every message on `subject` to `sink`, as it is read from the socket."""
        subscription = await self.client.subscribe(subject, cb=_nowhere)
        self.client.parser.flows[str(subscription._id).encode()] = sink  # noqa: SLF001  (its number on the wire)
        return subscription

    async def end_flow(self, subscription: Subscription) -> None:
        """No more of it."""
        self.client.parser.flows.pop(str(subscription._id).encode(), None)  # noqa: SLF001
        if self.connected:
            await subscription.unsubscribe()

    async def close(self) -> None:
        """Send what is buffered and close."""
        self._closing = True
        if self.client.is_connected:
            try:
                await asyncio.wait_for(self.client.flush(), _DRAIN_LIMIT_S)
            except (TimeoutError, nats.errors.Error):
                log.warning("nats.flush_failed_at_close")
        if not self.client.is_closed:
            with contextlib.suppress(OSError):  # the library sends once more on a connection that may be gone
                await self.client.close()

    async def _on_error(self, error: Exception) -> None:
        text = str(error).lower()
        refused = next((what for what in _REFUSALS if what in text), "")
        if refused:
            log.error("nats.refused", what=refused)
            self._fatal()
        else:
            log.warning("nats.error", kind=type(error).__name__)

    async def _on_closed(self) -> None:
        if not self._closing:
            log.error("nats.closed_for_good")
            self._fatal()

    async def _on_disconnected(self) -> None:
        if not self._closing:
            log.warning("nats.disconnected")

    async def _on_reconnected(self) -> None:
        self.connections += 1
        log.info("nats.reconnected")


async def connect_once(url: str, name: str, limit_s: float = 3.0) -> Client:
    """A connection for one errand: fails within `limit_s` seconds rather than waiting for the server.

    Raises TimeoutError, OSError or a nats error. Left to itself the library tries for two minutes.
    """
    connecting = nats.connect(
        url.split(","), name=name, allow_reconnect=False, connect_timeout=limit_s, error_cb=_quiet
    )
    return await asyncio.wait_for(connecting, limit_s)


async def _nowhere(_: Msg) -> None:
    """Messages of a flow never come this way."""


async def _quiet(_: Exception) -> None:
    """The library would print a traceback for what becomes one line."""
