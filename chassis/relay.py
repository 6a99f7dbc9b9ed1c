"""The relay: a log becomes a stream, in order, nothing lost, nothing twice, with no state of its own.

Each window says which sequence it expects before it, and each message carries its log position as message id.
Where the stream ends therefore tells where to go on, and a second or paused relay is refused instead of
publishing twice or out of order.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import RawStreamMsg
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from chassis import metrics
from chassis.agreement import REMEDY, Ahead, agrees, position_of
from chassis.conditions import IS_IT_FULL, REFUSED, told
from chassis.database import TRANSIENT
from chassis.leases import Leases
from chassis.logs import Log as Logger
from chassis.membership import Membership
from chassis.nats import Nats
from chassis.stopping import heed_cancel
from chassis.window import LARGEST, ChainBroken, Outgoing, send
from contracts.streams import wake_of

log = Logger("relay")

_POLL_S = (0.5, 3.5)
_QUIET_AFTER_S = 30
"""Without a message for so long, the log is looked at more rarely: whoever writes here wakes us, only others do not."""

_LOOK_AFTER_S = 10
"""Without a message for so long, and after a reconnection, we look whether the stream still ends where we left it.

A stream that is short is filled again from then on: readers must be more patient than this, and than the lease's round.
"""

PACE_S = 0.005
"""Between two windows that are not full: each costs the server, and whoever reads, much the same whatever it holds."""

_MEETINGS = 3
"""Broken so often in a row, it is not another relay that we met, nor a stream that was made again."""

_UNDER_WAY = 2
_AHEAD_S = 2.0
_BACKOFF_S = (0.05, 2.0)


@dataclass(frozen=True, slots=True)
class Page:
    """What a log holds after a position; `scanned_to` may be past the last message."""

    messages: Sequence[Outgoing]
    scanned_to: int
    more: bool


class Log(Protocol):
    """Something that grows at its end only, in commit order."""

    def read(self, after: int, limit: int) -> Page:
        """What comes next after position `after`, at most `limit` entries. Called in a thread."""
        ...

    def count(self, after: int) -> int:
        """How many messages come after position `after`. Called in a thread."""
        ...

    def end(self) -> int | None:
        """The position of its last entry; None when entries are removed once they are published."""
        ...

    def entry(self, position: int) -> Outgoing | None:
        """The message of this position, None when it has none. Raises LookupError when entries move."""
        ...


_BEGIN_AGAIN: tuple[type[BaseException], ...] = (
    *TRANSIENT,
    ChainBroken,
    nats.errors.Error,
    JetStreamError,
    TimeoutError,
    ValueError,
)


class Relay:
    """Publishes a log on the stream it alone feeds."""

    def __init__(self, stream: str, log: Log, *, nats: Nats, member: Membership) -> None:
        self.stream = stream
        self.log = log
        self._nats = nats
        self._leases = Leases(member, f"relay:{stream}", 1)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"relay-{stream}")
        self._woken = asyncio.Event()
        self._sending = asyncio.Lock()  # a window is on the wire whole before the next one begins
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = wake_of(nats.inbox, stream)
        self._hearing: Subscription | None = None
        self._telling: asyncio.Future[None] | None = None
        self._publishes = False
        self._batches = False
        self.trouble = ""  # what keeps it from publishing, for people
        self._breaks = 0  # of the chain, one after the other
        self.published: int | None = None  # log position, while it is this process that publishes
        self.ahead = False

    def wake(self) -> None:
        """There is something new in the log. May be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if self._publishes:
            self._woken.set()
        else:
            self._telling = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        """Whichever replica publishes would find it by itself, but some seconds later."""
        with contextlib.suppress(nats.errors.Error, OSError):
            await self._nats.client.publish(self._news, b"")

    async def _told(self, _: Msg) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Publish for ever. Cancel to stop."""
        self._loop = asyncio.get_running_loop()
        pause = _BACKOFF_S[0]
        try:
            while True:
                heed_cancel()
                try:
                    await self._session()
                    pause = _BACKOFF_S[0]
                except Ahead:
                    log.error("relay.stream_ahead", stream=self.stream, remedy=REMEDY)
                    await asyncio.sleep(_AHEAD_S)
                except _BEGIN_AGAIN as error:
                    self._is_unwell(error)
                    metrics.RELAY_BREAKS.labels(self.stream).inc()
                    log.warning("relay.begins_again", stream=self.stream, cause=type(error).__name__)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _BACKOFF_S[1])
        finally:
            await self._stop()

    def _is_unwell(self, error: BaseException) -> None:
        """A server whose volume is full may take what it could not write for a duplicate, and name another place."""
        if not isinstance(error, ChainBroken):
            self._breaks, self.trouble = 0, f"{self.stream}: {told(error)}"
            return
        self._breaks += 1
        if self._breaks > _MEETINGS:
            self.trouble = f"{self.stream}: {REFUSED}: {IS_IT_FULL}"

    def _is_well(self, published: int | None) -> None:
        self.published, self.trouble, self._breaks = published, "", 0

    async def _stop(self) -> None:
        try:
            await asyncio.shield(self._call(self._leases.release))
        except TRANSIENT:
            log.warning("relay.lease_not_released", stream=self.stream)
        self._thread.shutdown(wait=False)

    async def _call(self, work: Callable[..., Any], *args: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    async def _session(self) -> None:
        self._publishes = bool(await self._call(self._leases.claim))
        if not self._publishes:
            self._is_well(None)  # another has it to publish, and the servers answer
            await asyncio.sleep(self._leases.due_in_s)
            return
        if self._hearing is None:
            self._hearing = await self._nats.client.subscribe(self._news, cb=self._told)
        looked, connection = time.monotonic(), self._nats.connections
        spoke = looked
        await self.check()
        seq, after = await self.tail()
        self.published = after  # known from now on, also while nothing can be published
        sent: deque[asyncio.Task[None]] = deque()
        # Of a chain the server answers the last alone, which it refuses for what became of the first: that goes alone.
        limit = 1
        try:
            while True:
                heed_cancel()
                self._woken.clear()
                page: Page = await self._call(self.log.read, after, limit)
                if page.messages:
                    # While the server writes this window, the next one is read and sent: it says what it expects.
                    sent.append(asyncio.create_task(self._carry(page, seq)))
                    seq += len(page.messages)
                    spoke = time.monotonic()
                elif not sent:
                    self._is_well(page.scanned_to)
                after, limit = page.scanned_to, LARGEST
                await self._settle(sent, _UNDER_WAY - 1)
                if not self._leases.due_in_s:
                    if not (self._leases.unchanged() or await self._call(self._leases.claim)):
                        return
                    if self._nats.connections != connection or time.monotonic() - max(spoke, looked) > _LOOK_AFTER_S:
                        await self._settle(sent, 0)
                        looked, connection = time.monotonic(), self._nats.connections
                        await self._check_end(seq)
                if not page.more:
                    await self._rest(page, spoke)
        finally:
            await self._drop(sent)

    async def _rest(self, page: Page, spoke: float) -> None:
        """Until there may be more to publish."""
        if page.messages:
            await asyncio.sleep(PACE_S)
        poll_s = _POLL_S[time.monotonic() - spoke > _QUIET_AFTER_S]
        await self._wait(min(poll_s, self._leases.due_in_s))  # a lease that is due wakes us once for both

    async def _drop(self, sent: "deque[asyncio.Task[None]]") -> None:
        for window in sent:
            window.cancel()
        await asyncio.gather(*sent, return_exceptions=True)

    async def _carry(self, page: Page, seq: int) -> None:
        try:
            await self.publish(page.messages, seq)
        except BaseException:
            self._woken.set()
            raise
        self._is_well(page.scanned_to)

    async def _settle(self, sent: "deque[asyncio.Task[None]]", at_most: int) -> None:
        """Wait until `at_most` windows are under way. Raises what became of one that is not there."""
        while sent and (len(sent) > at_most or sent[0].done()):
            await sent[0]
            sent.popleft()

    async def _check_end(self, seq: int) -> None:
        """With nothing to publish, nothing else would tell us that the stream was lost and must be made again."""
        if (await self._nats.js.stream_info(self.stream)).state.last_seq != seq:
            raise ChainBroken

    async def _wait(self, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                await self._woken.wait()
        except TimeoutError:
            return

    async def check(self) -> None:
        """Look whether the end of the stream is in the log. Raises Ahead, and remembers it in `ahead`."""
        _, message = await self._end()
        self.ahead = message is not None and not await self._call(agrees, self.log, message)
        if self.ahead:
            raise Ahead

    async def tail(self) -> tuple[int, int]:
        """The stream's last sequence, and the log position of the last message we published (0 when it holds none)."""
        last, message = await self._end()
        return last, position_of(message) if message else 0

    async def _end(self) -> tuple[int, RawStreamMsg | None]:
        info = await self._nats.js.stream_info(self.stream)
        self._batches = bool(info.config.allow_atomic)
        state, last = info.state, int(info.state.last_seq)
        for seq in range(last, max(int(state.first_seq), 1) - 1, -1):
            try:
                message = await self._nats.js.get_msg(self.stream, seq)
            except NotFoundError:
                continue  # taken out by hand: it is published again
            if position_of(message):
                return last, message
            log.error("relay.foreign_message", stream=self.stream, seq=seq)
        return last, None

    async def publish(self, messages: Sequence[Outgoing], seq: int) -> int:
        """Append `messages` after sequence `seq`; return the new last one. Raises ChainBroken."""
        async with self._sending:
            stored = await send(self._nats, messages, seq, batches=self._batches)
        last = await stored
        metrics.PUBLISHED.labels(self.stream).inc(len(messages))
        return last
