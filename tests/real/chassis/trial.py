"""What the tests of the chassis play with: numbered messages in, numbered rows out, and how to look at both.

A row that comes twice, is missing or is out of place shows in the numbers: the table accepts them all.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from prometheus_client import REGISTRY

from chassis.database import Database, Transaction
from chassis.membership import Membership
from chassis.messages import Message, Unprocessable
from chassis.nats import Nats
from chassis.reader import Reader
from chassis.relay import Log, Page, Relay
from chassis.revisions import Schema
from chassis.source import Source
from chassis.window import LARGEST, Outgoing, append
from contracts.streams import EVERY_PLACE, PLACES, StreamSpec, partition_of
from tests.real.eventually import eventually

SCHEMA = "trial"
TABLES = Schema(SCHEMA, Path(__file__).with_name("migrations"))
TRIAL = StreamSpec("TRIAL", (f"trial.{EVERY_PLACE}.*",), "numbered messages")
SYNCED = replace(TRIAL, replayable=False)
SOURCE = Source("TRIAL", "trial", ("noted",))
NOON = datetime(2025, 10, 6, 12, tzinfo=UTC)
_KEYS = 40


def key_of(number: int) -> str:
    """Which of the forty keys the message with this number is about."""
    return f"key-{number % _KEYS}"


def message(number: int, key: str = "", body: bytes | None = None) -> Outgoing:
    """The message with this number, as a relay would publish it."""
    key = key or key_of(number)
    data = body if body is not None else json.dumps({"subject": key, "n": number}).encode()
    return Outgoing(number, f"trial.{PLACES[partition_of(key)]}.noted", data)


class Numbers(Log):
    """A log that holds the messages 1 to `last`."""

    def __init__(self, last: int) -> None:
        self.last = last

    def read(self, after: int, limit: int) -> Page:
        until = min(after + limit, self.last)
        return Page([message(n) for n in range(after + 1, until + 1)], until, more=until < self.last)

    def count(self, after: int) -> int:
        return self.last - after

    def end(self) -> int:
        return self.last

    def entry(self, position: int) -> Outgoing | None:
        return message(position) if position <= self.last else None


class Item(NamedTuple):
    key: str
    number: int
    partition: int


class Keep:
    """A handler that keeps a row for each message; `broken` numbers cannot be decoded."""

    def __init__(self, broken: Sequence[int] = ()) -> None:
        self.broken = set(broken)
        self.forgotten = 0

    def decode(self, message: Message) -> Item:
        try:
            said = json.loads(message.data)
        except ValueError:
            raise Unprocessable("not JSON") from None
        if said["n"] in self.broken:
            raise Unprocessable("broken on purpose")
        return Item(said["subject"], said["n"], message.partition)

    def handle(self, tx: Transaction, items: Sequence[Item]) -> None:
        tx.execute(
            "INSERT INTO effects (key, number, partition)"
            " SELECT key, number, partition FROM unnest(%s::text[], %s::int[], %s::int[])"
            " WITH ORDINALITY AS rows (key, number, partition, place) ORDER BY place",
            ([i.key for i in items], [i.number for i in items], [i.partition for i in items]),
        )

    def forget(self) -> None:
        self.forgotten += 1


class Trial:
    """One test's servers and what it runs on them."""

    def __init__(self, nats_url: str, database_url: str) -> None:
        self.nats_url = nats_url
        self.database_url = database_url
        self.reader_name = f"reader-{uuid4().hex[:8]}"

    async def connect(self, url: str = "") -> Nats:
        nats = Nats(url or self.nats_url, "trial", fatal=lambda: None)
        await nats.connect()
        return nats

    def database(self, url: str = "") -> Database:
        return Database(url or self.database_url, SCHEMA)

    @asynccontextmanager
    async def reading(
        self, handler: Any = None, *, nats_url: str = "", database_url: str = "", **options: Any
    ) -> AsyncIterator[Reader[Any]]:
        """A reader at work, with its own connections."""
        nats, database = await self.connect(nats_url), self.database(database_url)
        source = options.pop("source", SOURCE)
        options["member"] = Membership(database, options.get("member", "one"))
        reader: Reader[Any] = Reader(
            options.pop("name", self.reader_name), source, handler or Keep(), nats=nats, database=database, **options
        )
        async with working(reader.run, nats, database):
            yield reader

    @asynccontextmanager
    async def relaying(self, log: Log, *, nats_url: str = "", member: str = "one") -> AsyncIterator[Relay]:
        """A relay at work, with its own connections."""
        nats, database = await self.connect(nats_url), self.database()
        relay = Relay(TRIAL.name, log, nats=nats, member=Membership(database, member))
        async with working(relay.run, nats, database):
            yield relay

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Put `messages` at the end of the stream."""
        nats = await self.connect()
        seq = (await nats.js.stream_info(TRIAL.name)).state.last_seq
        for start in range(0, len(messages), LARGEST):
            seq = await append(nats, messages[start : start + LARGEST], seq)
        await nats.close()

    async def fill(self, last: int, first: int = 1) -> None:
        """Put the messages `first` to `last` at the end of the stream."""
        await self.publish([message(number) for number in range(first, last + 1)])

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What a query says now, in the trial's schema."""
        with psycopg.connect(self.database_url, options="-c search_path=trial") as connection:
            return connection.execute(query, parameters).fetchall()  # type: ignore[arg-type]

    def do(self, statement: str, *parameters: object) -> None:
        """Change something by hand, in the trial's schema."""
        with psycopg.connect(self.database_url, options="-c search_path=trial") as connection:
            connection.execute(statement, parameters)  # type: ignore[arg-type]

    def effects(self) -> list[tuple[str, int]]:
        """Key and number of every effect, in the order in which they were made."""
        return [(key, number) for key, number in self.rows("SELECT key, number FROM effects ORDER BY place")]

    async def until_effects(self, count: int) -> list[tuple[str, int]]:
        """The effects, once there are at least so many."""

        async def enough() -> bool:
            (found,) = await asyncio.to_thread(self.rows, "SELECT count(*) FROM effects")
            return bool(found[0] >= count)

        await eventually(enough)
        return self.effects()

    async def until_position(self, seq: int) -> None:
        """Return once every partition has been read that far."""

        async def reached() -> bool:
            return self.rows("SELECT min(position) FROM positions") == [(seq,)]

        await eventually(reached)

    def restarts(self, cause: str) -> float:
        """How often this trial's reader began again for this cause, in this process."""
        labels = {"consumer": self.reader_name, "cause": cause}
        return REGISTRY.get_sample_value("perseverance_reader_restarts_total", labels) or 0.0

    async def stored(self, nats: Nats | None = None) -> list[tuple[int, str, bytes]]:
        """Sequence, id and bytes of every message of the stream, in order."""
        own = nats or await self.connect()
        wanted = (await own.js.stream_info(TRIAL.name)).state.messages
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.NONE,
            mem_storage=True,
            inactive_threshold=60,  # by itself the server forgets it after 5 s, which a busy machine may take to ask
        )
        consumer = await own.js.pull_subscribe("trial.>", stream=TRIAL.name, config=config)
        found: list[tuple[int, str, bytes]] = []
        while len(found) < wanted:
            for each in await consumer.fetch(min(500, wanted - len(found)), timeout=5):
                headers = each.headers or {}
                found.append((each.metadata.sequence.stream, headers.get("Nats-Msg-Id", ""), each.data))
        await consumer.unsubscribe()
        if nats is None:
            await own.close()
        return found

    async def until_stored(self, count: int) -> list[tuple[int, str, bytes]]:
        """Every message of the stream, once it holds at least so many."""
        nats = await self.connect()

        async def enough() -> bool:
            return bool((await nats.js.stream_info(TRIAL.name)).state.messages >= count)

        await eventually(enough)
        found = await self.stored(nats)
        await nats.close()
        return found


@asynccontextmanager
async def working(run: Callable[[], Awaitable[None]], nats: Nats, database: Database) -> AsyncIterator[None]:
    """Something that runs until the block ends; if it ended by itself, its error is raised."""
    task = asyncio.ensure_future(run())
    try:
        yield
        assert not task.done() or task.exception() is None, task.exception()
    finally:
        task.cancel()
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
        await nats.close()
        await asyncio.to_thread(database.close)
    if not isinstance(outcome, asyncio.CancelledError | None):
        raise outcome


def assert_once_in_order(effects: Sequence[tuple[str, int]], count: int) -> None:
    """Every number from 1 to `count` once, and in order for each key."""
    assert sorted(number for _, number in effects) == list(range(1, count + 1))
    last: dict[str, int] = {}
    for key, number in effects:
        assert number > last.get(key, 0), f"{key}: {number} came after {last[key]}"
        last[key] = number


def assert_the_log(stored: Sequence[tuple[int, str, bytes]], count: int) -> None:
    """The stream holds the log's messages 1 to `count`, once, in order, as they were, with no gap."""
    assert [position for _, position, _ in stored] == [str(n) for n in range(1, count + 1)]
    assert [data for _, _, data in stored] == [message(n).data for n in range(1, count + 1)]
    sequences = [seq for seq, _, _ in stored]
    assert sequences == [sequences[0] + n for n in range(count)]
