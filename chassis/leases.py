"""Who reads which partition. Leases spare work, they guard nothing: the fence on positions does."""

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from typing import Any

from chassis.database import Database

LEASE_S = 9
"""A member that was not heard of for so long is gone, and what it held is free."""

RENEW_EVERY_S = 3
WANTING_EVERY_S = 0.25
"""While others still hold part of our share: they give it back when they next renew."""

# One member at a time: two at once would both count the same free partitions. And nobody waits for the disk: what a
# crash of the server forgets of this is claimed again.
_BEGIN = "SELECT set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock(hashtextextended(%s, 0))"
_HERE = """
WITH gone AS (
    DELETE FROM members WHERE consumer = %(consumer)s AND member <> %(me)s AND until < statement_timestamp()
),
free AS (
    DELETE FROM leases WHERE consumer = %(consumer)s AND owner <> %(me)s AND owner NOT IN (
        SELECT member FROM members WHERE consumer = %(consumer)s AND until >= statement_timestamp()
    )
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
# What is found is as it was before: an end of ours that had passed shows. A lease ends with its member, so that one
# row is enough; each says when it ends for whoever looks at nothing else, as the version before did.
_RENEW = """
WITH hasty AS (SELECT set_config('synchronous_commit', 'off', true)),
here AS (
    UPDATE members SET until = clock_timestamp() + make_interval(secs => %(lease)s) FROM hasty
    WHERE consumer = %(consumer)s AND member = %(me)s
),
kept AS (
    UPDATE leases SET until = clock_timestamp() + make_interval(secs => 4 * %(lease)s)
    WHERE consumer = %(consumer)s AND owner = %(me)s
        AND until < clock_timestamp() + make_interval(secs => 2 * %(lease)s)
)
SELECT member, NULL, until < clock_timestamp() FROM members WHERE consumer = %(consumer)s
UNION ALL SELECT owner, partition, false FROM leases WHERE consumer = %(consumer)s
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
        self._mine: frozenset[int] = frozenset()

    @property
    def again_in_s(self) -> float:
        """How long to wait before the next claim."""
        return min(WANTING_EVERY_S, RENEW_EVERY_S) if self._wanting else RENEW_EVERY_S

    def claim(self) -> frozenset[int]:
        """Renew, give back what is more than our share, take what is free; return what is ours."""
        # Nearly always everything stays as it is, and one statement is all it takes to know.
        if self._settled(self._renewed()):
            self._wanting = False
        else:
            self._mine = self._divided()
        return self._mine

    def renew(self) -> None:
        """Keep what is ours a while longer, and change nothing else."""
        self._renewed()

    def _renewed(self) -> list[tuple[Any, ...]]:
        """Keep what is ours; return who is there and what each holds, and whether the time of that is over."""
        return self._database.rows(_RENEW, self._who())

    def _settled(self, found: list[tuple[Any, ...]]) -> bool:
        """Whether all hold what they are to hold: nobody came or left, nothing of ours is to be given or taken."""
        held = _held((member, partition) for member, partition, _ in found)
        present = {member for member, partition, _ in found if partition is None}
        if held.keys() != present or any(over for _, _, over in found):
            return False
        return held.get(self._member) == set(self._mine) and self._share(held) == len(self._mine)

    def _divided(self) -> frozenset[int]:
        with self._database.pipelined() as tx:
            tx.execute(_BEGIN, (f"leases:{self._consumer}",))
            tx.execute(_HERE, self._who(), prepare=True)
            tx.execute(_SEEN, self._who(), prepare=True)
            held = _held(tx.fetchall())
            share = self._share(held)
            free = set(range(self._partitions)).difference(*held.values())
            mine = [*sorted(held[self._member]), *sorted(free)][:share]
            tx.execute(_KEEP, self._who() | {"mine": mine}, prepare=True)
        self._wanting = len(mine) < share
        return frozenset(mine)

    def release(self) -> None:
        """Give everything back, for a quick hand-over at a clean stop."""
        self._mine = frozenset()
        with self._database.pipelined() as tx:
            tx.execute(_BEGIN, (f"leases:{self._consumer}",))
            tx.execute(_LEAVE, self._who(), prepare=True)

    def _share(self, held: Mapping[str, Collection[int]]) -> int:
        counts = {member: len(partitions) for member, partitions in held.items()}
        return shares(self._consumer, self._partitions, counts)[self._member]

    def _who(self) -> dict[str, Any]:
        return {"consumer": self._consumer, "me": self._member, "lease": LEASE_S}


def _held(found: Iterable[tuple[str, int | None]]) -> dict[str, set[int]]:
    """Who is there and which partitions each holds; a row without a partition only says that somebody is there."""
    held: dict[str, set[int]] = {}
    for member, partition in found:
        held.setdefault(member, set()).update(() if partition is None else (partition,))
    return held
