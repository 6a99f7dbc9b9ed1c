"""What just changed, told to the pages that are open, in whichever replica they are."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import psycopg

from chassis.login import Login
from chassis.logs import Log
from services.projections.stores.batches import CHANNEL, EVERYWHERE

log = Log("live")

_AGAIN_AFTER_S = 1.0


class Subscription:
    """One open page: woken when something changed in one of its schools."""

    def __init__(self, uais: frozenset[str]) -> None:
        self._uais = uais
        self._news = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether no more news will come."""
        return self._ended.is_set()

    def tell(self, schools: frozenset[str]) -> None:
        """Something changed in these schools."""
        if EVERYWHERE in schools or schools & self._uais:
            self._news.set()

    def end(self) -> None:
        """No more news will come."""
        self._ended.set()
        self._news.set()

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109  (a silence of that length is an answer)
        """Whether there was news within `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True

    async def pause(self, seconds: float) -> None:
        """Let `seconds` pass, less if there will be no more news; news meanwhile is kept."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            pass


class Changes:
    """Hears the notifications that batches send at their commit, and passes them on."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._open: set[Subscription] = set()
        self._ended = False

    @contextmanager
    def subscription(self, uais: frozenset[str]) -> Iterator[Subscription]:
        """News of these schools until the block ends."""
        one = Subscription(uais)
        if self._ended:
            one.end()
        self._open.add(one)
        try:
            yield one
        finally:
            self._open.discard(one)

    async def run(self) -> None:
        """Listen until cancelled. After a lost connection pages are told to look: news may have been missed."""
        with _at_signals(self.end):
            missed = False
            while True:
                try:
                    await self._listen(missed=missed)
                except psycopg.Error as error:
                    log.warning("live.lost", kind=type(error).__name__)
                missed = True
                await asyncio.sleep(_AGAIN_AFTER_S)

    async def _listen(self, *, missed: bool) -> None:
        connection = await self._login.connect_async(autocommit=True)
        async with connection:
            connection.add_notify_handler(lambda notification: self._tell(notification.payload))
            await connection.execute(f"LISTEN {CHANNEL}")
            if missed:  # said no sooner: what comes between would be missed again
                self._tell(EVERYWHERE)
            # Left to wait by itself, the library looks ten times a second.
            while True:
                await _readable(connection.pgconn.socket)
                connection.pgconn.consume_input()
                while found := connection.pgconn.notifies():
                    self._tell(found.extra.decode())

    def _tell(self, payload: str) -> None:
        schools = frozenset(payload.split(","))
        for one in list(self._open):
            one.tell(schools)

    def end(self) -> None:
        """The service stops: let every open page go, so that it finds another replica."""
        self._ended = True
        for one in list(self._open):
            one.end()


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


@contextmanager
def _at_signals(act: Callable[[], None]) -> Iterator[None]:
    """Also do `act` when asked to stop.

    uvicorn waits for open answers before it ends the application, and those of open pages never end by
    themselves: without this each stop would last as long as its limit.
    """
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT) if threading.current_thread() is threading.main_thread() else ()
    previous = {number: signal.getsignal(number) for number in numbers}

    def handler(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        former = previous[signal.Signals(number)]
        if callable(former):
            former(number, frame)

    for number, former in previous.items():
        if callable(former):
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, former in previous.items():
            if signal.getsignal(number) is handler:
                signal.signal(number, former)
