"""The connection to NATS: never gives up, never goes on in silence."""

import asyncio
import base64
import contextlib
import math
import os
import random
import ssl
from collections.abc import Callable

import nats.errors
from nats.aio.client import Client, Srv
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext

from chassis.credentials import Credentials, CredentialsUnusable, public_key_of
from chassis.flow import Flow, FlowParser
from chassis.logs import Log

log = Log("nats")

_DRAIN_LIMIT_S = 5
_ASK_AGAIN_S = 0.05
_LOOK_FOR_A_NEW_KEY_S = (5.0, 15.0)  # not the same for all: replicas should not be away together
_NOT_ALLOWED, _NOT_KNOWN = "permissions violation", "authorization violation"


class NatsClient(Client):
    """The library's client, with a short way in for flows, and credentials that are read at each connection.

    `refused` is kept by `connect_once`: what the server did not allow, which the library raises nowhere.
    """

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._ps = self.parser = FlowParser(self)
        self._credentials = credentials
        self._seed = b""
        self.refused = ""

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """Made anew for each connection: the authorities may have changed."""
        context: ssl.SSLContext = self._credentials.tls() or super().ssl_context
        return context

    def _connect_command(self) -> bytes:
        if self._credentials.ca_file and not self._server_info.get("tls_required"):
            # Whoever sits between us and the server could have struck the offer out of its greeting.
            raise CredentialsUnusable("NATS_CA_FILE is set but the server offers no TLS: turn it on there, or unset it")
        pair = self._credentials.key()
        if pair:
            self._auth_configured = True
            self._public_nkey, self._seed = public_key_of(pair), bytes(pair.seed)
            self._signature_cb = lambda nonce: base64.b64encode(pair.sign(nonce.encode()))
        command: bytes = super()._connect_command()
        return command

    async def _connect_to_server(self, s: Srv) -> None:
        try:
            await super()._connect_to_server(s)
        except Exception:
            # `asyncio.wait_for`, before Python 3.12, answers a cancellation with the refusal that came in the same
            # moment; the library would then try for ever, and whoever cancelled would wait for ever.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError from None
            raise

    async def send_frames(self, frames: bytes) -> None:
        """Send whole frames, as the server reads them, in one piece. Raises ConnectionClosedError."""
        if self.is_closed:
            raise nats.errors.ConnectionClosedError
        await self._send_command(frames)
        await self._flush_pending()

    async def _process_err(self, err_msg: str) -> None:
        if _NOT_KNOWN in err_msg and self._has_new_key():
            # Our former key was struck off before we noticed that there is another one.
            await self._process_op_err(nats.errors.AuthorizationError())
        else:
            await super()._process_err(err_msg)

    async def keep_refusal(self, error: Exception) -> None:
        """Remember in `refused` what trying again cannot mend; the library would print a traceback."""
        self.refused = self.refused or refusal(error, self._credentials)

    async def follow_key(self) -> None:
        """Connect again, as whoever the file says now, each time it changes. Cancel to stop."""
        while True:
            await asyncio.sleep(random.uniform(*_LOOK_FOR_A_NEW_KEY_S))  # noqa: S311
            if self.is_connected and self._has_new_key():
                log.info("nats.key_changed")
                await self.force_reconnect()

    def _has_new_key(self) -> bool:
        try:
            if self._credentials.seed() == self._seed:
                return False  # without working out the key, which takes longer than all else of a quiet second
            return self._credentials.public_key() not in ("", self._public_nkey)
        except CredentialsUnusable:
            return False  # being written: said at the next connection if it stays so


def _end_process() -> None:
    # A closed or forbidden connection cannot mend itself; a fresh process can.
    os._exit(70)


class Nats:
    """A connection and its JetStream context. `url` may name several servers, separated by commas.

    The client reconnects for ever; being closed by the library, or refused a subject, ends the process.
    `connections` counts them: whoever relies on one connection sees that it was replaced.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        credentials: Credentials = Credentials(),  # noqa: B008  (it cannot change)
        fatal: Callable[[], None] = _end_process,
    ) -> None:
        self.url = url
        self._name = name
        self.credentials = credentials
        self._fatal = fatal
        self._closing = False
        self._begun = False
        self._following: asyncio.Task[None] | None = None
        self.connections = 0
        self.client = NatsClient(credentials)
        self.js: JetStreamContext = self.client.jetstream(timeout=5)

    async def connect(self) -> None:
        """Connect, waiting as long as it takes."""
        self._begun = True
        await self.client.connect(
            self.url.split(","),
            name=self._name,
            inbox_prefix=self.credentials.inbox,
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
        if self.credentials.nkey_file:
            self._following = asyncio.create_task(self.client.follow_key())

    @property
    def connected(self) -> bool:
        """Whether the server is there now."""
        return bool(self.client.is_connected)

    @property
    def inbox(self) -> str:
        """Under what this service alone listens, all its replicas alike."""
        return self.credentials.inbox

    async def flow(self, subject: str, flow: Flow) -> Subscription:
        """Have every message on `subject` arrive in `flow`, as it is read from the socket."""
        subscription = await self.client.subscribe(subject, cb=_nowhere)
        self.client.parser.flows[str(subscription._id).encode()] = flow  # noqa: SLF001  (its number on the wire)
        return subscription

    async def end_flow(self, subscription: Subscription) -> None:
        """No more of it."""
        self.client.parser.flows.pop(str(subscription._id).encode(), None)  # noqa: SLF001
        if self.connected:
            await subscription.unsubscribe()

    def closing(self) -> None:
        """From now on, being closed is what is wanted."""
        self._closing = True
        if self._following:
            self._following.cancel()

    async def close(self) -> None:
        """Send what is buffered and close; nothing to do where nobody ever connected."""
        self.closing()
        if self.client.is_connected:
            try:
                await asyncio.wait_for(self.client.flush(), _DRAIN_LIMIT_S)
            except (TimeoutError, nats.errors.Error):
                log.warning("nats.flush_failed_at_close")
        if self._begun and not self.client.is_closed:
            with contextlib.suppress(OSError):  # the library sends once more on a connection that may be gone
                await self.client.close()

    async def _on_error(self, error: Exception) -> None:
        refused = refusal(error, self.credentials)
        if refused:
            log.error("nats.refused", connection=self._name, what=refused)
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


def refusal(error: Exception, credentials: Credentials) -> str:
    """What is wrong and what to do, if trying again cannot help; otherwise an empty string.

    The library would try again for ever with a key that is not right, and says nothing of a forbidden subject.
    """
    text = str(error)
    if isinstance(error, CredentialsUnusable):
        return text
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{error.verify_message}: is NATS_CA_FILE the server's authority, and its name the one in NATS_URL?"
    if _NOT_ALLOWED in text.lower():
        # The text names the subject: subjects are ours, and name nobody.
        return f"{text}: is NATS_NKEY_FILE this service's own, and the server's authorization.conf of this version?"
    if _NOT_KNOWN in text.lower():
        if credentials.nkey_file:
            return f"the server does not know {_key_of(credentials)}: is NATS_NKEY_FILE right, and that in keys.conf?"
        return "the server asks who we are: set NATS_NKEY_FILE, or give NATS_URL a user and a password"
    return ""


def _key_of(credentials: Credentials) -> str:
    """Which key was refused, by the half that everybody may know."""
    try:
        return f"the key {credentials.public_key()}"
    except CredentialsUnusable:
        return "this key"  # it has changed since


async def connect_once(
    url: str,
    name: str,
    limit_s: float = 3.0,
    *,
    credentials: Credentials = Credentials(),  # noqa: B008  (it cannot change)
) -> NatsClient:
    """A connection for one errand: fails within `limit_s` seconds rather than waiting for the server.

    Raises TimeoutError, OSError or a nats error. Left to itself the library tries for two minutes.
    """
    async with asyncio.timeout(limit_s):
        while True:
            client = NatsClient(credentials)
            try:
                await client.connect(
                    url.split(","),
                    name=name,
                    inbox_prefix=credentials.inbox,
                    allow_reconnect=False,
                    connect_timeout=math.ceil(limit_s),
                    error_cb=client.keep_refusal,
                )
            except (ConnectionResetError, BrokenPipeError):
                # The server hangs up on whom it does not know, at times before we have read why.
                await asyncio.sleep(_ASK_AGAIN_S)
            else:
                return client


async def _nowhere(_: Msg) -> None:
    """Messages of a flow never come this way."""
