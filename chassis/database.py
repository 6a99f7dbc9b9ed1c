"""One service's way into PostgreSQL: its role, its schema, short transactions. Synchronous: call it from a thread."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import eventsourcing.persistence as library
import psycopg
from psycopg import sql
from psycopg.abc import Params, QueryNoTemplate
from psycopg_pool import ConnectionPool, PoolTimeout

from chassis.login import Login, refusal
from chassis.logs import Log

log = Log("database")
R = TypeVar("R")

Transaction = psycopg.Cursor[tuple[Any, ...]]


def in_pipeline(tx: Transaction) -> bool:
    """Whether the statements of this transaction do not wait for each other's answers (`Database.pipelined`)."""
    return tx.connection.pgconn.pipeline_status != psycopg.pq.PipelineStatus.OFF


TRANSIENT: tuple[type[Exception], ...] = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.InternalError,
    PoolTimeout,
    library.OperationalError,
    library.InterfaceError,
    library.InternalError,
)
"""Errors after which trying the same thing again makes sense: the server's own trouble, never the message's."""

_LOCK_TIMEOUT = "5s"
_PROBE_S, _PROBE_CONNECT_S = 1.0, 2
_WAIT_S = 5.0


def role_of(schema: str) -> str:
    """The role of the service whose schema this is."""
    return f"perseverance_{schema}"


def take_role(connection: psycopg.Connection[Any], role: str) -> None:
    """Act as `role` unless that is who signed in, or it is empty. Raises psycopg.OperationalError when refused."""
    if role in ("", connection.info.user):
        return
    try:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    except psycopg.errors.InsufficientPrivilege as error:
        log.error("database.refused", what=refusal(error))
        raise psycopg.OperationalError("permission denied to set role") from error


class Database:
    """A pool of connections that act as one service: its role and its schema, nothing else in sight.

    `role` defaults to the one of the schema, which a service signs in as; whoever looks after services signs in as
    somebody who may take it. An empty string keeps the role of the login.
    """

    def __init__(self, login: Login | str, schema: str, *, role: str | None = None, pool_size: int = 4) -> None:
        self.login = login if isinstance(login, Login) else Login(login)
        self.url = self.login.url
        self.schema = schema
        self.role = role_of(schema) if role is None else role
        self._pool = ConnectionPool(
            self.url,
            connection_class=self.login.connection_class(),
            min_size=1,
            max_size=pool_size,
            open=False,
            configure=self._configure,
            timeout=_WAIT_S,
            # The pool doubles its pauses until it gives up, after five minutes if left to itself: a server that was
            # away for ten would then be back for minutes before anybody looked. Whoever asks next begins anew.
            reconnect_timeout=_WAIT_S,
        )

    def _configure(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        connection.autocommit = True
        take_role(connection, self.role)
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(self.schema)))
        # Waiting for ever on a lock held by a frozen process would freeze this one too.
        connection.execute(sql.SQL("SET lock_timeout TO {}").format(_LOCK_TIMEOUT))
        connection.autocommit = False

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """An open cursor; commits when the block ends, rolls back when it raises."""
        # An explicit block, so that a nested one is a savepoint even before the first statement.
        with self._connection() as connection, connection.transaction(), connection.cursor() as cursor:
            yield cursor

    @contextmanager
    def pipelined(self) -> Iterator[Transaction]:
        """A transaction that waits for the server only where something is fetched, and at its end.

        With little to do it is these ways to and fro that take the time. What it costs: the error of a statement
        comes with the next fetch or at the end, `rowcount` says nothing, there is no COPY and no nested transaction.
        """
        with self._connection() as connection:
            connection.autocommit = True  # the client would wait for the answer to a BEGIN of its own
            try:
                with connection.cursor() as cursor, connection.pipeline():
                    cursor.execute("BEGIN", prepare=False)
                    yield cursor
                    cursor.execute("COMMIT", prepare=False)
            except psycopg.errors.PipelineAborted as error:
                # What came after the statement that failed; what that one said is behind it.
                raise (error.__context__ or error) from None
            finally:
                if not connection.broken:
                    connection.rollback()
                    connection.autocommit = False

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        self._pool.open()
        with self._pool.connection() as connection:
            try:
                yield connection
            except psycopg.Error as error:
                # What the client library finds out by itself has no SQLSTATE, and comes as a bare DatabaseError:
                # a server that dies during a COPY would look like a statement that can never succeed.
                if connection.broken and not isinstance(error, TRANSIENT):
                    raise psycopg.OperationalError("the connection was lost") from error
                raise

    def rows(self, query: QueryNoTemplate, parameters: Params = ()) -> list[tuple[Any, ...]]:
        """What one query finds, outside of any transaction: one way to the server and back."""
        with self.reading() as cursor:
            return cursor.execute(query, parameters, prepare=True).fetchall()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """An open cursor outside of any transaction, each of whose queries is one way to the server and back."""
        with self._connection() as connection:
            connection.autocommit = True
            try:
                with connection.cursor(binary=True) as cursor:
                    yield cursor
            finally:
                connection.autocommit = False

    def probe(self, look: Callable[[psycopg.Connection[tuple[Any, ...]]], R]) -> R:
        """What `look` finds, within a few seconds. Raises psycopg.Error, with the server's own reason."""
        try:
            self._pool.open()
            with self._pool.connection(timeout=_PROBE_S) as connection:
                return look(connection)
        except TRANSIENT:
            # The pool only says that it has no connection: ask the server itself why.
            with self.login.connect(connect_timeout=_PROBE_CONNECT_S) as connection:
                self._configure(connection)
                return look(connection)

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close()
