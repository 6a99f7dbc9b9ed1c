"""The reader: every message of its partitions, in order, its effect exactly once, in batches.

One recovery serves every failure: begin again from the recorded position.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar

from nats.js.errors import NotFoundError

from chassis import membership, metrics, positions, tracing
from chassis.applying import BEGIN_AGAIN, Applying, Handler, Understood
from chassis.conditions import told
from chassis.database import TRANSIENT, Database
from chassis.leases import Leases
from chassis.logs import Log
from chassis.membership import Membership
from chassis.messages import Message, Unprocessable
from chassis.nats import Nats
from chassis.positions import Position
from chassis.pull import Interrupted, Pull
from chassis.recorder import VersionConflict
from chassis.source import Source
from chassis.stopping import heed_cancel

log = Log("reader")
T = TypeVar("T")
V = TypeVar("V")

_BACKOFF_S = (0.05, 2.0)
_WAIT_FOR_REBUILD_S = 20
"""For so long a stream that is shorter than what we read may begin to grow again: its relay looks every ten seconds."""

_STUCK_S = 60
_A_MOMENT_S = 1.0
_FEW = 50


def _already(value: V) -> "asyncio.Future[V]":
    done: asyncio.Future[V] = asyncio.get_running_loop().create_future()
    done.set_result(value)
    return done


def _heard(done: "asyncio.Future[Any]") -> None:
    """What became of a commit was heard of, even if we are told to stop before we ask: no error that nobody knows."""
    if not done.cancelled():
        done.exception()


def _fresh(understood: list[Understood[T]], held: dict[int, Position]) -> list[Understood[T]]:
    """Without what was handled: where partitions stand apart, what is behind some is read again for the others."""
    at = {partition: position.seq for partition, position in held.items()}
    if understood and understood[0][0].seq > max(at.values()):
        return understood
    # Of a partition that is not held nothing was understood: `Source.wants`.
    return [(message, item) for message, item in understood if message.seq > at[message.partition]]


class Reader(Generic[T]):
    """Reads its share of a stream's partitions for one service.

    `on_commit` is called, in the reader's thread, after each committed batch. `pipelined`: whether the handler can do
    without what `Database.pipelined` does without.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        handler: Handler[T],
        *,
        nats: Nats,
        database: Database,
        member: Membership,
        on_commit: Callable[[], None] = lambda: None,
        batch: int = 2000,
        traced_as: str = "",
        pipelined: bool = True,
    ) -> None:
        self.name = name
        self.source = source
        self.handler = handler
        self._nats = nats
        self._database = database
        self._leases = Leases(member, name, source.partitions)
        self._on_commit = on_commit
        self._batch = batch
        self._traced_as = traced_as
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._decoding = ThreadPoolExecutor(1, thread_name_prefix=f"{name}-decode")
        self._applying = Applying(name, source.stream, handler, database, traced=bool(traced_as), pipelined=pipelined)
        self._short: tuple[int, float] | None = None
        self._progress = self._renewed = time.monotonic()
        self._reading = False
        self.trouble = ""  # what keeps it from committing, for people
        self._behind = True
        self._pending = 0
        self.standing: dict[int, Position] = {}  # of the partitions it reads, as last committed

    @property
    def caught_up(self) -> bool:
        """Whether it has handled all there is."""
        return self._reading and self._nats.connected and not self._behind

    @property
    def keeps_up(self) -> bool:
        """Whether nothing waits but what it has in hand: the server had no more a moment ago."""
        lately = time.monotonic() - self._progress < _A_MOMENT_S
        return self._reading and self._nats.connected and not self._pending and lately

    @property
    def moving(self) -> bool:
        """Whether it reads and is not stuck: what readiness asks."""
        return self._reading and time.monotonic() - self._progress < _STUCK_S

    async def run(self) -> None:
        """Read for ever. Cancel to stop; what is being committed is let finish."""
        pause = _BACKOFF_S[0]
        try:
            while True:
                heed_cancel()
                started = time.monotonic()
                try:
                    await self._session()
                except BEGIN_AGAIN as error:
                    self._reading = False
                    await self._call(self.handler.forget)
                    if isinstance(error, TRANSIENT):
                        self.trouble = told(error)
                    metrics.RESTARTS.labels(self.name, type(error).__name__).inc()
                    log.warning("reader.begins_again", consumer=self.name, cause=type(error).__name__)
                    if time.monotonic() - started > _BACKOFF_S[1]:
                        pause = _BACKOFF_S[0]
                    if not isinstance(error, VersionConflict):
                        await asyncio.sleep(pause)
                        pause = min(2 * pause, _BACKOFF_S[1])
        finally:
            self._reading = False
            await self._stop()

    async def _stop(self) -> None:
        try:
            await asyncio.shield(self._call(self._leases.release))
        except TRANSIENT:
            log.warning("reader.lease_not_released", consumer=self.name)
        self._thread.shutdown(wait=False)
        self._decoding.shutdown(wait=False)

    def _call(self, work: Callable[..., Any], *args: object) -> "asyncio.Future[Any]":
        return asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    def _beside(self, work: Callable[..., Any]) -> "asyncio.Future[Any]":
        return asyncio.get_running_loop().run_in_executor(self._decoding, work)

    def _understand(
        self, messages: list[Message], wants: Callable[[str], bool]
    ) -> "asyncio.Future[list[Understood[T]]]":
        def understand() -> list[Understood[T]]:
            return [(each, self._understood(each)) for each in messages if wants(each.subject)]

        # Handing a few over to a thread and back would take longer than understanding them.
        return _already(understand()) if len(messages) < _FEW else self._beside(understand)

    def _understood(self, message: Message) -> T | Unprocessable:
        try:
            return self.handler.decode(message)
        except Unprocessable as error:
            return error
        except Exception as error:  # noqa: BLE001  (whatever one message provokes must not stop the others)
            log.error("reader.not_decoded", exc=error, **self._applying.which(message))
            return Unprocessable(type(error).__name__)

    async def _session(self) -> None:
        owned = await self._call(self._leases.claim)
        metrics.PARTITIONS.labels(self.name).set(len(owned))
        self._renewed = time.monotonic()
        if not owned:
            self._reading, self._progress, self.standing = True, self._renewed, {}
            self.trouble = ""  # others have it all to read, and the database answers
            await asyncio.sleep(self._leases.due_in_s)
            return
        held = await self._call(self._applying.begin, owned)
        self.standing = held = await self._same_stream(held)
        after = min(position.seq for position in held.values())
        async with Pull(self._nats, self.source.stream, self.source.asked(owned), after, self._batch) as pull:
            self._reading, self._progress, self._behind, self._pending = True, time.monotonic(), True, 1
            wants = lru_cache(maxsize=4096)(partial(self.source.wants, owned=owned))
            committing = _already(held)
            while True:
                heed_cancel()
                messages = await pull.next(self._leases.due_in_s, busy=committing)
                # While one batch waits for the database the next is received and understood.
                understood = await self._understand(messages, wants)
                held = await self._committed(committing)
                committing = self._call(self._commit, understood, messages[-1], held) if messages else _already(held)
                committing.add_done_callback(_heard)
                self._pending = pull.pending
                self._behind = bool(messages or pull.pending)
                if not self._behind:
                    self.trouble = ""
                self._progress = time.monotonic()
                if not self._leases.due_in_s:
                    self._renewed = time.monotonic()
                    committing = _already(await self._committed(committing))
                    still = self._leases.unchanged()
                    if (await self._call(self._leases.claim) if still is None else still) != owned:
                        # It goes on reading, of other partitions: of those it does not know yet what waits.
                        self._behind, self._pending = True, 1
                        await self._call(self.handler.forget)
                        return

    async def _committed(self, committing: "asyncio.Future[dict[int, Position]]") -> dict[int, Position]:
        """The outcome of a commit. A long one must not cost us our leases: another would do the same work again."""
        while not committing.done() and time.monotonic() - self._progress < _STUCK_S:
            due = self._renewed + membership.RENEW_EVERY_S - time.monotonic()
            await asyncio.wait((committing,), timeout=max(0.0, due))
            if not committing.done():
                self._renewed = time.monotonic()
                with contextlib.suppress(*TRANSIENT):
                    await self._beside(self._leases.renew)
        return await committing

    async def _same_stream(self, held: dict[int, Position]) -> dict[int, Position]:
        """Check that the stream still holds what we read; if it is another one, begin it anew.

        A stream rebuilt by its relay holds the same messages at the same sequences: a short one is
        given time to grow back. Handlers ignore what they have already seen, so beginning anew is
        slow, not wrong.
        """
        if not any(position.seq for position in held.values()):
            return held
        info = await self._nats.js.stream_info(self.source.stream)
        other = await self._another(held, info.state.first_seq, info.state.last_seq)
        if not other:
            self._short = None
            return held
        log.error("reader.stream_replaced", consumer=self.name, stream=self.source.stream)
        await self._call(self._restart_at_zero, held)
        return dict.fromkeys(held, Position(0, ""))

    async def _another(self, held: dict[int, Position], first: int, last: int) -> bool:
        if max(position.seq for position in held.values()) > last:
            if self._short is None or self._short[0] != last:  # it grows: its relay is at work
                self._short = (last, time.monotonic())
            if time.monotonic() - self._short[1] < _WAIT_FOR_REBUILD_S:
                raise Interrupted("the stream is shorter than what was read of it")
            return True
        for seq, msg_id in set(held.values()):
            if msg_id and seq >= first:
                try:
                    stored = await self._nats.js.get_msg(self.source.stream, seq)
                except NotFoundError:
                    continue  # removed by compaction or purge: no reason to doubt
                if (stored.headers or {}).get("Nats-Msg-Id", "") != msg_id:
                    return True
        return False

    def _restart_at_zero(self, held: dict[int, Position]) -> None:
        with self._database.transaction() as tx:
            positions.move(tx, self.name, held, Position(0, ""))

    def _commit(self, understood: list[Understood[T]], last: Message, held: dict[int, Position]) -> dict[int, Position]:
        to = Position(last.seq, last.msg_id)
        fresh = _fresh(understood, held)
        # A partition taken over may stand further on than the others: it must not be moved back.
        behind = {partition: position for partition, position in held.items() if position.seq < to.seq}
        started = time.perf_counter()
        self._applying.commit(fresh, behind, to)
        seconds = time.perf_counter() - started
        exemplar = tracing.handled(self._traced_as, self.source.stream, fresh, seconds)
        metrics.COMMIT.labels(self.name).observe(seconds, exemplar)
        metrics.BATCH.labels(self.name).observe(len(fresh))
        metrics.HANDLED.labels(self.name).inc(len(fresh))
        metrics.POSITION.labels(self.name).set(to.seq)
        self.trouble = ""
        self._on_commit()
        self.standing = held | dict.fromkeys(behind, to)
        return self.standing
