"""An alert that was put aside, handled again by hand: with the directory, or not at all."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from nats.js import JetStreamContext

from chassis import quarantine
from chassis.database import Database
from chassis.messages import Message, header_of
from chassis.reference import Reference
from chassis.service import Service
from cli import replay, runtime
from cli.errors import CliError
from cli.replay import replay_key
from contracts.catalogue import SERVICES, buckets_of
from contracts.notifications import MailRequested
from tests.real.notifications.conftest import PEOPLE
from tests.real.notifications.suite import Suite, running


@pytest.fixture
def found(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> runtime.Suite:
    """The same servers, as commands find them."""
    monkeypatch.setenv("PERSEVERANCE_TOKEN_SECRET", "0" * 43)
    data = suite.mailbox.directory
    return runtime.Suite(data=data, nats_url=suite.settings.nats_url, database_url=str(suite.settings.database_url))


@pytest.fixture
def database(found: runtime.Suite) -> Iterator[Database]:
    database = Database(found.database_url, "notifications", pool_size=1)
    yield database
    database.close()


async def put_aside(suite: Suite, database: Database) -> int:
    """An alert is in quarantine; the id of its entry."""
    await suite.raise_alert(2)
    stored = await suite.nats.js.get_msg("ALERTS", 1)
    assert stored.data
    message = Message(1_000_000, 0, stored.subject or "", stored.data, header_of(f"m-{uuid4()}"))
    with database.transaction() as tx:
        quarantine.put(tx, "notifications-alerts", "ALERTS", message, "a fault that was corrected since")
        (held,) = quarantine.held(tx)
    await suite.nats.js.purge_stream("ALERTS")
    return held.id


def left(database: Database) -> int:
    with database.transaction() as tx:
        return sum(quarantine.counts(tx).values())


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory so large that it takes its time."""
    read = Reference.refresh

    async def slowly(self: Reference[object], js: JetStreamContext) -> bool:
        await asyncio.sleep(1)
        return await read(self, js)

    monkeypatch.setattr(Reference, "refresh", slowly)


@pytest.mark.usefixtures("slow")
async def test_what_is_replayed_is_told_to_the_people_of_a_directory_that_takes_long_to_read(
    suite: Suite, found: runtime.Suite, database: Database
) -> None:
    await suite.load(*PEOPLE)
    entry = await put_aside(suite, database)
    assert await replay_key(found, "notifications", entry) == replay.Outcome(1, 0)
    async with running(suite):
        told = await suite.tells(MailRequested, 3)
    assert {each.data.actor_id for each in told} == {"head", "cpe", "mlds"}
    assert left(database) == 0


@pytest.mark.usefixtures("slow")
async def test_nothing_is_replayed_without_a_directory(
    suite: Suite, found: runtime.Suite, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "_READ_LIMIT_S", 0.1)
    entry = await put_aside(suite, database)
    with pytest.raises(CliError, match="the directory cannot be read"):
        await replay_key(found, "notifications", entry)
    assert left(database) == 1


@pytest.mark.parametrize("name", [name for name in SERVICES if buckets_of(name)])
async def test_nothing_is_replayed_when_a_service_does_not_say_whether_it_has_read_it(
    found: runtime.Suite, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Service, "add_reference", lambda *_: None)
    with pytest.raises(CliError, match="does not say when DIRECTORY is read"):
        await replay_key(found, name, 1)


@pytest.mark.parametrize("name", SERVICES)
async def test_every_service_says_when_it_has_read_it(found: runtime.Suite, name: str) -> None:
    assert await replay_key(found, name, 1) is None  # there is no such entry
