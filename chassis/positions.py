"""How far each reader got: one row for each (consumer, partition), moved in the transaction of the effect."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import psycopg

from chassis.database import Database, Transaction


class Position(NamedTuple):
    """The stream sequence of the last message handled, and its id, which tells one stream from another."""

    seq: int
    msg_id: str


class Fenced(Exception):
    """Another member moved this position: what we hold is out of date and must not be committed."""


# The server itself must find it wrong: to look at the answer would be one more way to it and back in each batch.
_MOVE = """
WITH moved AS (
    UPDATE positions SET position = %s, msg_id = %s
    FROM unnest(%s::smallint[], %s::bigint[]) AS held (partition, position)
    WHERE consumer = %s AND positions.partition = held.partition AND positions.position = held.position
    RETURNING 1
)
SELECT 1 / (count(*) = %s)::int FROM moved
"""


@contextmanager
def fencing() -> Iterator[None]:
    """Raises Fenced for what the server says of a position that is no longer there."""
    try:
        yield
    except psycopg.errors.DivisionByZero as error:
        raise Fenced from error


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


def reached(database: Database, consumer: str) -> int:
    """Up to where every partition was read, as last committed; 0 where nothing was."""
    ((lowest,),) = database.rows("SELECT coalesce(min(position), 0) FROM positions WHERE consumer = %s", (consumer,))
    return int(lowest)


def move(tx: Transaction, consumer: str, held: Mapping[int, Position], to: Position) -> None:
    """Move every partition in `held` to `to`. Raises Fenced when one is no longer where we left it.

    In a pipelined transaction only its end can tell: keep that within `fencing`.
    """
    with fencing():
        tx.execute(
            _MOVE, (*to, list(held), [position.seq for position in held.values()], consumer, len(held)), prepare=True
        )
