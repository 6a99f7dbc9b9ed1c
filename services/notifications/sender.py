"""The sender: claims due e-mails, hands them over on a few connections at once, notes how each ended.

Claiming, sending and noting overlap, each in batches, so that one slow recipient holds nobody else up.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from chassis import tracing
from chassis.database import TRANSIENT
from chassis.logs import Log
from chassis.recorder import VersionConflict
from services.notifications.breaker import Breaker
from services.notifications.courier import Courier, Ending, Outcome
from services.notifications.outbox import OUTCOMES, Outbox, Parcel

log = Log("sender")

BATCH = 200
_POLL_S = (0.5, 4.0)
_QUIET_AFTER_S = 30
"""Without an e-mail for so long, we look more rarely for those that another replica left, or whose time has come."""

_GATHER_S = 0.02
_PAUSE_S = 1.0
_NOT_TRIED = Outcome(Ending.DEFERRED, None, "not tried", relay_away=True)
_TRY_AGAIN: tuple[type[Exception], ...] = (*TRANSIENT, VersionConflict)

R = TypeVar("R")


class Sender:
    """Sends what an outbox holds, for ever. `on_commit` is called after each commit.

    Asked to stop, it waits `stop_s` seconds at most for what is being handed over.
    """

    def __init__(
        self,
        outbox: Outbox,
        couriers: Sequence[Courier],
        breaker: Breaker,
        *,
        lease_s: float,
        stop_s: float = 5.0,
        on_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._couriers = couriers
        self._breaker = breaker
        self._lease_s = lease_s
        self._stop_s = stop_s
        self._on_commit = on_commit
        self._parcels: asyncio.Queue[Parcel] = asyncio.Queue()
        self._ended: list[tuple[Parcel, Outcome]] = []
        self._in_flight: set[Parcel] = set()
        self._leases = asyncio.Lock()
        self._woken = asyncio.Event()
        self._some_ended = asyncio.Event()
        self._concluded = asyncio.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """Something may be due. May be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Send until cancelled; then finish what is being handed over, and put the rest back."""
        self._loop = asyncio.get_running_loop()
        claiming = asyncio.create_task(self._claim())
        others = [
            asyncio.create_task(work)
            for work in (self._note(), self._renew(), self._recover(), *map(self._carry, self._couriers))
        ]
        try:
            done, _ = await asyncio.wait([claiming, *others], return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            await self._let_finish(claiming)
            await _end([claiming, *others])
            for courier in self._couriers:
                await courier.close()

    async def _claim(self) -> None:
        sent = time.monotonic()
        while not self._stopping:
            self._woken.clear()
            room = self._room()
            parcels = await self._commit(self._outbox.claim, room) if room else []
            for parcel in parcels:
                self._in_flight.add(parcel)
                self._parcels.put_nowait(parcel)
            if parcels:
                sent = time.monotonic()
                self._on_commit()
            else:
                await _wait(self._woken, _POLL_S[time.monotonic() - sent > _QUIET_AFTER_S])

    def _room(self) -> int:
        """How many e-mails to claim now: few large claims rather than many small ones."""
        if self._stopping or self._breaker.wait_s:
            return 0
        if self._breaker.doubtful:
            return max(0, len(self._couriers) - len(self._in_flight))
        room = BATCH - self._parcels.qsize()
        return room if room > BATCH // 2 else 0

    async def _carry(self, courier: Courier) -> None:
        while True:
            parcel = await self._parcels.get()
            if self._stopping or self._breaker.wait_s:
                outcome = _NOT_TRIED
            else:
                started = time.time_ns()
                outcome = await courier.deliver(parcel.letter)
                self._breaker.note(outcome)
                _tell(parcel, outcome, started)
            self._ended.append((parcel, outcome))
            self._some_ended.set()
            if self._room():
                self._woken.set()

    async def _note(self) -> None:
        while True:
            await self._some_ended.wait()
            await asyncio.sleep(_GATHER_S)
            self._some_ended.clear()
            batch, self._ended = self._ended, []
            async with self._leases:
                await self._commit(self._outbox.conclude, batch)
                self._in_flight.difference_update(parcel for parcel, _ in batch)
            self._concluded.set()
            self._woken.set()
            self._on_commit()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 4)
            async with self._leases:  # else a lease that was just closed would be opened again
                if self._in_flight:
                    await self._commit(self._outbox.renew, [parcel.mail_id for parcel in self._in_flight])

    async def _recover(self) -> None:
        while True:
            lost = await self._commit(self._outbox.recover, BATCH)
            if lost:
                log.warning("sender.attempts_without_outcome", mails=lost)
                self._on_commit()
                self._woken.set()
            await asyncio.sleep(min(5.0, self._lease_s / 4))

    async def _commit(self, work: Callable[[Any], R], argument: Any) -> R:
        """Do `work` in a thread, again and again while the database is away."""
        while True:
            try:
                return await asyncio.to_thread(work, argument)
            except _TRY_AGAIN as error:
                log.warning("sender.database_unavailable", kind=type(error).__name__)
                await asyncio.sleep(_PAUSE_S)

    async def _let_finish(self, claiming: asyncio.Task[None]) -> None:
        """Wait, for a while, until all that was claimed is concluded: what is left is put right later, as a doubt."""
        self._stopping = True
        self._woken.set()
        limit = time.monotonic() + self._stop_s
        await asyncio.wait([claiming], timeout=self._stop_s)
        while self._in_flight and time.monotonic() < limit:
            self._concluded.clear()
            await _wait(self._concluded, 0.5)
        if self._in_flight:
            log.warning("sender.stopped_in_flight", mails=len(self._in_flight))


def _tell(parcel: Parcel, outcome: Outcome, started_ns: int) -> None:
    """How an attempt ended, to those who watch: never to whom, nor what was said."""
    OUTCOMES.labels(outcome.ending).inc()
    tell = log.info if outcome.ending is Ending.ACCEPTED else log.warning
    about: dict[str, str | int] = {
        "attempt": parcel.attempt,
        "outcome": outcome.ending.value,
        "code": outcome.code or 0,
    }
    tell("mail.attempted", mail=parcel.mail_id, correlation=parcel.correlation, **about)
    cause = ("notifications", parcel.cause) if parcel.cause else None
    tracing.did("notifications.mail", parcel.correlation, parcel.started_by, started_ns, about, cause)


async def _wait(event: asyncio.Event, limit_s: float) -> None:
    try:
        async with asyncio.timeout(limit_s):
            await event.wait()
    except TimeoutError:
        return


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
