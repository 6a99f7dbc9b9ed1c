"""This process among those that share the partitions of each consumer: one statement keeps all that it holds."""

import threading
import time
from concurrent.futures import Future
from typing import NamedTuple

from chassis.database import Database

LEASE_S = 9
"""A member that was not heard of for so long is gone, and what it held is free."""

RENEW_EVERY_S = 3

# What is found is as it was before: an end of ours that had passed shows. A lease ends with its member, so that one
# row is enough; each says when it ends for whoever looks at nothing else, as the version before did. Members are
# written before leases, in this order everywhere: two that went the other way round would wait for each other.
_RENEW = """
WITH hasty AS (SELECT set_config('synchronous_commit', 'off', true)),
here AS (
    UPDATE members SET until = clock_timestamp() + make_interval(secs => %(lease)s) FROM hasty
    WHERE consumer = ANY(%(consumers)s) AND member = %(me)s
    RETURNING consumer
),
kept AS (
    UPDATE leases SET until = clock_timestamp() + make_interval(secs => 4 * %(lease)s)
    WHERE consumer IN (SELECT consumer FROM here) AND owner = %(me)s
        AND until < clock_timestamp() + make_interval(secs => 2 * %(lease)s)
)
SELECT consumer, member, NULL, until < clock_timestamp() FROM members WHERE consumer = ANY(%(consumers)s)
UNION ALL SELECT consumer, owner, partition, false FROM leases WHERE consumer = ANY(%(consumers)s)
"""

Row = tuple[str, int | None, bool]
"""Who is there, a partition it holds (None: it is there), and whether the time of that is over."""


class Found(NamedTuple):
    """What was found of one consumer, when (monotonic seconds), and whether by somebody else of this process."""

    at: float
    rows: list[Row]
    told: bool = True


class Membership:
    """Renews what this process holds of every consumer that asked lately, and tells each what it found of it.

    Who has not asked for two rounds is renewed no more: a reader that hangs loses its partitions, whoever lives beside
    it in the same process. Called from the threads of readers and relays.
    """

    def __init__(self, database: Database, member: str = "one") -> None:
        self.database = database
        self.name = member
        self._lock = threading.Lock()
        self._asked: dict[str, float] = {}
        self._found: dict[str, Found] = {}
        self._looking: Future[dict[str, Found]] | None = None

    def told(self, consumer: str) -> Found | None:
        """What somebody of this process has just found of `consumer`, if anybody has. Asks nobody, waits for nobody."""
        with self._lock:
            return self._told(consumer)[0]

    def _told(self, consumer: str) -> tuple[Found | None, float]:
        self._asked[consumer] = now = time.monotonic()
        found = self._found.pop(consumer, None)
        return found if found and now - found.at < RENEW_EVERY_S / 3 else None, now

    def look(self, consumer: str) -> Found:
        """What is there of `consumer`, renewed a moment ago; each look is told to it once.

        Raises TRANSIENT, to all who waited for the same look.
        """
        while True:
            with self._lock:
                found, now = self._told(consumer)
                if found:
                    return found
                looking, ours = self._looking, self._looking is None
                if looking is None:
                    looking = self._looking = Future()
                    consumers = [each for each, at in self._asked.items() if now - at <= 2 * RENEW_EVERY_S]
            if ours:
                self._renew(looking, consumers, now)
            elif consumer not in looking.result():
                continue  # it was under way before we asked
            with self._lock:
                self._found.pop(consumer, None)
            return looking.result()[consumer]._replace(told=not ours)

    def forget(self, consumer: str) -> None:
        """What was found of `consumer` is not so any more."""
        with self._lock:
            self._found.pop(consumer, None)

    def leave(self, consumer: str) -> None:
        """Renew nothing of `consumer` from now on."""
        with self._lock:
            self._asked.pop(consumer, None)
            self._found.pop(consumer, None)

    def _renew(self, looking: "Future[dict[str, Found]]", consumers: list[str], now: float) -> None:
        try:
            found = {consumer: Found(now, []) for consumer in consumers}
            who = {"consumers": consumers, "me": self.name, "lease": LEASE_S}
            for consumer, *row in self.database.rows(_RENEW, who):
                found[consumer].rows.append(_row(*row))
        except BaseException as error:
            with self._lock:
                self._looking = None
            looking.set_exception(error)
            raise
        with self._lock:
            self._looking = None
            self._found.update(found)
        looking.set_result(found)


def _row(member: str, partition: int | None, over: bool) -> Row:
    return member, partition, over
