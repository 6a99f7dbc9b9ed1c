"""Reference data at hand: a key-value bucket held in memory, read again whenever it changed."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo

from chassis.logs import Log
from chassis.nats import Nats

log = Log("reference")

T = TypeVar("T")

_EVERY_S, _AWAY_S = 10.0, 2.0
_CONNECTED_STILL_S = 2.5
_GATHER_S = 1.0
"""Changes come by the thousand: after the first, so long until they are read."""

SEEN_S = 4.0
"""By then whoever heard of a change has read it: the last may come during a reading, and waits for the next."""

_BATCH = 1000
_FETCH_S = 5.0
_FORGET_CONSUMER_S = 30.0
_DELETED = ("KV-Operation", "Nats-Marker-Reason")  # by a client; by the server


class _IncompleteError(Exception):
    """Not all that the bucket holds arrived: the connection was lost on the way."""


class Reference(Generic[T]):
    """The present values of a bucket, by key, for any thread to read.

    A watcher would be the usual way, but those of nats-py do not survive a reconnection, and then
    stay silent. So a change is only heard of, by whoever is listening; the state of the bucket's stream is
    compared then, and now and then without being told. When it moved everything is read again: a whole
    directory is a few thousand small values.

    `decode` makes a value of a key and its bytes, and raises ValueError for one it cannot read:
    that one is left out and logged by its key. `on_change` is awaited after each reload.
    """

    def __init__(
        self,
        bucket: str,
        decode: Callable[[str, bytes], T],
        *,
        on_change: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.bucket = bucket
        self._decode = decode
        self._on_change = on_change
        self._values: Mapping[str, T] = MappingProxyType({})
        self._mark: tuple[object, ...] | None = None
        self._loaded = asyncio.Event()

    @property
    def loaded(self) -> bool:
        """Whether the bucket, be it empty, has been read once."""
        return self._loaded.is_set()

    async def wait_loaded(self) -> None:
        """Return once the bucket has been read."""
        await self._loaded.wait()

    def get(self, key: str) -> T | None:
        """The value of `key`, or None."""
        return self._values.get(key)

    def values(self) -> Collection[T]:
        """Every value, as they were at one moment; a later reload does not change what was returned."""
        return self._values.values()

    def snapshot(self) -> Mapping[str, T]:
        """Every value by its key, as they were at one moment."""
        return self._values

    async def run(self, connection: Nats) -> None:
        """Keep up with the bucket until cancelled; what was read stays readable while NATS is away."""
        news = asyncio.Event()
        hearing: Subscription | None = None
        lost = False

        async def heard(_: Msg) -> None:
            news.set()

        while True:
            news.clear()
            try:
                hearing = hearing or await connection.client.subscribe(f"$KV.{self.bucket}.>", cb=heard)
                await self.refresh(connection.js)
                lost = False
            except (nats.errors.Error, TimeoutError, _IncompleteError) as error:
                if not lost:
                    log.warning("reference.unreadable", bucket=self.bucket, kind=type(error).__name__)
                lost = True
            await _until(news, connection, _AWAY_S if lost else _EVERY_S)
            if news.is_set():
                await asyncio.sleep(_GATHER_S)

    async def refresh(self, js: JetStreamContext) -> bool:
        """Read the bucket if it changed since the last time; whether it had."""
        mark = _mark(await js.stream_info(self._stream))
        if mark == self._mark:
            return False
        # The mark was taken before reading: a change during the reading is seen the next time.
        self._values = MappingProxyType(self._decoded(await self._read(js)))
        self._mark = mark
        log.info("reference.loaded", bucket=self.bucket, values=len(self._values))
        if self._on_change:
            await self._on_change()
        self._loaded.set()
        return True

    @property
    def _stream(self) -> str:
        return f"KV_{self.bucket}"

    def _decoded(self, messages: list[Msg]) -> dict[str, T]:
        values: dict[str, T] = {}
        prefix = len(f"$KV.{self.bucket}.")
        for message in messages:
            key = message.subject[prefix:]
            values.pop(key, None)
            if any(mark in (message.headers or {}) for mark in _DELETED):
                continue
            try:
                values[key] = self._decode(key, message.data)
            except ValueError as error:
                log.warning("reference.value_left_out", key=key, kind=type(error).__name__)
        return values

    async def _read(self, js: JetStreamContext) -> list[Msg]:
        subscription = await js.pull_subscribe(
            f"$KV.{self.bucket}.>",
            stream=self._stream,
            config=ConsumerConfig(
                deliver_policy=DeliverPolicy.LAST_PER_SUBJECT,
                ack_policy=AckPolicy.NONE,
                inactive_threshold=_FORGET_CONSUMER_S,
                mem_storage=True,
                num_replicas=1,
            ),
        )
        try:
            return await _drain(subscription)
        finally:
            await subscription.unsubscribe()


async def _until(news: asyncio.Event, connection: Nats, limit_s: float) -> None:
    """Until there is news, or may have been some that nobody heard while the connection was lost; no longer."""
    before, end = connection.connections, time.monotonic() + limit_s
    while not news.is_set() and connection.connections == before and time.monotonic() < end:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CONNECTED_STILL_S):
                await news.wait()


async def _drain(subscription: JetStreamContext.PullSubscription) -> list[Msg]:
    """Everything the consumer holds now, in order and without a gap. Raises _IncompleteError."""
    messages: list[Msg] = []
    pending = (await subscription.consumer_info()).num_pending or 0
    while pending:
        try:
            arrived = await subscription.fetch(min(pending, _BATCH), timeout=_FETCH_S)
        except TimeoutError:  # what was pending may have been deleted meanwhile
            arrived = []
        for message in arrived:
            messages.append(message)
            if message.metadata.sequence.consumer != len(messages):
                raise _IncompleteError
        info = await subscription.consumer_info()
        if info.delivered is None or info.delivered.consumer_seq != len(messages):
            raise _IncompleteError
        pending = info.num_pending or 0
    return messages


def _mark(info: StreamInfo) -> tuple[object, ...]:
    """What changes when the bucket does; `created` tells a bucket that was made anew."""
    return (info.created, info.state.last_seq, info.state.messages, info.state.first_seq)
