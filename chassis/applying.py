"""The effect of a batch and the position it leads to, in one transaction; who makes it fail is put aside."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Generic, Protocol, TypeVar

import nats.errors
from nats.js.errors import Error as JetStreamError

from chassis import metrics, positions, quarantine, tracing
from chassis.database import TRANSIENT, Database, Transaction
from chassis.logs import Log
from chassis.messages import Message, Unprocessable
from chassis.positions import Fenced, Position, fencing
from chassis.pull import Interrupted
from chassis.recorder import VersionConflict, conflicts

log = Log("reader")
T = TypeVar("T")

Understood = tuple[Message, T | Unprocessable]
"""A message, and what the handler makes of it."""

_FEW = 200

BEGIN_AGAIN: tuple[type[BaseException], ...] = (
    *TRANSIENT,
    VersionConflict,
    Fenced,
    Interrupted,
    nats.errors.Error,
    JetStreamError,
    TimeoutError,
)
"""No message is to blame: the reader goes back to the recorded position."""


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


class Applying(Generic[T]):
    """Commits the batches of one reader, `name`.

    `traced`: whether its messages carry a correlation of ours; `pipelined`: whether a few may be handled in a
    pipelined transaction.
    """

    def __init__(
        self, name: str, stream: str, handler: Handler[T], database: Database, *, traced: bool, pipelined: bool
    ) -> None:
        self._name = name
        self._stream = stream
        self._handler = handler
        self._database = database
        self._traced = traced
        self._pipelined = pipelined
        self._held: set[str] = set()

    def begin(self, partitions: frozenset[int]) -> dict[int, Position]:
        """Where these partitions stand; what is in quarantine is learnt on the way."""
        with self._database.transaction() as tx:
            standing = positions.load(tx, self._name, partitions)
            # After the positions: between the two, who read before us may commit a message put aside.
            self._held = quarantine.keys(tx, self._name)
            return standing

    def commit(self, fresh: list[Understood[T]], held: dict[int, Position], to: Position) -> None:
        """Handle `fresh` and move the positions `held` to `to`. Raises BEGIN_AGAIN."""
        try:
            few = self._pipelined and len(fresh) < _FEW
            transaction = self._database.pipelined() if few else self._database.transaction()
            self._attempt(transaction, fresh, held, to, self._together)
        except BEGIN_AGAIN:
            raise
        except Exception as error:  # noqa: BLE001  (whatever one message provokes must not stop the others)
            log.error("reader.batch_failed", exc=error, consumer=self._name, messages=len(fresh))
            self._handler.forget()
            self._attempt(self._database.transaction(), fresh, held, to, self._one_by_one)

    def which(self, message: Message) -> dict[str, object]:
        """What a log may say of a message."""
        # What is not traced comes from outside, and may say anything there.
        correlation = tracing.correlation_in(message.data) if self._traced else None
        return {"consumer": self._name, "seq": message.seq, "correlation": correlation}

    def _attempt(
        self,
        transaction: AbstractContextManager[Transaction],
        fresh: list[Understood[T]],
        held: dict[int, Position],
        to: Position,
        handle: Callable[[Transaction, list[Understood[T]], set[str]], None],
    ) -> None:
        keys: set[str] = set()
        with conflicts(), fencing(), transaction as tx:
            if self._held:  # some of it may have been replayed or dropped since the last batch
                quarantine.hold(tx, self._name)
                keys = quarantine.keys(tx, self._name)
            before = len(keys)
            handle(tx, fresh, keys)
            # Last, so that a fenced member has done all it can to be undone.
            positions.move(tx, self._name, held, to)
        metrics.QUARANTINED.labels(self._name).inc(len(keys) - before)
        self._held = keys

    def _together(self, tx: Transaction, messages: list[Understood[T]], keys: set[str]) -> None:
        items = []
        for message, item in messages:
            if keys and message.key in keys:
                quarantine.put(tx, self._name, self._stream, message, quarantine.FOLLOWS)
            elif isinstance(item, Unprocessable):
                self._put_aside(tx, message, item.reason, keys)
            else:
                items.append(item)
        if items:
            self._handler.handle(tx, items)

    def _one_by_one(self, tx: Transaction, messages: list[Understood[T]], keys: set[str]) -> None:
        for each in messages:
            try:
                with tx.connection.transaction():
                    self._together(tx, [each], keys)
            except BEGIN_AGAIN:
                raise
            except Exception as error:  # noqa: BLE001  (the guilty one: aside, with its reason)
                message, _ = each
                log.error("reader.message_failed", exc=error, **self.which(message))
                self._handler.forget()
                self._put_aside(tx, message, type(error).__name__, keys)

    def _put_aside(self, tx: Transaction, message: Message, reason: str, keys: set[str]) -> None:
        log.warning("reader.quarantined", reason=reason, **self.which(message))
        quarantine.put(tx, self._name, self._stream, message, reason)
        if message.key:
            keys.add(message.key)
