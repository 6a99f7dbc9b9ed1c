"""The owner of the database as CloudNativePG makes it: it makes roles, and is no superuser."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chassis.database import Database, role_of
from chassis.embedded import EmbeddedPostgres
from chassis.login import Login
from chassis.nats import Nats
from chassis.provision import provision_database
from cli import passwords
from cli.checkup.findings import Verdict
from cli.checkup.logins import logins
from cli.errors import CliError
from cli.provision import provision, schemas
from cli.runtime import Suite
from contracts.catalogue import SERVICES
from services.projections.catalogue import READ_MODELS
from services.projections.rebuilding import Rebuild
from tests.real.projections.house import ReadModels
from tests.real.projections.test_projections_rebuild import everything, shape
from tests.web.conftest import opened

pytestmark = pytest.mark.long

_ROOT = Path(__file__).parents[3]
_SECRET = "of-the-owner"


class Owned(NamedTuple):
    """A database that belongs to `role`, and what its services are to sign in with."""

    role: str
    url: str
    passwords: Path

    def of(self, service: str) -> Login:
        url = make_conninfo(self.url, user=role_of(service), password="")
        return Login(url, passwords.file_of(self.passwords, service))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One where nobody has made the roles yet: they belong to the whole server."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("ordinary") / "data")
    server.start()
    yield server
    server.stop()


def _own(server: EmbeddedPostgres, role: str, directory: Path) -> Owned:
    name = f"{role}_{uuid4().hex}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(sql.Identifier(role), _SECRET)
            )
        statement = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(role))
        connection.execute(statement)
    passwords.make(directory)
    return Owned(role, make_conninfo(server.url, dbname=name, user=role, password=_SECRET), directory)


@pytest.fixture
def owned(server: EmbeddedPostgres, tmp_path: Path) -> Owned:
    """A database as the job finds it at first."""
    return _own(server, "perseverance", tmp_path / "passwords")


@pytest.fixture
def provisioned(owned: Owned) -> Owned:
    provision_database(owned.url, schemas(), passwords.read(owned.passwords))
    return owned


def test_it_provisions_and_provisions_again(owned: Owned) -> None:
    said = passwords.read(owned.passwords)
    assert provision_database(owned.url, schemas(), said) != []
    assert provision_database(owned.url, schemas(), said) == []
    with psycopg.connect(owned.url) as connection:
        assert [each.verdict for each in logins(connection, schemas())] == [Verdict.ok]
        assert not [problem for schema in schemas() for problem in schema.problems(connection)]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_signs_in_and_works(provisioned: Owned, service: str) -> None:
    database = Database(provisioned.of(service), service)
    with database.transaction() as tx:
        assert tx.execute("SELECT current_user").fetchone() == (role_of(service),)
        tx.execute("INSERT INTO positions (consumer, partition, position, msg_id) VALUES ('x', 0, 1, '')")
    database.close()


def test_nobody_else_of_the_server_comes_in(server: EmbeddedPostgres, provisioned: Owned) -> None:
    stranger = _own(server, "stranger", provisioned.passwords)
    psycopg.connect(stranger.url).close()
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(make_conninfo(provisioned.url, user=stranger.role))


def test_who_watches_the_server_for_an_operator_comes_in(server: EmbeddedPostgres, provisioned: Owned) -> None:
    """CloudNativePG's exporter asks each database as this role, a member of `pg_monitor`."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE cnpg_metrics_exporter LOGIN PASSWORD {} IN ROLE pg_monitor").format(_SECRET)
        )
    psycopg.connect(make_conninfo(provisioned.url, user="cnpg_metrics_exporter")).close()


def test_it_changes_a_password_and_acts_as_a_service(provisioned: Owned, tmp_path: Path) -> None:
    former = provisioned.of("alerts")
    passwords.make(tmp_path / "new")
    provision_database(provisioned.url, schemas(), passwords.read(tmp_path / "new"))
    with pytest.raises(psycopg.OperationalError):
        former.connect()
    provisioned._replace(passwords=tmp_path / "new").of("alerts").connect().close()
    database = Database(provisioned.url, "alerts")
    with database.transaction() as tx:
        assert tx.execute("SELECT current_user").fetchone() == ("perseverance_alerts",)
    database.close()


@pytest.mark.parametrize("model", READ_MODELS, ids=lambda model: model.name)
async def test_it_builds_a_read_model_anew(provisioned: Owned, nats_url: str, model: object) -> None:
    """Whose rows are guarded from the owner of their table as from anybody else."""
    models, nats = ReadModels(provisioned.url), Nats(nats_url, "test")
    await nats.connect()
    async with opened(nats_url, provisioned.url) as house:
        await house.tell(*everything(20))
        before, made = models.content(), shape(models)
        done = await Rebuild(model, nats, provisioned.url).run()  # type: ignore[arg-type]
        assert done.facts > 0
        assert models.content() == before
        assert shape(models) == made
    models.close()
    await nats.close()


def test_the_command_line_works_as_it(owned: Owned, nats_url: str, tmp_path: Path) -> None:
    (tmp_path / "owner").write_text(_SECRET)
    environment = {
        **os.environ,
        "NATS_URL": nats_url,
        "DATABASE_URL": make_conninfo(owned.url, password=""),
        "DATABASE_PASSWORD_FILE": str(tmp_path / "owner"),
        "PERSEVERANCE_TOKEN_SECRET": "x" * 32,
    }

    def perseverance(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "cli.main", "--data", str(tmp_path / "data"), *arguments]
        return subprocess.run(command, env=environment, cwd=_ROOT, capture_output=True, text=True, timeout=90)

    for arguments in (("provision", "--passwords", str(owned.passwords)), ("provision",), ("rebuild",)):
        done = perseverance(*arguments)
        assert done.returncode == 0, done.stderr
    findings = json.loads(perseverance("doctor", "--json").stdout)["findings"]
    told = {each["check"]: each["verdict"] for each in findings}
    assert {told[check] for check in ("postgresql", "logins", "tables", "streams", "backlog", "deadlines")} == {"ok"}
    failed = {check for check, verdict in told.items() if verdict == "fail"}
    assert all(check.startswith("reader ") for check in failed), "no service runs here, and nothing else is wrong"


@pytest.mark.parametrize("rights", ["CREATEROLE", "NOCREATEROLE"])
def test_another_owner_is_told_that_the_roles_are_not_its_own(
    server: EmbeddedPostgres, provisioned: Owned, rights: str
) -> None:
    """Roles belong to the whole server: a second académie on it would share the logins of the first."""
    other = _own(server, "other", provisioned.passwords)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER ROLE other {}").format(sql.SQL(rights)))
    with pytest.raises(CliError, match="those of the services are another's") as refused:
        provision(Suite(Path(), "", other.url), provisioned.passwords)
    assert "CREATEROLE" in refused.value.hint
    provisioned.of("intake").connect().close()
