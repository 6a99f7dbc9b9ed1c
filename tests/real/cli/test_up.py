"""`perseverance up`: everything starts, survives what dies, and stops without leaving anything behind."""

import http.client
import json
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.real.cli.running import Up, eventually, perseverance, ready, running, up

pytestmark = pytest.mark.timeout(300)

SERVICES = ("intake", "alerts", "parcours", "notifications", "projections")


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("up") / "var") as started:
        yield started


def test_the_gateway_sends_each_path_to_its_service(suite: Up) -> None:
    with httpx.Client(base_url=suite.url, trust_env=False, timeout=20) as client:
        assert client.get("/ready").text == "ready\n"
        assert client.post("/events", json={}).status_code == 401
        assert client.get("/api/v1/alerts").status_code == 401
        assert client.get("/courriels-captes/").status_code == 200


def test_a_connection_that_was_idle_for_as_long_as_clients_keep_theirs_still_answers(suite: Up) -> None:
    """Where both sides let go in the same moment, a request sent in it has no answer."""
    ports = [httpx.URL(suite.url).port, *(suite.runtime["services"][name]["port"] for name in SERVICES)]
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=20) for port in ports]
    for pause in (0, 6):  # the usual five seconds, and one
        time.sleep(pause)
        for connection in connections:
            connection.auto_open = 1 if pause == 0 else 0  # never a second one
            connection.request("GET", "/live")
            assert connection.getresponse().read()
    for connection in connections:
        connection.close()


def test_every_service_is_a_process_of_its_own_with_a_log_of_its_own(suite: Up) -> None:
    pids = suite.pids()
    assert set(pids) == {"nats", "postgres", "catcher", *SERVICES}
    assert len(set(pids.values())) == len(pids)
    for name in SERVICES:
        assert '"event": "service.started"' in (suite.data / "log" / f"{name}.log").read_text()


def test_secrets_are_readable_by_their_owner_alone(suite: Up) -> None:
    secrets = Path(suite.runtime["secrets_file"])
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert stat.S_IMODE(secrets.parent.stat().st_mode) == 0o700
    for name, value in json.loads(secrets.read_text()).items():
        assert len(value) >= 32, name
        assert value not in (suite.data / "runtime.json").read_text()


def test_a_second_up_on_the_same_directory_says_so(suite: Up) -> None:
    other = perseverance(suite.data, "up", "--port", "0")
    assert other.returncode == 5
    assert str(suite.process.pid) in other.stderr
    assert other.stderr.count("\n") == 1
    assert ready(suite.url)


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        answer = perseverance(tmp_path, "up", "--port", port)
    assert answer.returncode == 5
    assert answer.stdout == ""
    assert port in answer.stderr


def test_a_damaged_list_of_senders_is_said_in_one_line_and_nothing_is_left_running(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "keys/senders").write_text("somebody\n")
    answer = perseverance(tmp_path, "up", "--port", "0")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert "line 1" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not [
        each for each in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(each.info["cmdline"] or [])
    ]


def test_files_are_not_imported_before_a_school_is_known(suite: Up, tmp_path: Path) -> None:
    file = tmp_path / "absences.csv"
    file.write_text("ine;uai;date;demi_journee;justifiee;motif\n990000001AB;0310000G;06/10/2025;M;N;\n")
    answer = perseverance(suite.data, "import", "absences", str(file))
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert "perseverance directory load" in answer.stderr
    assert not file.with_name("absences.csv.refused.csv").exists(), "no row is to blame"


def test_once_the_directory_is_loaded_whoever_is_in_it_is_known(suite: Up, tmp_path: Path) -> None:
    schools, actors = tmp_path / "schools.csv", tmp_path / "actors.csv"
    schools.write_text(
        "uai;nom;type;departement;bassin;reseau_foquale;psad;cio;mission_locale;zone\n0310000G;Lycée;LGT;31;;;;;;C\n"
    )
    actors.write_text("id;nom;email;role;territoire;du;au\ncpe-1;Camille;cpe@example.org;CPE;0310000G;;\n")
    token = perseverance(suite.data, "token", "--actor", "cpe-1").stdout.strip()
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=suite.url, headers=headers, trust_env=False, timeout=20) as client:
        assert client.get("/api/v1/alerts").status_code == 403
        # Here: a command of its own takes so long to end that services know meanwhile.
        loaded = CliRunner().invoke(
            app, ["--data", str(suite.data), "directory", "load", "--schools", str(schools), "--actors", str(actors)]
        )
        assert client.get("/api/v1/alerts").status_code == 200, loaded.stderr


@pytest.mark.parametrize("name", ["alerts", "parcours", "projections", "catcher"])
def test_a_service_that_dies_is_started_again(suite: Up, name: str) -> None:
    before = suite.pid_of(name)
    os.kill(before, signal.SIGKILL)
    eventually(lambda: suite.pid_of(name) != before and ready(suite.url), f"{name} does not come back")
    log = (suite.data / "log" / "supervisor.log").read_text()
    assert '"event": "service.died"' in log


@pytest.mark.parametrize("name", ["nats", "postgres"])
def test_a_server_that_dies_is_started_again_where_it_was(suite: Up, name: str) -> None:
    before, where = suite.pid_of(name), suite.runtime
    os.kill(before, signal.SIGKILL)
    eventually(lambda: suite.pid_of(name) != before and ready(suite.url), f"{name} does not come back")
    assert suite.runtime == where


@pytest.mark.long
def test_a_killed_supervisor_takes_its_services_with_it_and_the_next_one_recovers(tmp_path: Path) -> None:
    first = Up(tmp_path / "var")
    try:
        first.wait_ready()
        left = first.pids()
        secrets = (first.data / "secrets" / "secrets.json").read_text()
        first.process.kill()
        first.process.wait()
        services = [left[name] for name in (*SERVICES, "catcher")]
        eventually(lambda: not any(running(pid) for pid in services), "services outlive their supervisor")
        with up(first.data) as second:
            assert ready(second.url)
            assert not running(left["nats"])
            assert second.pid_of("nats") != left["nats"]
            assert (second.data / "secrets" / "secrets.json").read_text() == secrets
    finally:
        first.clean_up()


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    suite = Up(tmp_path / "var")
    try:
        suite.wait_ready()
        pids = suite.pids()
        children = [child.pid for child in psutil.Process(suite.process.pid).children(recursive=True)]
        suite.process.send_signal(number)
        assert suite.process.wait(60) == 0
        assert suite.process.stdout is not None
        assert suite.process.stdout.read() == ""  # one line on stdout, ever
        eventually(lambda: not any(running(pid) for pid in [*pids.values(), *children]), "something is left", 5)
        assert not (suite.data / "runtime.json").exists()
        for name in SERVICES:
            assert '"event": "service.stopped"' in (suite.data / "log" / f"{name}.log").read_text()
    finally:
        suite.clean_up()


def test_commands_on_a_directory_where_nothing_runs_say_so_in_one_line(tmp_path: Path) -> None:
    for command in (["wait"], ["doctor"], ["quarantine", "list"], ["provision"]):
        answer = perseverance(tmp_path, *command)
        assert answer.returncode == 4, command
        assert answer.stderr.count("\n") == 1
        assert "perseverance up" in answer.stderr
