"""Who reads which partition. Leases spare work, they guard nothing: the fence on positions does."""

from chassis.database import Database, Transaction

LEASE_S = 6
RENEW_EVERY_S = 2


class Leases:
    """This member's share of the partitions of one consumer, on the database's clock."""

    def __init__(self, database: Database, consumer: str, member: str, partitions: int) -> None:
        self._database = database
        self._consumer = consumer
        self._member = member
        self._partitions = partitions

    def claim(self) -> frozenset[int]:
        """Renew, give back what is more than our share, take what is free; return what is ours."""
        with self._database.transaction() as tx:
            # One member at a time: two at once would both count the same free partitions.
            tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"leases:{self._consumer}",))
            members = self._members(tx)
            each, extra = divmod(self._partitions, len(members))
            share = each + (members.index(self._member) < extra)
            kept = self._mine(tx)[:share]
            tx.execute(
                "DELETE FROM leases WHERE consumer = %s AND CASE owner WHEN %s"
                " THEN NOT partition = ANY(%s::smallint[]) ELSE until < clock_timestamp() END",
                (self._consumer, self._member, kept),
            )
            tx.execute(
                "INSERT INTO leases (consumer, partition, owner, until)"
                " SELECT %(consumer)s, free, %(owner)s, now() FROM generate_series(0, %(count)s - 1) AS free"
                " WHERE NOT EXISTS (SELECT FROM leases WHERE consumer = %(consumer)s AND partition = free)"
                " ORDER BY free LIMIT %(wanted)s",
                {
                    "consumer": self._consumer,
                    "owner": self._member,
                    "count": self._partitions,
                    "wanted": share - len(kept),
                },
            )
            tx.execute(
                "UPDATE leases SET until = clock_timestamp() + make_interval(secs => %s)"
                " WHERE consumer = %s AND owner = %s",
                (LEASE_S, self._consumer, self._member),
            )
            return frozenset(self._mine(tx))

    def release(self) -> None:
        """Give everything back, for a quick hand-over at a clean stop."""
        with self._database.transaction() as tx:
            for table, column in (("leases", "owner"), ("members", "member")):
                tx.execute(
                    f"DELETE FROM {table} WHERE consumer = %s AND {column} = %s",
                    (self._consumer, self._member),
                )

    def _members(self, tx: Transaction) -> list[str]:
        """Who is there, ourselves included, in the same order for everybody."""
        tx.execute(
            "INSERT INTO members (consumer, member, until)"
            " VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s))"
            " ON CONFLICT (consumer, member) DO UPDATE SET until = excluded.until",
            (self._consumer, self._member, LEASE_S),
        )
        tx.execute("DELETE FROM members WHERE consumer = %s AND until < clock_timestamp()", (self._consumer,))
        tx.execute("SELECT member FROM members WHERE consumer = %s ORDER BY member", (self._consumer,))
        return [member for (member,) in tx.fetchall()]

    def _mine(self, tx: Transaction) -> list[int]:
        tx.execute(
            "SELECT partition FROM leases WHERE consumer = %s AND owner = %s ORDER BY partition",
            (self._consumer, self._member),
        )
        return [partition for (partition,) in tx.fetchall()]
