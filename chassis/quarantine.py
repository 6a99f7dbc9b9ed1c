"""Messages that can never succeed, kept with the reason until someone decides; later ones of the same key follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.database import Transaction
from chassis.messages import Message, header_of

FOLLOWS = "follows a quarantined message of the same key"


@dataclass(frozen=True, slots=True)
class Held:
    """A quarantined message and why it is there."""

    id: int
    consumer: str
    stream: str
    message: Message
    reason: str
    since: datetime


def put(tx: Transaction, consumer: str, stream: str, message: Message, reason: str) -> None:
    """Keep `message`, in the transaction that passes over it."""
    tx.execute(
        "INSERT INTO quarantine (consumer, stream, position, partition, key, subject, msg_id, reason, payload)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (
            consumer,
            stream,
            message.seq,
            message.partition,
            message.key,
            message.subject,
            message.msg_id,
            reason,
            message.data,
        ),
    )


def hold(tx: Transaction, consumer: str) -> None:
    """Let nobody else add to, or replay from, this consumer's quarantine until the transaction ends."""
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"quarantine:{consumer}",))


def keys(tx: Transaction, consumer: str) -> set[str]:
    """The keys that have something in quarantine. Messages that show no key have none in common."""
    tx.execute("SELECT DISTINCT key FROM quarantine WHERE consumer = %s AND key <> ''", (consumer,))
    return {key for (key,) in tx.fetchall()}


def counts(tx: Transaction) -> dict[str, int]:
    """How many messages are kept of each consumer that has any."""
    tx.execute("SELECT consumer, count(*) FROM quarantine GROUP BY consumer")
    return dict(tx.fetchall())


def held(tx: Transaction, consumer: str | None = None, entry_id: int | None = None) -> Sequence[Held]:
    """What is kept, oldest first; of one consumer, or one entry, if asked."""
    tx.execute(
        "SELECT id, consumer, stream, position, partition, subject, payload, msg_id, reason, since"
        " FROM quarantine WHERE (%(consumer)s::text IS NULL OR consumer = %(consumer)s)"
        " AND (%(id)s::bigint IS NULL OR id = %(id)s) ORDER BY id",
        {"consumer": consumer, "id": entry_id},
    )
    return [
        Held(
            entry,
            name,
            stream,
            Message(position, partition, subject, bytes(payload), header_of(msg_id)),
            reason,
            since,
        )
        for entry, name, stream, position, partition, subject, payload, msg_id, reason, since in tx.fetchall()
    ]


def drop(tx: Transaction, entry_id: int) -> None:
    """Forget one entry."""
    tx.execute("DELETE FROM quarantine WHERE id = %s", (entry_id,))


def forget_key(tx: Transaction, key: str) -> None:
    """Forget everything kept about `key`: its subject was erased."""
    tx.execute("DELETE FROM quarantine WHERE key = %s", (key,))
