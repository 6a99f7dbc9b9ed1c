"""Whether a suite is at rest: nothing to read, to decide or to publish, no mail to send, and sure of it.

A message can hop between two looks: read upstream after we looked there, published downstream before we look there.
So everything that moves is noted before and after the looks; only if nothing at all moved were they one moment.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import APIError, NotFoundError

from chassis.clock import Clock, DatabaseClock, SystemClock
from chassis.database import TRANSIENT
from chassis.reader import Reader
from chassis.relay import Relay
from chassis.service import Service
from contracts.catalogue import STREAMS
from services.notifications.application import ATTEMPT_LOST, SEND

# The times of attempts are real ones, whatever clock the domain sees.
_MAIL_DUE = (
    "SELECT count(*) FILTER (WHERE kind = %(trying)s OR due_at <= clock_timestamp()), count(*) FROM deadlines"
    " WHERE fired_at IS NULL AND kind IN (%(due)s, %(trying)s)"
)
_OVERDUE = "SELECT count(*) FROM deadlines WHERE fired_at IS NULL AND due_at <= %s"
_LOOK_EVERY_S = (0.05, 1.0)
_PAGE = 1000
_AWAY: tuple[type[Exception], ...] = (*TRANSIENT, nats.errors.Error, APIError, TimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class Behind:
    """Something that still has work, and how much (None: not known)."""

    who: str
    waiting: int | None
    what: str

    def __str__(self) -> str:
        return f"{self.who}: {self.what}" if self.waiting is None else f"{self.who}: {self.waiting} {self.what}"


class Drain:
    """Looks at the readers and relays of services whose connections are open (`cli.wiring.connected`).

    With `stream`, only at who publishes that one and who reads it.
    """

    def __init__(self, services: Sequence[Service], stream: str = "") -> None:
        self._services = services
        self._js = services[0].nats.js
        self._stream = stream

    async def wait(self, timeout_s: float | None, look_every_s: tuple[float, float] = _LOOK_EVERY_S) -> list[Behind]:
        """Wait until everything is at rest; what is behind when the time is over (empty: at rest).

        `look_every_s`: the first pause between two looks, and the longest.
        """
        limit = None if timeout_s is None else time.monotonic() + timeout_s
        pause, longest = look_every_s
        while True:
            try:
                behind = await self.behind()
            except _AWAY as error:
                behind = [Behind("the suite", None, f"a server is away ({type(error).__name__})")]
            if not behind or (limit is not None and time.monotonic() > limit):
                return behind
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, longest)

    async def behind(self) -> list[Behind]:
        """What has work left; empty only when everything was at rest at one and the same moment."""
        before = await self._moving()
        behind = await self._look(before)
        if behind:
            return behind
        if await self._moving() != before:
            return [Behind("the suite", None, "is moving")]
        return []

    async def _look(self, streams: dict[str, Any]) -> list[Behind]:
        found: list[Behind] = []
        for service in self._services:
            for reader in self._readers(service):
                found += await self._unread(service, reader, streams[reader.source.stream])
            for relay in self._relays(service):
                found += await self._unpublished(service, relay)
            if service.name == "parcours" and not self._stream:
                found += await self._undecided(service)
            if service.name == "notifications" and not self._stream:
                found += await self._unsent(service)
        return found

    def _concerns(self, stream: str) -> bool:
        return self._stream in ("", stream)

    def _readers(self, service: Service) -> list[Reader[Any]]:
        return [reader for reader in service.readers if self._concerns(reader.source.stream)]

    def _relays(self, service: Service) -> list[Relay]:
        return [relay for relay in service.relays if self._concerns(relay.stream)]

    async def _moving(self) -> dict[str, Any]:
        """Everything that changes when anything happens: ends of streams and logs, positions, mail."""
        seen: dict[str, Any] = {}
        for stream in STREAMS:
            if self._concerns(stream.name):
                seen[stream.name] = int((await self._js.stream_info(stream.name)).state.last_seq)
        for service in self._services:
            for reader in self._readers(service):
                seen[f"{service.name}/{reader.name}"] = await asyncio.to_thread(_positions, service, reader)
            for relay in self._relays(service):
                _, published = await relay.tail()
                page = await asyncio.to_thread(relay.log.read, published, 1)
                seen[f"{service.name}/{relay.stream}"] = (published, page.scanned_to, len(page.messages))
            if service.name == "notifications" and not self._stream:
                seen["mail"] = await asyncio.to_thread(_mail, service)
        return seen

    async def _unread(self, service: Service, reader: Reader[Any], last: int) -> list[Behind]:
        who = f"{service.name} (reader {reader.name})"
        positions = await asyncio.to_thread(_positions, service, reader)
        at: defaultdict[int, set[int]] = defaultdict(set)
        for partition in range(reader.source.partitions):
            at[positions.get(partition, 0)].add(partition)
        if max(at) > last:
            return [Behind(who, None, f"waits for {reader.source.stream} to be rebuilt")]
        waiting = 0
        for position, partitions in at.items():
            if position < last:
                filters = reader.source.filters(frozenset(partitions))
                waiting += await self._pending(reader.source.stream, filters, position)
        return [Behind(who, waiting, f"to read on {reader.source.stream}")] if waiting else []

    async def _pending(self, stream: str, filters: list[str], after: int) -> int:
        """How many messages of these subjects come after a sequence, as the server counts them."""
        one = len(filters) == 1
        info = await self._js.add_consumer(
            stream,
            ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=after + 1,
                ack_policy=AckPolicy.NONE,
                filter_subject=filters[0] if one else None,
                filter_subjects=None if one else filters,
                inactive_threshold=5,
                mem_storage=True,
            ),
        )
        with contextlib.suppress(NotFoundError):
            await self._js.delete_consumer(stream, info.name)
        return int(info.num_pending or 0)

    async def _unpublished(self, service: Service, relay: Relay) -> list[Behind]:
        _, after = await relay.tail()
        while True:
            page = await asyncio.to_thread(relay.log.read, after, _PAGE)
            if page.messages:
                who = f"{service.name} (relay {relay.stream})"
                return [Behind(who, len(page.messages), "or more to publish" if page.more else "to publish")]
            if not page.more:
                return []
            after = page.scanned_to

    async def _undecided(self, service: Service) -> list[Behind]:
        due = await asyncio.to_thread(_overdue, service)
        return [Behind(f"{service.name} (deadlines)", due, "to decide")] if due else []

    async def _unsent(self, service: Service) -> list[Behind]:
        due, _ = await asyncio.to_thread(_mail, service)
        return [Behind("notifications (mail)", due, "to send")] if due else []


def _overdue(service: Service) -> int:
    """How many deadlines are due by the clock the service goes by, and not decided yet. Synchronous."""
    # The machine's own clock stands for the database's there: see `services/parcours/app.py`.
    clock: Clock = DatabaseClock(service.database) if isinstance(service.clock, SystemClock) else service.clock
    return int(service.database.rows(_OVERDUE, [clock.now()])[0][0])


def _positions(service: Service, reader: Reader[Any]) -> dict[int, int]:
    with service.database.transaction() as tx:
        tx.execute("SELECT partition, position FROM positions WHERE consumer = %s", (reader.name,))
        return dict(tx.fetchall())


def _mail(service: Service) -> tuple[int, int]:
    """Mail due now or being sent, and all mail not yet sent (some waits for its next attempt)."""
    with service.database.transaction() as tx:
        row = tx.execute(_MAIL_DUE, {"due": SEND, "trying": ATTEMPT_LOST}).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
