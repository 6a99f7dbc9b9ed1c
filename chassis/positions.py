"""How far each reader got: one row for each (consumer, partition), moved in the transaction of the effect."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from chassis.database import Transaction


class Position(NamedTuple):
    """The stream sequence of the last message handled, and its id, which tells one stream from another."""

    seq: int
    msg_id: str


class Fenced(Exception):
    """Another member moved this position: what we hold is out of date and must not be committed."""


def load(tx: Transaction, consumer: str, partitions: Collection[int]) -> dict[int, Position]:
    """The positions of these partitions; one never read stands at 0."""
    wanted = list(partitions)
    tx.execute(
        "INSERT INTO positions (consumer, partition) SELECT %s, unnest(%s::smallint[]) ON CONFLICT DO NOTHING",
        (consumer, wanted),
    )
    tx.execute(
        "SELECT partition, position, msg_id FROM positions WHERE consumer = %s AND partition = ANY(%s)",
        (consumer, wanted),
    )
    return {partition: Position(seq, msg_id) for partition, seq, msg_id in tx.fetchall()}


def move(tx: Transaction, consumer: str, held: Mapping[int, Position], to: Position) -> None:
    """Move every partition in `held` to `to`. Raises Fenced when one is no longer where we left it."""
    tx.execute(
        "UPDATE positions SET position = %s, msg_id = %s"
        " FROM unnest(%s::smallint[], %s::bigint[]) AS held (partition, position)"
        " WHERE consumer = %s AND positions.partition = held.partition AND positions.position = held.position",
        (*to, list(held), [position.seq for position in held.values()], consumer),
        prepare=True,
    )
    if tx.rowcount != len(held):
        raise Fenced
