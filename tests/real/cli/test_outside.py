"""Commands that know of a suite only where its servers are: nobody hands them what its services keep to themselves.

The servers ask for a key and for a password.
"""

import asyncio
import json
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chassis.embedded import EmbeddedNats, free_port
from cli.keyring import Keyring
from cli.playing import preparing
from cli.runtime import Suite
from cli.simulator.academy import build
from tests.real.cli.running import Up, perseverance, up

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

CHIEF = "chief"
SECRET, SECRET_FILE = "PERSEVERANCE_TOKEN_SECRET", "PERSEVERANCE_TOKEN_SECRET_FILE"


@dataclass(frozen=True)
class Outside:
    """Somebody who was not there when the suite was started."""

    data: Path
    environment: dict[str, str]

    def __call__(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        environment = {SECRET: "", SECRET_FILE: "", **self.environment, **more}
        return perseverance(self.data, *arguments, limit=280, environment=environment)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("inside") / "var") as started:
        asyncio.run(preparing.load(Suite.find(started.data, {}), build(2, 60, 5)))
        yield started


@pytest.fixture(scope="module")
def outside(suite: Up, tmp_path_factory: pytest.TempPathFactory) -> Outside:
    directory = tmp_path_factory.mktemp("outside")
    password = directory / "chief.password"
    password.write_text(secrets.token_hex())
    with psycopg.connect(suite.runtime["database_url"], autocommit=True) as connection:
        role = sql.Identifier(CHIEF)
        connection.execute(
            sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}").format(role, sql.Literal(password.read_text()))
        )
    environment = {
        "NATS_URL": suite.runtime["nats_url"],
        "NATS_NKEY_FILE": str(Keyring(Path(suite.runtime["keys"])).seed_file("operations")),
        "DATABASE_URL": make_conninfo(suite.runtime["database_url"], user=CHIEF),
        "DATABASE_PASSWORD_FILE": str(password),
    }
    return Outside(directory / "var", environment)


def test_the_doctor_finds_nothing_wrong(outside: Outside) -> None:
    answer = outside("doctor", "--json")
    found = json.loads(answer.stdout)["findings"]
    assert [each for each in found if each["verdict"] == "fail"] == []
    assert {each["check"] for each in found} >= {"settings", "directory", "backlog", "quarantine of projections"}
    assert answer.returncode == 1, "nobody said where services listen"
    assert [each["check"] for each in found if each["verdict"] == "warn"] == ["services"]


def listening(suite: Up) -> dict[str, str]:
    return {name: f"http://127.0.0.1:{where['port']}" for name, where in suite.runtime["services"].items()}


def services(where: dict[str, str]) -> str:
    return ",".join(f"{name}={address}" for name, address in where.items())


def test_all_is_well_where_services_are_asked_too(outside: Outside, suite: Up) -> None:
    answer = outside("doctor", "--json", PERSEVERANCE_SERVICES=services(listening(suite)))
    assert answer.returncode == 0, answer.stdout
    assert {each["check"] for each in json.loads(answer.stdout)["findings"]} >= {*listening(suite), "versions"}


def test_a_service_that_is_not_where_it_should_be_is_found(outside: Outside, suite: Up) -> None:
    where = listening(suite) | {"alerts": f"http://127.0.0.1:{free_port()}"}
    answer = outside("doctor", "--json", "--services", services(where))
    assert answer.returncode == 2
    wrong = {
        each["check"]: each["remedy"] for each in json.loads(answer.stdout)["findings"] if each["verdict"] == "fail"
    }
    assert list(wrong) == ["alerts"]
    assert where["alerts"] in wrong["alerts"]


@pytest.mark.parametrize(
    "command",
    [
        ("wait", "--timeout", "60"),
        ("streams", "verify"),
        ("streams", "rewind"),
        ("quarantine", "list"),
        ("rebuild", "mails"),
    ],
    ids=" ".join,
)
def test_whoever_only_looks_needs_no_secret_of_the_services(outside: Outside, command: tuple[str, ...]) -> None:
    answer = outside(*command)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("service", ["alerts", "projections"])
def test_a_message_is_looked_for_to_be_handled_again(outside: Outside, service: str) -> None:
    answer = outside("quarantine", "replay", f"{service}/1")
    assert answer.returncode == 1
    assert f"there is no {service}/1 in quarantine" in answer.stderr


def test_a_backup_is_taken_with_the_password_of_the_file(outside: Outside, tmp_path: Path) -> None:
    answer = outside("backup", str(tmp_path / "saved"))
    assert answer.returncode == 0, answer.stderr


def test_a_backup_is_rehearsed_and_put_back(
    outside: Outside, suite: Up, bare_nats_server: EmbeddedNats, tmp_path: Path
) -> None:
    rehearsed = outside("rehearse")
    assert rehearsed.returncode == 0, rehearsed.stderr
    assert outside("backup", str(tmp_path / "saved")).returncode == 0
    with psycopg.connect(suite.runtime["database_url"], autocommit=True) as connection:
        connection.execute("CREATE DATABASE elsewhere")
    restored = outside(
        "restore",
        str(tmp_path / "saved"),
        DATABASE_URL=make_conninfo(outside.environment["DATABASE_URL"], dbname="elsewhere"),
        NATS_URL=bare_nats_server.url,
        NATS_NKEY_FILE="",
    )
    assert restored.returncode == 0, restored.stderr


def test_tokens_are_signed_with_the_secret_of_the_suite_and_no_other(outside: Outside, suite: Up) -> None:
    answer = outside("token", "--actor", "head-1")
    assert answer.returncode == 1
    assert SECRET in answer.stderr
    assert answer.stdout == ""
    secret = json.loads(Path(suite.runtime["secrets_file"]).read_text())[SECRET]
    assert outside("token", "--actor", "head-1", **{SECRET: secret}).returncode == 0


def test_a_secret_that_is_set_and_too_short_is_told(outside: Outside) -> None:
    answer = outside("doctor", "--json", **{SECRET: "short"})
    assert answer.returncode == 2
    told = [each["detail"] for each in json.loads(answer.stdout)["findings"] if each["check"] == "settings"]
    assert [f"{SECRET} or {SECRET_FILE} must give at least" in each for each in told] == [True]
