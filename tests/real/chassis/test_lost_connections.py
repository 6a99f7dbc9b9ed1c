"""However a connection is lost, and whatever was being done: the error is one after which trying again makes sense."""

import socket
from collections.abc import Callable, Iterator

import psycopg
import pytest

from chassis.database import TRANSIENT, Database, Transaction
from tests.real.chassis.trial import SCHEMA


@pytest.fixture
def database(trial_database: str) -> Iterator[Database]:
    database = Database(trial_database, SCHEMA, pool_size=1)
    yield database
    database.close()


def cut(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """End the connection under the client, as a server does that is killed: without a word."""
    with socket.socket(fileno=connection.fileno()) as line:
        try:
            line.shutdown(socket.SHUT_RDWR)
        finally:
            line.detach()


def in_a_query(tx: Transaction) -> None:
    cut(tx.connection)
    tx.execute("SELECT 1")


def in_a_pipeline(tx: Transaction) -> None:
    with tx.connection.pipeline():
        tx.execute("SELECT 1")
        cut(tx.connection)
        tx.execute("SELECT 2")


def before_a_copy(tx: Transaction) -> None:
    cut(tx.connection)
    with tx.copy("COPY leases TO STDOUT") as copy:
        list(copy)


def in_a_copy_out(tx: Transaction) -> None:
    with tx.copy("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 100000)) TO STDOUT") as copy:
        for number, _ in enumerate(copy):
            if number == 10:
                cut(tx.connection)


def in_a_copy_in(tx: Transaction) -> None:
    tx.execute("CREATE TEMPORARY TABLE heap (line text)")
    with tx.copy("COPY heap FROM STDIN") as copy:
        copy.write(b"one\n")
        cut(tx.connection)


def at_the_commit(tx: Transaction) -> None:
    tx.execute("SELECT 1")
    cut(tx.connection)


@pytest.mark.parametrize("work", [in_a_query, in_a_pipeline, before_a_copy, in_a_copy_out, in_a_copy_in, at_the_commit])
def test_a_lost_connection_is_transient(database: Database, work: Callable[[Transaction], None]) -> None:
    with pytest.raises(TRANSIENT), database.transaction() as tx:
        work(tx)
    with database.transaction() as tx:
        assert tx.execute("SELECT 1").fetchone() == (1,)


def test_so_it_is_for_one_query_outside_of_a_transaction(database: Database) -> None:
    with database.transaction() as tx:  # the pool lends the same connection again
        line = tx.connection
    cut(line)
    with pytest.raises(TRANSIENT):
        database.rows("SELECT 1")


def test_an_error_of_the_statement_stays_what_it_is(database: Database) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable), database.transaction() as tx:
        tx.execute("SELECT * FROM nowhere")
