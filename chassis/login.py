"""How a process signs in to PostgreSQL. The password is read at each connection: a new one needs no restart."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from chassis.logs import Log

log = Log("database")

_REFUSALS = (
    # What the server says before there is a session comes without an error code, in its own words.
    ("DATABASE_PASSWORD_FILE", "DATABASE_PASSWORD_FILE cannot be read: put the password of this role there"),
    ("no password supplied", "PostgreSQL asks for a password: set DATABASE_PASSWORD_FILE"),
    (
        "password",
        "PostgreSQL refuses the password, or does not know the user: is DATABASE_PASSWORD_FILE this role's own, and"
        " what provisioning was given?",
    ),
    ("Peer authentication", "PostgreSQL knows its owner by who runs the process: be the user who started the suite"),
    ("pg_hba", "PostgreSQL lets nobody in from here as this user: see its pg_hba.conf, or DATABASE_URL"),
    (
        "permission denied to set role|must be able to SET ROLE",
        "this login of PostgreSQL may not act as the service: give DATABASE_URL the service's own role",
    ),
    (r"role .* does not exist", "PostgreSQL does not know the user of DATABASE_URL: create it, or name another"),
    (
        r"database .* does not exist",
        "the database that DATABASE_URL names is missing: create it, then run `perseverance provision`",
    ),
    (r"too many clients|connection slots", "PostgreSQL has no connection left: raise max_connections"),
    (r"starting up|shutting down|recovery", "PostgreSQL is starting or stopping: nothing to do but wait"),
    (
        "certificate verify failed|does not match host name",
        "PostgreSQL's certificate is not one we trust for that name: see sslrootcert and the host in DATABASE_URL",
    ),
    ("SSL|certificate", "PostgreSQL and we do not agree on TLS: see sslmode and sslrootcert in DATABASE_URL"),
)


@dataclass(frozen=True, slots=True)
class Login:
    """Where the database is, as whom, and the file of the password when it is not in the url.

    The file holds one password, or while it is being changed two, one a line, tried in turn: whichever the server
    knows at that moment, one of them is right.
    """

    url: str
    password_file: Path | None = None

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """A connection of our own. Raises psycopg.OperationalError."""
        return self.connection_class().connect(self.url, **options)

    async def connect_async(self, **options: Any) -> psycopg.AsyncConnection[Any]:
        """The same, not waiting in the thread. Raises psycopg.OperationalError."""
        failure: Exception | None = None
        for password in self._passwords():
            try:
                return await psycopg.AsyncConnection.connect(self.url, **(options | password))
            except psycopg.OperationalError as error:
                failure = error
        raise self._told(failure)

    def connection_class(self) -> type[psycopg.Connection[Any]]:
        """What a pool makes its connections of."""
        login = self

        class Connection(psycopg.Connection[Any]):
            @classmethod
            def connect(cls, conninfo: str = "", **options: Any) -> "psycopg.Connection[Any]":  # type: ignore[override]
                failure: Exception | None = None
                for password in login._passwords():
                    try:
                        return super().connect(conninfo, **(options | password))
                    except psycopg.OperationalError as error:
                        failure = error
                raise login._told(failure)

        return Connection

    def _passwords(self) -> list[dict[str, Any]]:
        if self.password_file is None:
            return [{}]
        try:
            found = self.password_file.read_text().split()
        except OSError as error:
            raise self._told(psycopg.OperationalError(f"DATABASE_PASSWORD_FILE: {error.strerror}")) from None
        # The first once more: the server may have been told of it after we tried it, and before we tried the others.
        again = found[:1] if len(found) > 1 else []
        return [{"password": password} for password in (*found, *again)] or [{"password": ""}]

    def _told(self, failure: Exception | None) -> Exception:
        """The failure, after saying what to do about it if the server is there and refuses."""
        assert failure is not None
        what = refusal(failure)
        if what:
            log.error("database.refused", what=what)
        return failure


def refusal(error: Exception) -> str:
    """Why PostgreSQL refuses us and what to do about it; an empty string when it is merely not there."""
    return next((words for pattern, words in _REFUSALS if re.search(pattern, str(error))), "")
