"""The notifications application and its sender on a real database, with a scripted relay."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.clock import FixedClock
from chassis.database import Database, Transaction
from chassis.embedded import free_port
from chassis.events import Event, decode
from chassis.nats import Nats
from chassis.recorder import VersionConflict, conflicts
from chassis.store import Aggregates, EventStore
from contracts.directory import Actor, Role, School
from services.notifications.application import News, Notifications
from services.notifications.backoff import BackOff
from services.notifications.breaker import Breaker
from services.notifications.catcher import Catcher
from services.notifications.courier import Courier, MailRelay
from services.notifications.domain import Mail
from services.notifications.facts import Fact, ThresholdReached
from services.notifications.outbox import Outbox, unsent
from services.notifications.people import People
from services.notifications.rendering import Identity, Renderer
from services.notifications.sender import Sender
from services.notifications.settings import NotificationsSettings
from tests.real.eventually import eventually
from tests.real.notifications.scripted_relay import ScriptedRelay
from tests.real.notifications.suite import Suite
from tests.unit.notifications.given import UAI, actor, school

IDENTITY = Identity("us@example.org", "Persévérance", "", "suite.example.org", "http://suite.example.org")
PEOPLE: Sequence[School | Actor] = (
    school(),
    actor("head", Role.CHEF_ETAB),
    actor("cpe", Role.CPE),
    actor("mlds", Role.COORD_MLDS, "R1"),
)
QUICK = BackOff(0.05, 0.4)


class Post:
    """One process's notifications service without its streams: facts go in by `tell`."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, "notifications", pool_size=8)
        self.store = EventStore(self.database)
        self.clock = FixedClock(datetime(2025, 10, 14, 9, 30, tzinfo=UTC))
        self.people = People(PEOPLE)
        self.application = Notifications(self.store, lambda: self.people, self.clock)
        self._addressing = Notifications(self.store, lambda: self.people, self.clock)  # as the service has it: apart

    def close(self) -> None:
        self.store.close()
        self.database.close()

    def appoint(self, *entries: School | Actor) -> None:
        """From now on the directory holds these."""
        self.people = People(entries)

    def tell(self, *news: News) -> None:
        """What the reader does with a batch of facts."""
        self._read(lambda tx: self.application.announce(tx, news))

    def erase(self, *students: UUID) -> None:
        """What the reader does with a batch of erasures."""
        self._read(lambda tx: self.application.erase(tx, students))

    def _read(self, handle: Callable[[Transaction], None]) -> None:
        """As a reader does: when somebody else wrote meanwhile, begin again with nothing remembered."""
        for _ in range(2):
            with contextlib.suppress(VersionConflict):
                with conflicts(), self.database.transaction() as tx:
                    handle(tx)
                return
            self.application.forget()
        raise VersionConflict

    def look_again(self) -> int:
        """What happens when the directory changed."""
        with self.database.transaction() as tx:
            return self._addressing.find_addressees(tx, datetime.now(UTC) + timedelta(hours=1))

    def outbox(self, lease_s: float = 30.0, back_off: BackOff = QUICK) -> Outbox:
        """An outbox, as each process has one."""
        renderer = Renderer(IDENTITY)
        return Outbox(
            self.database, self.store, lambda: self.people, self.clock, renderer, back_off, lease_s, Random(7)
        )

    def mails(self) -> list[Mail]:
        """Every e-mail, rebuilt from its events."""
        with self.database.transaction() as tx:
            ids = tx.execute(
                "SELECT DISTINCT originator_id FROM stored_events WHERE topic = 'notifications.MailRequested.1'"
            ).fetchall()
            return list(Aggregates(self.store, Mail).get(tx, [row[0] for row in ids]).values())

    def events(self) -> list[Event]:
        """Everything recorded, in order."""
        rows = self.store.recorder.select_notifications(1, 100_000)
        return [decode(row.topic, row.state) for row in rows]

    def counts(self) -> Counter[str]:
        """How many events of each kind."""
        return Counter(type(event).__name__ for event in self.events())

    def of(self, kind: type[Event]) -> list[Any]:
        """The recorded events of one kind."""
        return [event for event in self.events() if isinstance(event, kind)]

    def unsent(self) -> int:
        with self.database.transaction() as tx:
            return unsent(tx)

    async def drained(self) -> None:
        """Wait until nothing is left to send."""

        async def nothing_left() -> bool:
            return await asyncio.to_thread(self.unsent) == 0

        await eventually(nothing_left)


def alert(level: int = 1, *, student: UUID | None = None, alert_id: UUID | None = None, uai: str = UAI) -> News:
    """An alert just raised."""
    threshold = 4 if level == 1 else 10
    fact = ThresholdReached(level=level, month="2025-10", half_days=threshold, threshold=threshold)
    return about(fact, student=student, about_id=alert_id, uai=uai)


def about(fact: Fact, *, student: UUID | None = None, about_id: UUID | None = None, uai: str = UAI) -> News:
    """A fact just read."""
    return News(about_id or uuid4(), student or uuid4(), uai, fact, "cause")


@pytest.fixture
def post(postgres_url: str) -> Iterator[Post]:
    post = Post(postgres_url)
    yield post
    post.close()


@pytest.fixture
async def relay() -> AsyncIterator[ScriptedRelay]:
    relay = ScriptedRelay()
    await relay.start()
    yield relay
    await relay.stop()
    await asyncio.sleep(0)


Sending = Callable[..., contextlib.AbstractAsyncContextManager[Sender]]


@pytest.fixture
def sending(post: Post, relay: ScriptedRelay) -> Sending:
    """`async with sending():` a sender works on the outbox, as in a process of its own."""

    @contextlib.asynccontextmanager
    async def run(*, connections: int = 3, timeout_s: float = 2.0, lease_s: float = 30.0) -> AsyncIterator[Sender]:
        where = MailRelay("127.0.0.1", relay.port, "us@example.org", timeout_s=timeout_s)
        sender = Sender(
            post.outbox(lease_s),
            [Courier(where) for _ in range(connections)],
            Breaker(BackOff(0.05, 0.2)),
            lease_s=lease_s,
        )
        task = asyncio.create_task(sender.run())
        try:
            yield sender
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    return run


@pytest.fixture
async def suite(nats_url: str, postgres_url: str, tmp_path: Path) -> AsyncIterator[Suite]:
    """The servers, and a catcher instead of a relay."""
    catcher = Catcher(tmp_path / "mail", 0)
    await catcher.start()
    settings = NotificationsSettings(
        nats_url=nats_url,
        database_url=postgres_url,
        port=free_port(),
        smtp_port=catcher.port,
        public_url="http://suite.example.org",
        retry_first_s=0.1,
        attempt_lease_s=2,
        catcher_dir=tmp_path / "mail",
    )
    nats = Nats(nats_url, "test")
    await nats.connect()
    yield Suite(nats, settings, catcher)
    await nats.close()
    await catcher.stop()
