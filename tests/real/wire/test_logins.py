"""Each service signs in to PostgreSQL as itself, and reaches its own schema and nothing else."""

from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chassis.database import TRANSIENT, Database, role_of
from chassis.login import Login
from cli import passwords
from contracts.catalogue import SERVICES
from tests.real.wire.conftest import SignIn, said

pytestmark = pytest.mark.long

REFUSED = psycopg.errors.InsufficientPrivilege


def tables(connection: psycopg.Connection[tuple[str, ...]]) -> list[tuple[str, str]]:
    found = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s)", (list(SERVICES),)
    ).fetchall()
    return [(schema, table) for schema, table in found]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_itself_from_the_start(sign_in: SignIn, service: str) -> None:
    database = Database(sign_in(service), service)
    with database.transaction() as tx:
        who = tx.execute("SELECT session_user, current_user").fetchone()
        tx.execute("SELECT count(*) FROM positions")
    database.close()
    assert who == (role_of(service), role_of(service))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reaches_no_table_of_another(owner: str, sign_in: SignIn, service: str) -> None:
    with psycopg.connect(owner) as connection:
        foreign = [(schema, table) for schema, table in tables(connection) if schema != service]
    assert len({schema for schema, _ in foreign}) == len(SERVICES) - 1
    with sign_in(service).connect(autocommit=True) as connection:
        for schema, table in foreign:
            for statement in ("SELECT FROM {} LIMIT 1", "DELETE FROM {}", "INSERT INTO {} DEFAULT VALUES"):
                with pytest.raises(REFUSED):
                    connection.execute(sql.SQL(statement).format(sql.Identifier(schema, table)))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_makes_changes_and_empties_no_table(owner: str, sign_in: SignIn, service: str) -> None:
    with psycopg.connect(owner) as connection:
        own = [sql.Identifier(schema, table) for schema, table in tables(connection) if schema == service]
    mine = sql.Identifier(service)
    with sign_in(service).connect(autocommit=True) as connection:
        for statement in (
            sql.SQL("CREATE TABLE {}.mine (a int)").format(mine),
            sql.SQL("CREATE TABLE public.mine (a int)"),
            sql.SQL("CREATE TEMPORARY TABLE mine (a int)"),
            sql.SQL("CREATE SCHEMA mine"),
            sql.SQL("CREATE FUNCTION {}.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'").format(mine),
            *(sql.SQL("ALTER TABLE {} ADD COLUMN mine int").format(table) for table in own),
            *(sql.SQL("DROP TABLE {}").format(table) for table in own),
            *(sql.SQL("TRUNCATE {}").format(table) for table in own),
        ):
            with pytest.raises(REFUSED):
                connection.execute(statement)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_nobody_else_and_sees_no_password(sign_in: SignIn, service: str) -> None:
    others = [role_of(other) for other in SERVICES if other != service]
    with sign_in(service).connect(autocommit=True) as connection:
        for statement in (
            sql.SQL("SELECT rolpassword FROM pg_authid"),
            sql.SQL("SET ROLE postgres"),
            sql.SQL("CREATE ROLE mine"),
            sql.SQL("CREATE DATABASE mine"),
            sql.SQL("COPY (SELECT 1) TO PROGRAM 'cat'"),
            sql.SQL("SELECT pg_read_file('postgresql.conf')"),
            *(sql.SQL("SET ROLE {}").format(sql.Identifier(other)) for other in others),
            *(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(other)) for other in others),
        ):
            with pytest.raises(REFUSED):
                connection.execute(statement)


def test_a_service_with_the_password_of_another_does_not_come_in(owner: str, directory: Path) -> None:
    login = Login(make_conninfo(owner, user=role_of("alerts"), password=""), passwords.file_of(directory, "intake"))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        login.connect()


def test_nor_does_one_that_signs_in_as_another_act_as_itself(sign_in: SignIn, caplog: pytest.LogCaptureFixture) -> None:
    database = Database(sign_in("intake"), "alerts", pool_size=1)
    with pytest.raises(TRANSIENT), database.transaction():
        pass
    database.close()
    assert "give DATABASE_URL the service's own role" in said(caplog, "database.refused")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("not-the-one", "is DATABASE_PASSWORD_FILE this role's own"),
        ("", "set DATABASE_PASSWORD_FILE"),
        (None, "DATABASE_PASSWORD_FILE cannot be read"),
    ],
)
def test_what_is_wrong_with_a_password_is_said_and_never_quoted(
    owner: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str | None, what: str
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    database = Database(Login(make_conninfo(owner, user=role_of("alerts"), password=""), file), "alerts", pool_size=1)
    with pytest.raises(TRANSIENT), database.transaction():
        pass
    database.close()
    assert what in said(caplog, "database.refused")
    assert "not-the-one" not in caplog.text


def test_the_owner_is_whoever_started_the_server(owner: str) -> None:
    """By the word of the operating system: no password opens the way."""
    with psycopg.connect(owner) as connection:
        method = connection.execute("SELECT system_user").fetchone()
    assert method is not None
    assert method[0].startswith("peer:")


def test_passwords_are_for_their_owner_alone(directory: Path) -> None:
    for service in SERVICES:
        assert passwords.file_of(directory, service).stat().st_mode & 0o077 == 0
