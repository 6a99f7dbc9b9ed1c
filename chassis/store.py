"""Aggregates by the hundred: one query to load them, one append to keep what they recorded."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Generic, TypeVar
from uuid import UUID

from chassis import events
from chassis.database import Database, Transaction
from chassis.events import A, Event, Recorded
from chassis.recorder import TABLE, Datastore, Recorder, VersionConflict, conflicts
from chassis.relay import Page
from chassis.window import Outgoing

R = TypeVar("R")
_COUNT = f"SELECT count(*) FROM {TABLE} WHERE notification_id > %s AND topic = ANY(%s)"
_ATTEMPTS = 10
# How far the log reaches goes with each row: without it, topics that say nothing would be passed over again each time.
_NEXT = f"""
SELECT entry.notification_id, originator_id, originator_version, topic, state, log.last
FROM (SELECT coalesce(max(notification_id), 0) AS last FROM {TABLE}) AS log
LEFT JOIN LATERAL (
    SELECT * FROM {TABLE} WHERE notification_id > %s AND topic = ANY(%s) ORDER BY notification_id LIMIT %s
) AS entry ON true
ORDER BY entry.notification_id
"""


class EventStore:
    """The record of one service: what happened, in the order it was committed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.recorder = Recorder(Datastore(database))

    def stored(self, tx: Transaction, ids: Collection[UUID]) -> dict[UUID, list[tuple[str, bytes]]]:
        """Topic and state of each event of these aggregates, in order; aggregates without any are left out."""
        return self.recorder.load(tx, ids)

    def load(self, tx: Transaction, ids: Collection[UUID]) -> dict[UUID, list[Event]]:
        """The events themselves, all in memory at once."""
        return {
            aggregate_id: [events.decode(topic, state) for topic, state in rows]
            for aggregate_id, rows in self.stored(tx, ids).items()
        }

    def append(self, tx: Transaction, recorded: Sequence[Recorded]) -> None:
        """Keep these events. Raises VersionConflict when an aggregate has moved on meanwhile."""
        self.recorder.append(tx, recorded)

    def close(self) -> None:
        """Give the connections back."""
        self.recorder.datastore.close()


class Aggregates(Generic[A]):
    """A repository for batches, that remembers the aggregates last loaded: as many as `keep` events made, or fewer.

    An aggregate weighs one more than its events: those that have none are many, and take room too. To let
    go of the oldest, instead of those not used for longest, spares a note for each use; of a month's files no more are
    loaded again for that.

    Only the thread that owns it may use it. What it remembers is checked by the version of each
    append; after a failed batch, `forget` everything: memory may hold what was not committed.
    """

    def __init__(self, store: EventStore, make: Callable[[UUID], A], keep: int = 50_000) -> None:
        self._store = store
        self._make = make
        self._keep = keep
        self._known: OrderedDict[int, A] = OrderedDict()  # by number: a UUID hashes in Python, ten times slower
        self._weight = 0

    def get(self, tx: Transaction, ids: Collection[UUID]) -> dict[UUID, A]:
        """These aggregates as they stand; one that has no event yet comes new and empty."""
        wanted = list(ids)
        return dict(zip(wanted, self.each(tx, [aggregate_id.int for aggregate_id in wanted]), strict=True))

    def each(self, tx: Transaction, numbers: Sequence[int]) -> list[A]:
        """The aggregate of each id, as a number, in the order asked; the same one wherever the same id stands."""
        known = self._known
        missing = {number for number in numbers if number not in known}
        if missing:
            self._load(tx, [UUID(int=number) for number in missing])
        return [known[number] for number in numbers]

    def _load(self, tx: Transaction, missing: Sequence[UUID]) -> None:
        # Of one aggregate after the other: the events of a whole batch take several times the room of their bytes.
        stored = self._store.stored(tx, missing)
        for aggregate_id in missing:
            aggregate = self._known[aggregate_id.int] = self._make(aggregate_id)
            for topic, state in stored.pop(aggregate_id, ()):
                aggregate.replay_stored(topic, state)
            self._weight += 1 + aggregate.version

    def save(self, tx: Transaction, aggregates: Iterable[A]) -> None:
        """Keep what these aggregates recorded. Raises VersionConflict."""
        recorded: list[Recorded] = []
        for aggregate in aggregates:
            recorded += aggregate.collect()
        self._store.append(tx, recorded)
        self._weight += len(recorded)
        while self._weight > self._keep and self._known:
            _, oldest = self._known.popitem(last=False)
            self._weight -= 1 + oldest.version

    def forget(self) -> None:
        """Remember nothing: the next `get` loads from the store."""
        self._known.clear()
        self._weight = 0


def decide(store: EventStore, make: Callable[[UUID], A], aggregate_id: UUID, act: Callable[[A], R]) -> R:
    """Load one aggregate, let `act` decide, keep what it recorded; on a version conflict, again.

    What `act` returns is returned, what it raises is raised and nothing is kept.
    """
    for _ in range(_ATTEMPTS):
        try:
            with conflicts(), store.database.pipelined() as tx:
                aggregate = make(aggregate_id)
                for event in store.load(tx, [aggregate_id]).get(aggregate_id, ()):
                    aggregate.replay(event)
                answer = act(aggregate)
                store.append(tx, aggregate.collect())
        except VersionConflict:
            continue
        return answer
    raise VersionConflict


class StoreLog:
    """The event store as the relay reads it: each stored event becomes one message, or none."""

    def __init__(
        self,
        store: EventStore,
        translate: Callable[[Recorded], tuple[str, bytes] | None],
        topics: Sequence[str],
    ) -> None:
        self._store = store
        self._translate = translate
        self._topics = list(topics)

    def read(self, after: int, limit: int) -> Page:
        """The messages made of the next events after position `after`."""
        rows = self._store.database.rows(_NEXT, (after, self._topics, limit))
        messages = []
        for position, aggregate_id, version, topic, state, _ in rows:
            if position is not None:
                recorded = Recorded(aggregate_id, version, events.decode(topic, state), position)
                message = self._translate(recorded)
                if message:
                    messages.append(Outgoing(position, *message))
        full = len(rows) == limit and rows[-1][0] is not None
        return Page(messages, rows[-1][0] if full else max(after, rows[0][5]), more=full)

    def count(self, after: int) -> int:
        """How many events after position `after` others may be told of."""
        found: int = self._store.database.rows(_COUNT, (after, self._topics))[0][0]
        return found

    def end(self) -> int:
        """The position of the last event."""
        (last,) = self._store.database.rows(f"SELECT coalesce(max(notification_id), 0) FROM {TABLE}")[0]
        return int(last)

    def entry(self, position: int) -> Outgoing | None:
        """The message of the event at this position."""
        messages = self.read(position - 1, 1).messages
        return messages[0] if messages and messages[0].position == position else None
