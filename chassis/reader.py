"""The reader: every message of its partitions, in order, its effect exactly once, in batches.

One recovery serves every failure: begin again from the recorded position.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import nats.errors
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from chassis import leases, metrics, positions, quarantine, tracing
from chassis.conditions import told
from chassis.database import TRANSIENT, Database, Transaction
from chassis.leases import Leases
from chassis.logs import Log
from chassis.messages import Message, Unprocessable
from chassis.nats import Nats
from chassis.positions import Fenced, Position
from chassis.pull import Interrupted, Pull
from chassis.recorder import VersionConflict
from chassis.stopping import heed_cancel

log = Log("reader")
T = TypeVar("T")

Understood = tuple[Message, T | Unprocessable]
"""A message, and what the handler makes of it."""

_PASSED_OVER = Unprocessable("not read here")

PARTITIONS = 16
_BACKOFF_S = (0.05, 2.0)
_WAIT_FOR_REBUILD_S = 15
_STUCK_S = 60
_BEGIN_AGAIN: tuple[type[BaseException], ...] = (
    *TRANSIENT,
    VersionConflict,
    Fenced,
    Interrupted,
    nats.errors.Error,
    JetStreamError,
    TimeoutError,
)


@dataclass(frozen=True)
class Source:
    """What to read: `<root>.<partition>.<fact>` of a stream; all facts when none is named.

    `sifted`: most of the stream is wanted, so all of it is asked for and other facts are passed over here. A server
    matches each message against each filter: several cost it more than a few messages too many cost us.
    """

    stream: str
    root: str
    facts: tuple[str, ...] = ()
    partitions: int = PARTITIONS
    sifted: bool = False

    @classmethod
    def plain(cls, stream: str, subject: str) -> "Source":
        """A stream without partitions, read as one."""
        return cls(stream, subject, partitions=1)

    def filters(self, owned: frozenset[int]) -> list[str]:
        """The subjects to ask for."""
        if self.partitions == 1:
            return [self.root]
        partitions = ["*"] if len(owned) == self.partitions else sorted(owned)
        facts = self.facts if self.facts and not self.sifted else ("*",)
        return [f"{self.root}.{partition}.{fact}" for partition in partitions for fact in facts]

    def wants(self, message: Message) -> bool:
        """Whether a message that was sent to us is one we read."""
        return not self.sifted or message.fact in self.facts


class Handler(Protocol[T]):
    """What a service does with messages. `handle` and `forget` are called in one thread, never twice at once."""

    def decode(self, message: Message) -> T:
        """The message as the service understands it: pure, for it may run beside `handle`. Raises Unprocessable."""
        ...

    def handle(self, tx: Transaction, items: Sequence[T]) -> None:
        """The effect of the whole batch, in order, in the batch's own transaction."""
        ...

    def forget(self) -> None:
        """The batch was not committed: drop what was remembered in memory."""
        ...


def _already(value: dict[int, Position]) -> "asyncio.Future[dict[int, Position]]":
    done: asyncio.Future[dict[int, Position]] = asyncio.get_running_loop().create_future()
    done.set_result(value)
    return done


class Reader(Generic[T]):
    """Reads its share of a stream's partitions for one service.

    `on_commit` is called, in the reader's thread, after each committed batch.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        handler: Handler[T],
        *,
        nats: Nats,
        database: Database,
        member: str = "one",
        on_commit: Callable[[], None] = lambda: None,
        batch: int = 2000,
        traced_as: str = "",
    ) -> None:
        self.name = name
        self.source = source
        self.handler = handler
        self._nats = nats
        self._database = database
        self._leases = Leases(database, name, member, source.partitions)
        self._on_commit = on_commit
        self._batch = batch
        self._traced_as = traced_as
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._decoding = ThreadPoolExecutor(1, thread_name_prefix=f"{name}-decode")
        self._held: set[str] = set()
        self._short: tuple[int, float] | None = None
        self._progress = time.monotonic()
        self._reading = False
        self.trouble = ""  # what keeps it from committing, for people
        self._behind = True
        self.standing: dict[int, Position] = {}  # of the partitions it reads, as last committed

    @property
    def caught_up(self) -> bool:
        """Whether it has handled all there is."""
        return self._reading and self._nats.connected and not self._behind

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
                except _BEGIN_AGAIN as error:
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
        finally:
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

    def _understand(self, messages: list[Message]) -> "asyncio.Future[list[Understood[T]]]":
        def each() -> list[Understood[T]]:
            wants = self.source.wants
            return [(message, self._understood(message) if wants(message) else _PASSED_OVER) for message in messages]

        return self._beside(each)

    def _understood(self, message: Message) -> T | Unprocessable:
        try:
            return self.handler.decode(message)
        except Unprocessable as error:
            return error
        except Exception as error:  # noqa: BLE001  (whatever one message provokes must not stop the others)
            log.error("reader.not_decoded", exc=error, **self._which(message))
            return Unprocessable(type(error).__name__)

    async def _session(self) -> None:
        owned = await self._call(self._leases.claim)
        metrics.PARTITIONS.labels(self.name).set(len(owned))
        renewed = time.monotonic()
        if not owned:
            self._reading, self._progress, self.standing = True, renewed, {}
            await asyncio.sleep(self._leases.again_in_s)
            return
        held = await self._call(self._begin, owned)
        self.standing = held = await self._same_stream(held)
        after = min(position.seq for position in held.values())
        async with Pull(self._nats, self.source.stream, self.source.filters(owned), after, self._batch) as pull:
            self._reading, self._progress, self._behind = True, time.monotonic(), True
            committing = _already(held)
            while True:
                heed_cancel()
                messages = await pull.next(wait_s=self._leases.again_in_s)
                # While one batch waits for the database the next is received and understood.
                understood = await self._understand(messages) if messages else []
                held = await self._committed(committing)
                committing = self._call(self._commit, understood, held) if understood else _already(held)
                self._behind = bool(understood or pull.pending)
                if not self._behind:
                    self.trouble = ""
                self._progress = time.monotonic()
                if time.monotonic() - renewed > self._leases.again_in_s:
                    renewed = time.monotonic()
                    committing = _already(await self._committed(committing))
                    if await self._call(self._leases.claim) != owned:
                        await self._call(self.handler.forget)
                        return

    async def _committed(self, committing: "asyncio.Future[dict[int, Position]]") -> dict[int, Position]:
        """The outcome of a commit. A long one must not cost us our leases: another would do the same work again."""
        while not committing.done() and time.monotonic() - self._progress < _STUCK_S:
            await asyncio.wait((committing,), timeout=leases.RENEW_EVERY_S)
            if not committing.done():
                with contextlib.suppress(*TRANSIENT):
                    await self._beside(self._leases.renew)
        return await committing

    def _begin(self, owned: frozenset[int]) -> dict[int, Position]:
        with self._database.transaction() as tx:
            self._held = quarantine.keys(tx, self.name)
            return positions.load(tx, self.name, owned)

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

    def _commit(self, messages: list[Understood[T]], held: dict[int, Position]) -> dict[int, Position]:
        last, _ = messages[-1]
        to = Position(last.seq, last.msg_id)
        fresh = [
            (message, item)
            for message, item in messages
            if message.partition in held and message.seq > held[message.partition].seq and item is not _PASSED_OVER
        ]
        # A partition taken over may stand further on than the others: it must not be moved back.
        behind = {partition: position for partition, position in held.items() if position.seq < to.seq}
        started = time.perf_counter()
        try:
            self._attempt(fresh, behind, to, self._together)
        except _BEGIN_AGAIN:
            raise
        except Exception as error:  # noqa: BLE001  (whatever one message provokes must not stop the others)
            log.error("reader.batch_failed", exc=error, consumer=self.name, messages=len(fresh))
            self.handler.forget()
            self._attempt(fresh, behind, to, self._one_by_one)
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

    def _attempt(
        self,
        fresh: list[Understood[T]],
        held: dict[int, Position],
        to: Position,
        handle: Callable[[Transaction, list[Understood[T]], set[str]], None],
    ) -> None:
        keys: set[str] = set()
        with self._database.transaction() as tx:
            if self._held:  # some of it may have been replayed or dropped since the last batch
                quarantine.hold(tx, self.name)
                keys = quarantine.keys(tx, self.name)
            before = len(keys)
            handle(tx, fresh, keys)
            # Last, so that a fenced member has done all it can to be undone.
            positions.move(tx, self.name, held, to)
        metrics.QUARANTINED.labels(self.name).inc(len(keys) - before)
        self._held = keys

    def _together(self, tx: Transaction, messages: list[Understood[T]], keys: set[str]) -> None:
        items = []
        for message, item in messages:
            if keys and message.key in keys:
                quarantine.put(tx, self.name, self.source.stream, message, quarantine.FOLLOWS)
            elif isinstance(item, Unprocessable):
                self._put_aside(tx, message, item.reason, keys)
            else:
                items.append(item)
        if items:
            self.handler.handle(tx, items)

    def _one_by_one(self, tx: Transaction, messages: list[Understood[T]], keys: set[str]) -> None:
        for each in messages:
            try:
                with tx.connection.transaction():
                    self._together(tx, [each], keys)
            except _BEGIN_AGAIN:
                raise
            except Exception as error:  # noqa: BLE001  (the guilty one: aside, with its reason)
                message, _ = each
                log.error("reader.message_failed", exc=error, **self._which(message))
                self.handler.forget()
                self._put_aside(tx, message, type(error).__name__, keys)

    def _put_aside(self, tx: Transaction, message: Message, reason: str, keys: set[str]) -> None:
        log.warning("reader.quarantined", reason=reason, **self._which(message))
        quarantine.put(tx, self.name, self.source.stream, message, reason)
        if message.key:
            keys.add(message.key)

    def _which(self, message: Message) -> dict[str, object]:
        # What is not traced comes from outside, and may say anything there.
        correlation = tracing.correlation_in(message.data) if self._traced_as else None
        return {"consumer": self.name, "seq": message.seq, "correlation": correlation}
