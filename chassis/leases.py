"""Who reads which partition. Leases spare work, they guard nothing: the fence on positions does."""

from collections.abc import Collection, Mapping
from hashlib import blake2b

from chassis.database import Database, Transaction

LEASE_S = 9
RENEW_EVERY_S = 3
WANTING_EVERY_S = 0.25
"""While others still hold part of our share: they give it back when they next renew."""

# One member at a time: two at once would both count the same free partitions. And nobody waits for the disk: what a
# crash of the server forgets of this is claimed again.
_BEGIN = "SELECT set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock(hashtextextended(%s, 0))"
_HERE = """
WITH gone AS (DELETE FROM members WHERE consumer = %(consumer)s AND member <> %(me)s AND until < clock_timestamp()),
     free AS (DELETE FROM leases WHERE consumer = %(consumer)s AND owner <> %(me)s AND until < clock_timestamp())
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
SELECT %(consumer)s, mine, %(me)s, clock_timestamp() + make_interval(secs => %(lease)s)
FROM unnest(%(mine)s::smallint[]) AS mine
ON CONFLICT (consumer, partition) DO UPDATE SET until = excluded.until
"""
_RENEW = """
WITH here AS (
    UPDATE members SET until = clock_timestamp() + make_interval(secs => %(lease)s)
    WHERE consumer = %(consumer)s AND member = %(me)s
)
UPDATE leases SET until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE consumer = %(consumer)s AND owner = %(me)s
"""
_LEAVE = """
WITH gone AS (DELETE FROM members WHERE consumer = %(consumer)s AND member = %(me)s)
DELETE FROM leases WHERE consumer = %(consumer)s AND owner = %(me)s
"""


def shares(consumer: str, partitions: int, held: Mapping[str, int]) -> dict[str, int]:
    """How many partitions each member is to have, given how many it holds: even, and with the fewest moves.

    What cannot be divided evenly stays with those who have it; where nobody has, chance decides, anew for each
    consumer: were it always the first by name, one replica would have the odd partition of everything. Of what has
    one partition, as a relay has, chance alone decides: a newcomer takes some of them, and nobody else any.
    """
    each, extra = divmod(partitions, len(held))

    def order(member: str) -> tuple[int, bytes]:
        chance = blake2b(f"{consumer} {member}".encode(), digest_size=8).digest()
        return 0 if partitions == 1 else -min(held[member], each + 1), chance

    return {member: each + (place < extra) for place, member in enumerate(sorted(held, key=order))}


class Leases:
    """This member's share of the partitions of one consumer, on the database's clock."""

    def __init__(self, database: Database, consumer: str, member: str, partitions: int) -> None:
        self._database = database
        self._consumer = consumer
        self._member = member
        self._partitions = partitions
        self._wanting = False

    @property
    def again_in_s(self) -> float:
        """How long to wait before the next claim."""
        return min(WANTING_EVERY_S, RENEW_EVERY_S) if self._wanting else RENEW_EVERY_S

    def claim(self) -> frozenset[int]:
        """Renew, give back what is more than our share, take what is free; return what is ours."""
        with self._database.pipelined() as tx:
            tx.execute(_BEGIN, (f"leases:{self._consumer}",))
            self._run(tx, _HERE)
            owned = self._owned(tx)
            share = shares(self._consumer, self._partitions, {who: len(what) for who, what in owned.items()})
            free = set(range(self._partitions)).difference(*owned.values())
            mine = [*sorted(owned[self._member]), *sorted(free)][: share[self._member]]
            self._run(tx, _KEEP, mine)
        self._wanting = len(mine) < share[self._member]
        return frozenset(mine)

    def renew(self) -> None:
        """Keep what is ours a while longer, and learn nothing new."""
        with self._database.pipelined() as tx:
            tx.execute(_BEGIN, (f"leases:{self._consumer}",))
            self._run(tx, _RENEW)

    def release(self) -> None:
        """Give everything back, for a quick hand-over at a clean stop."""
        with self._database.pipelined() as tx:
            tx.execute(_BEGIN, (f"leases:{self._consumer}",))
            self._run(tx, _LEAVE)

    def _owned(self, tx: Transaction) -> dict[str, set[int]]:
        """Who is there, ourselves included, and what each holds."""
        self._run(tx, _SEEN)
        found: dict[str, set[int]] = {}
        for member, partition in tx.fetchall():
            found.setdefault(member, set()).update(() if partition is None else (partition,))
        return found

    def _run(self, tx: Transaction, statement: str, mine: Collection[int] = ()) -> None:
        who = {"consumer": self._consumer, "me": self._member, "lease": LEASE_S, "mine": list(mine)}
        tx.execute(statement, who, prepare=True)
