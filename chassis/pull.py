"""A JetStream consumer that keeps no position of its own: it starts where we say and we check it skips nothing.

Under nats-py's `fetch` lies one `wait_for` for each message; here messages are only appended to a list.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import nats.errors
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import Error as JetStreamError

from chassis.flow import Flow
from chassis.messages import Message
from chassis.nats import Nats

_EXPIRES_S = 10
_SILENCE_S = 12
_PACE_S = 0.010
"""Between two batches that are not full: a transaction for each handful would cost more than this wait."""

_INACTIVE_S = 30


class Interrupted(Exception):
    """What we were being sent cannot be relied on any more: open again from the recorded position."""


def _count(reply: bytes) -> tuple[int, int]:
    """Of an ack subject: how many messages the consumer had sent with this one, and how many come after it."""
    tokens = reply.split(b".")
    at = 6 if len(tokens) == 9 else 8
    return int(tokens[at]), int(tokens[at + 2])


class Pull:
    """An ordered flow of messages of one stream, from `after` + 1 on; no more than `at_most` of them."""

    def __init__(
        self, nats: Nats, stream: str, filters: Sequence[str], after: int, batch: int, at_most: int = sys.maxsize
    ) -> None:
        self._nats = nats
        self._stream = stream
        self._filters = list(filters)
        self._after = after
        self._batch = batch
        self._unasked = at_most
        self._flow = Flow(self._came, self._told)
        self._asking: asyncio.Future[None] | None = None
        self._taken = 0
        self._asked = 0  # received so far, and what is still to come of our last request
        self._news = asyncio.Event()
        self._broken: str | None = None
        self._paced = 0.0
        self.pending = 0

    async def __aenter__(self) -> "Pull":
        js = self._nats.js
        self._connection = self._nats.connections
        one = len(self._filters) == 1
        info = await js.add_consumer(
            self._stream,
            ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=self._after + 1,
                ack_policy=AckPolicy.NONE,
                filter_subject=self._filters[0] if one else None,
                filter_subjects=None if one else self._filters,
                inactive_threshold=_INACTIVE_S,
                mem_storage=True,
                num_replicas=1,
                max_waiting=8,
            ),
        )
        self._consumer = info.name
        self._inbox = self._nats.client.new_inbox()
        self._subscription = await self._nats.flow(self._inbox, self._flow)
        await self._ask()
        return self

    async def __aexit__(self, *_: object) -> None:
        # Without an answer the server removes an idle consumer by itself.
        with contextlib.suppress(nats.errors.Error, JetStreamError, TimeoutError, OSError):
            await self._nats.end_flow(self._subscription)
            if self._nats.connected:
                await self._nats.js.delete_consumer(self._stream, self._consumer)

    async def next(self, wait_s: float, busy: "asyncio.Future[Any] | None" = None) -> list[Message]:
        """What has arrived, up to the batch size, in order; empty after `wait_s` seconds without any.

        `busy`: what the messages would have to wait for anyway; those that arrive meanwhile, within
        `wait_s`, come with them.
        Raises Interrupted when the connection changed, the consumer is gone or a sequence is missing.
        """
        until = time.monotonic() + wait_s
        arrived = self._flow.arrived
        if not arrived and not self._broken:
            self._news.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            except TimeoutError:
                self._check_silence()
        if arrived:
            await self._gather(busy, until)
        self._paced = time.monotonic() + _PACE_S
        if self._nats.connections != self._connection:
            raise Interrupted("reconnected")
        if self._broken:
            raise Interrupted(self._broken)
        sent, left = _count(self._flow.latest) if arrived else (self._received, 0)
        if not self._all_came(sent):
            # Messages pushed to a lost connection are gone for this consumer: later ones would come first.
            raise Interrupted("a message is missing")
        taken = arrived[: self._batch]
        del arrived[: self._batch]
        self._taken += len(taken)
        if self._awaited <= 0:
            await self._ask()
        self.pending = left + len(arrived)
        return taken

    @property
    def _received(self) -> int:
        return self._taken + len(self._flow.arrived)

    @property
    def _awaited(self) -> int:
        return self._asked - self._received

    def _all_came(self, sent: int) -> bool:
        return sent == self._received

    async def _gather(self, busy: "asyncio.Future[Any] | None", until: float) -> None:
        if len(self._flow.arrived) < self._batch:
            await asyncio.sleep(self._paced - time.monotonic())
        while busy and not busy.done() and len(self._flow.arrived) < self._batch and time.monotonic() < until:
            await asyncio.wait((busy,), timeout=_PACE_S)

    def _came(self) -> None:
        if not self._awaited and len(self._flow.arrived) <= self._batch:
            self._ask_soon()
        self._news.set()

    def _told(self, header: bytes) -> None:
        """The server says something about the request itself."""
        status = header.split(b"\r\n", 1)[0].removeprefix(b"NATS/1.0").strip()
        self._heard = asyncio.get_running_loop().time()
        if status.startswith((b"404", b"408")) or (status.startswith(b"409") and b"Exceeded" in status):
            self._unasked += self._awaited
            self._ask_soon()
        else:
            self._broken = f"consumer status {status[:3].decode()}"

    def _ask_soon(self) -> None:
        # Counted before it is sent: who asked meanwhile would leave a request too many, and each such one for ever.
        self._asking = asyncio.ensure_future(self._request(self._next_awaited()))

    async def _ask(self) -> None:
        await self._request(self._next_awaited())

    def _next_awaited(self) -> int:
        more = min(self._batch, self._unasked)
        self._unasked -= more
        self._asked = self._received + more
        return more

    async def _request(self, messages: int) -> None:
        if not messages:
            return
        self._heard = asyncio.get_running_loop().time()
        request: dict[str, Any] = {"batch": messages, "expires": _EXPIRES_S * 1_000_000_000}
        # A request that cannot be sent is not answered: that shows as silence, or as another connection.
        with contextlib.suppress(nats.errors.Error, OSError):
            await self._nats.client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}",
                json.dumps(request).encode(),
                reply=self._inbox,
            )

    def _check_silence(self) -> None:
        if asyncio.get_running_loop().time() - self._heard > _SILENCE_S:
            raise Interrupted("the server is silent")
