"""This process among those that share the partitions of each consumer: one statement keeps all that it holds."""

import math
import threading
import time
from concurrent.futures import Future
from typing import NamedTuple

from chassis.database import Database

LEASE_S = 9
"""A member that was not heard of for so long is gone, and what it held is free."""

RENEW_EVERY_S = 3

FOLLOW_S = 0.2
"""Whoever is told what another of its process found comes so much after that one, each time."""

# What is found is as it was before: an end of ours that had passed shows. A lease ends with its member, so that one
# row is enough; each says when it ends for whoever looks at nothing else, as the version before did. Members are
# written before leases, in this order everywhere: two that went the other way round would wait for each other. A member
# that somebody holds is passed over: it is being shared out, and the others need not wait for that, nor end with it.
_RENEW = """
WITH hasty AS (SELECT set_config('synchronous_commit', 'off', true)),
mine AS (
    SELECT consumer FROM members, hasty WHERE consumer = ANY(%(consumers)s) AND member = %(me)s
    FOR UPDATE OF members SKIP LOCKED
),
here AS (
    UPDATE members SET until = clock_timestamp() + make_interval(secs => %(lease)s)
    WHERE consumer IN (SELECT consumer FROM mine) AND member = %(me)s
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

_Look = Future[dict[str, list[Row]]]


class Found(NamedTuple):
    """What was found of one consumer, and when (monotonic seconds) to look again if nothing is amiss."""

    rows: list[Row]
    again_at: float


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
        self._found: dict[str, tuple[float, list[Row]]] = {}
        self._looking: _Look | None = None

    def told(self, consumer: str) -> Found | None:
        """What somebody of this process has just found of `consumer`, if anybody has. Asks nobody, waits for nobody."""
        with self._lock:
            return self._told(consumer, time.monotonic())

    def look(self, consumer: str) -> Found:
        """What is there of `consumer`, renewed a moment ago; each look is told to it once.

        Raises TRANSIENT, to all who waited for the same look.
        """
        while True:
            with self._lock:
                now = time.monotonic()
                if found := self._told(consumer, now):
                    return found
                look, ours = self._looking, self._looking is None
                if look is None:
                    look = self._looking = Future()
            if ours:
                return self._found_by_us(look, consumer, now)
            try:
                found_there = look.result(LEASE_S / 2)
            except TimeoutError:
                self._give_up(look)  # its connection may be dead: ours is another one
                continue
            if consumer in found_there:  # or it was under way before we asked
                self.forget(consumer)
                return Found(found_there[consumer], now + RENEW_EVERY_S + FOLLOW_S)

    def forget(self, consumer: str) -> None:
        """What was found of `consumer` is not so any more."""
        with self._lock:
            self._found.pop(consumer, None)

    def leave(self, consumer: str) -> None:
        """Renew nothing of `consumer` from now on."""
        with self._lock:
            self._asked.pop(consumer, None)
            self._found.pop(consumer, None)

    def _told(self, consumer: str, now: float) -> Found | None:
        self._asked[consumer] = now
        at, rows = self._found.pop(consumer, (-math.inf, []))
        return Found(rows, at + RENEW_EVERY_S + FOLLOW_S) if now - at < RENEW_EVERY_S / 3 else None

    def _found_by_us(self, look: _Look, consumer: str, now: float) -> Found:
        consumers = self._lately(now)
        found: dict[str, list[Row]] = {each: [] for each in consumers}
        try:
            who = {"consumers": consumers, "me": self.name, "lease": LEASE_S}
            for each, member, partition, over in self.database.rows(_RENEW, who):
                found[each].append((member, partition, over))
        except BaseException as error:
            self._give_up(look)
            look.set_exception(error)
            raise
        with self._lock:
            if self._looking is look:
                self._looking = None
                self._found |= {each: (now, rows) for each, rows in found.items() if each != consumer}
        look.set_result(found)
        return Found(found[consumer], self._again(consumer, consumers, now))

    def _again(self, consumer: str, consumers: list[str], now: float) -> float:
        """When who looked by itself looks again: one of all leads, the others come when it will have looked."""
        leader = min(consumers)
        with self._lock:
            led = now if leader == consumer else self._asked.get(leader, now) + FOLLOW_S
        # What took long is not asked for at once again.
        return max(led + RENEW_EVERY_S, time.monotonic() + RENEW_EVERY_S / 3)

    def _lately(self, now: float) -> list[str]:
        with self._lock:
            return [each for each, at in self._asked.items() if now - at <= 2 * RENEW_EVERY_S]

    def _give_up(self, look: _Look) -> None:
        with self._lock:
            if self._looking is look:
                self._looking = None
