"""What the doctor says of a role that may more than its service needs, on a real PostgreSQL; its remedy mends it."""

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest

from cli.checkup.findings import Finding, Verdict
from cli.checkup.logins import logins
from cli.provision import schemas


@pytest.fixture
def owner(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Roles belong to the whole server: what is done to them here is never committed."""
    with psycopg.connect(postgres_url) as connection:
        yield connection
        connection.rollback()


def findings(owner: psycopg.Connection[Any]) -> list[Finding]:
    return list(logins(owner, schemas()))


def test_as_provisioned_all_is_well(owner: psycopg.Connection[Any]) -> None:
    assert [each.verdict for each in findings(owner)] == [Verdict.ok]


@pytest.mark.parametrize(
    ("done", "told"),
    [
        ("ALTER ROLE perseverance_alerts SUPERUSER", "has rights of an owner: SUPERUSER"),
        ("ALTER ROLE perseverance_alerts CREATEROLE BYPASSRLS", "has rights of an owner: CREATEROLE, BYPASSRLS"),
        ("GRANT perseverance_intake TO perseverance_alerts", "may act as perseverance_intake"),
        ("GRANT pg_read_all_data TO perseverance_alerts", "may act as pg_read_all_data"),
        ("GRANT USAGE ON SCHEMA intake TO perseverance_alerts", "reaches schemas that are not its own: intake"),
        ("GRANT CREATE ON SCHEMA alerts TO perseverance_alerts", "may make things in SCHEMA alerts"),
    ],
)
def test_too_many_rights_are_found_and_the_remedy_takes_them_back(
    owner: psycopg.Connection[Any], done: LiteralString, told: str
) -> None:
    owner.execute(done)
    found = findings(owner)
    assert {each.check for each in found} == {"login of alerts"}
    assert {each.verdict for each in found} == {Verdict.fail}
    assert any(told in each.detail for each in found), found
    for each in found:
        owner.execute(each.remedy.partition("; then")[0].encode())
    assert [each.verdict for each in findings(owner)] == [Verdict.ok]


def test_an_owner_of_tables_is_found_and_the_remedy_gives_them_back(owner: psycopg.Connection[Any]) -> None:
    owner.execute("ALTER TABLE alerts.positions OWNER TO perseverance_alerts")
    (found,) = findings(owner)
    assert "perseverance_alerts owns table alerts.positions" in found.detail
    owner.execute(found.remedy.removeprefix("as the owner: ").partition("; then")[0].encode())
    assert [each.verdict for each in findings(owner)] == [Verdict.ok]


def test_who_may_empty_a_table_is_told_to_be_provisioned(owner: psycopg.Connection[Any]) -> None:
    owner.execute("GRANT TRUNCATE ON alerts.positions TO perseverance_alerts")
    (found,) = findings(owner)
    assert "may empty or tie tables: positions" in found.detail
    assert found.remedy == "perseverance provision"


def test_a_role_that_may_not_sign_in_is_found(owner: psycopg.Connection[Any]) -> None:
    owner.execute("ALTER ROLE perseverance_parcours NOLOGIN")
    (found,) = findings(owner)
    assert found.check == "login of parcours"
    assert "provision" in found.remedy
