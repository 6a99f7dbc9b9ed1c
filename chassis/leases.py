"""Who reads which partition. Leases spare work, they guard nothing: the fence on positions does."""

import time
from collections.abc import Iterable
from hashlib import blake2b

from chassis import membership
from chassis.membership import Found, Membership, Row

SOON_S = 0.25
"""So long after partitions were shared out we look again: four times a second while others hold part of our share.

Once it is settled we look after twice as long each time, until the usual round comes first: where one comes or goes
others do, as when a service is started or given more replicas.
"""
_LONG_S = 60.0  # by then the usual round comes first
# One member at a time: two at once would both count the same free partitions. And nobody waits for the disk: what a
# crash of the server forgets of this is claimed again. Members are written before leases, here as when renewing: of two
# that went opposite ways each would wait for the other.
_BEGIN = "SELECT set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock(hashtextextended(%s, 0))"
_HERE = """
WITH gone AS (
    DELETE FROM members WHERE consumer = %(consumer)s AND member <> %(me)s AND until < statement_timestamp()
    RETURNING member
),
free AS (
    DELETE FROM leases WHERE consumer = %(consumer)s AND owner <> %(me)s AND owner NOT IN (
        SELECT member FROM members WHERE consumer = %(consumer)s AND until >= statement_timestamp()
    ) AND (SELECT count(*) FROM gone) >= 0
)
INSERT INTO members (consumer, member, until)
VALUES (%(consumer)s, %(me)s, clock_timestamp() + make_interval(secs => %(lease)s))
ON CONFLICT (consumer, member) DO UPDATE SET until = excluded.until
"""
_SEEN = """
SELECT member, NULL FROM members WHERE consumer = %(consumer)s
UNION ALL SELECT owner, partition FROM leases WHERE consumer = %(consumer)s
"""
_KEEP = """
WITH given AS (
    DELETE FROM leases WHERE consumer = %(consumer)s AND owner = %(me)s AND partition <> ALL(%(mine)s::smallint[])
)
INSERT INTO leases (consumer, partition, owner, until)
SELECT %(consumer)s, mine, %(me)s, clock_timestamp() + make_interval(secs => 4 * %(lease)s)
FROM unnest(%(mine)s::smallint[]) AS mine
ON CONFLICT (consumer, partition) DO UPDATE SET until = excluded.until
"""
_LEAVE = """
WITH gone AS (DELETE FROM members WHERE consumer = %(consumer)s AND member = %(me)s RETURNING member)
DELETE FROM leases WHERE consumer = %(consumer)s AND owner = %(me)s AND (SELECT count(*) FROM gone) >= 0
"""


def shares(consumer: str, partitions: int, members: Iterable[str]) -> dict[str, range]:
    """Which partitions each member is to have: even shares, each in one piece.

    A piece is what a server can be asked for with one filter, or with few. Chance decides their order, once for each
    consumer and member: who is there keeps its place when others come and go, and no replica has the odd partition of
    everything. Of what has one partition, as a relay has, a newcomer takes some, and nobody else any.
    """
    order = sorted(members, key=lambda member: blake2b(f"{consumer} {member}".encode(), digest_size=8).digest())
    each, extra = divmod(partitions, len(order))
    found, first = {}, 0
    for place, member in enumerate(order):
        found[member] = range(first, first + each + (place < extra))
        first = found[member].stop
    return found


class Leases:
    """This process's share of the partitions of one consumer, on the database's clock."""

    def __init__(self, member: Membership, consumer: str, partitions: int) -> None:
        self._membership = member
        self._database = member.database
        self._member = member.name
        self._consumer = consumer
        self._partitions = partitions
        self._pause_s = SOON_S
        self._mine: frozenset[int] = frozenset()
        self._due = 0.0

    @property
    def due_in_s(self) -> float:
        """How long to wait before the next claim: 0 when it is due."""
        return max(0.0, self._due - time.monotonic())

    def unchanged(self) -> frozenset[int] | None:
        """What is ours, where somebody of this process has just found it still so; None where it must be claimed.

        Waits for nothing, so that not every reader of a process goes through its thread each time.
        """
        found = self._membership.told(self._consumer)
        if found is None or not self._settled(found.rows):
            return None
        self._look_again(found, settled=True)
        return self._mine

    def claim(self) -> frozenset[int]:
        """Renew, give back what is more than our share, take what is free; return what is ours."""
        found = self._membership.look(self._consumer)
        # Nearly always everything stays as it is, and one statement for all of a process is all it takes to know.
        settled = self._settled(found.rows)
        if not settled:
            self._mine = self._divided()
        self._look_again(found, settled=settled)
        return self._mine

    def renew(self) -> None:
        """Keep what is ours a while longer, and change nothing else."""
        self._membership.look(self._consumer)

    def _look_again(self, found: Found, *, settled: bool) -> None:
        self._pause_s = min(2 * self._pause_s, _LONG_S) if settled else SOON_S
        self._due = min(found.again_at, time.monotonic() + self._pause_s)

    def _settled(self, found: list[Row]) -> bool:
        """Whether all hold what they are to hold: nobody came or left, nothing of ours is to be given or taken."""
        held = _held((member, partition) for member, partition, _ in found)
        present = {member for member, partition, _ in found if partition is None}
        if held.keys() != present or any(over for _, _, over in found):
            return False
        return held.get(self._member) == set(self._mine) == self._share(held)

    def _divided(self) -> frozenset[int]:
        with self._database.pipelined() as tx:
            tx.execute(_BEGIN, (f"leases:{self._consumer}",))
            tx.execute(_HERE, self._who(), prepare=True)
            tx.execute(_SEEN, self._who(), prepare=True)
            held = _held(tx.fetchall())
            share = self._share(held)
            free = set(range(self._partitions)).difference(*held.values())
            mine = sorted(share & (held[self._member] | free))
            tx.execute(_KEEP, self._who() | {"mine": mine}, prepare=True)
        self._membership.forget(self._consumer)
        return frozenset(mine)

    def release(self) -> None:
        """Give everything back, for a quick hand-over at a clean stop."""
        self._mine = frozenset()
        self._membership.leave(self._consumer)
        with self._database.pipelined() as tx:
            tx.execute(_BEGIN, (f"leases:{self._consumer}",))
            tx.execute(_LEAVE, self._who(), prepare=True)

    def _share(self, members: Iterable[str]) -> set[int]:
        return set(shares(self._consumer, self._partitions, members)[self._member])

    def _who(self) -> dict[str, object]:
        return {"consumer": self._consumer, "me": self._member, "lease": membership.LEASE_S}


def _held(found: Iterable[tuple[str, int | None]]) -> dict[str, set[int]]:
    """Who is there and which partitions each holds; a row without a partition only says that somebody is there."""
    held: dict[str, set[int]] = {}
    for member, partition in found:
        held.setdefault(member, set()).update(() if partition is None else (partition,))
    return held
