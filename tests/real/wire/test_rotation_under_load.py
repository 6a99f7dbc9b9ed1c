"""Every key and every password is replaced while schools send and people act: nobody sees anything of it."""

import asyncio
import json
import os
import secrets
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from chassis.database import role_of
from chassis.login import Login
from chassis.provision import provision_database
from cli import passwords
from cli.keyring import Keyring
from cli.provision import schemas
from contracts.catalogue import SERVICES
from tests.chaos.load import Load, draw
from tests.real.cli.running import Up, perseverance, up
from tests.real.eventually import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

EVENTS, BEFORE, BATCH, PAUSE_S = 1500, 900, 25, 0.15
WATCHER = "veille"


def renew(directory: Path, service: str) -> Path:
    """Put a new password before the one in use; return the file."""
    file = passwords.file_of(directory, service)
    replace(file, f"{secrets.token_urlsafe(32)}\n{file.read_text()}")
    return file


def replace(file: Path, content: str) -> None:
    """As Kubernetes does with a mounted secret: the former content, or the new one."""
    new = file.with_suffix(".new")
    new.write_text(content)
    new.replace(file)


@pytest.fixture(scope="module")
def load() -> Load:
    return draw(EVENTS, seed=18)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, load: Load) -> Iterator[Up]:
    directory = tmp_path_factory.mktemp("rotation")
    schools, actors = directory / "schools.csv", directory / "actors.csv"
    schools.write_text(
        "uai;nom;type;departement;bassin;reseau_foquale;psad;cio;mission_locale;zone\n"
        + "".join(f"{uai};Lycée;LP;31;;R1;;;;C\n" for uai in load.schools)
    )
    actors.write_text(
        f"id;nom;email;role;territoire;du;au\n{WATCHER};Veille;veille@example.org;COORD_MLDS;R1;01/09/2025;\n"
    )
    with up(directory / "var") as started:
        loaded = perseverance(started.data, "directory", "load", "--schools", str(schools), "--actors", str(actors))
        assert loaded.returncode == 0, loaded.stderr
        yield started


async def test_keys_and_passwords_are_replaced_at_work(suite: Up, load: Load) -> None:
    sender = json.loads(perseverance(suite.data, "senders", "add", "rotation", "--all", "--json").stdout)
    token = perseverance(suite.data, "token", "--actor", WATCHER).stdout.strip()
    before, answers = suite.pids(), Counter[str]()
    limits = httpx.Timeout(30)
    async with (
        httpx.AsyncClient(base_url=suite.url, headers=_bearer(sender["key"]), timeout=limits) as door,
        httpx.AsyncClient(base_url=f"{suite.url}/api/v1", headers=_bearer(token), timeout=limits) as desk,
    ):
        bodies = [said.body for said in load.sent]
        await _send(door, bodies[:BEFORE], answers, 0)
        await asyncio.to_thread(perseverance, suite.data, "wait", "--timeout", "120")
        done = asyncio.Event()
        acting = asyncio.create_task(_act(desk, answers, done))
        sending = asyncio.create_task(_send(door, bodies[BEFORE:], answers, PAUSE_S))
        await _rotate(suite)
        await sending
        done.set()
        await acting
    rest = await asyncio.to_thread(perseverance, suite.data, "wait", "--timeout", "120")
    assert rest.returncode == 0, rest.stderr
    assert not {answer for answer in answers if not answer.endswith(("202", "200", "409"))}, answers
    assert answers["acknowledge 200"] > 20
    assert suite.pids() == before, "a process was started again"
    assert _standing(suite) == Counter(standing.level for standing in load.expected)
    assert json.loads(perseverance(suite.data, "quarantine", "list", "--json").stdout) == []


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def _send(door: httpx.AsyncClient, bodies: Sequence[object], answers: Counter[str], pause_s: float) -> None:
    for start in range(0, len(bodies), BATCH):
        content = json.dumps(bodies[start : start + BATCH])
        kind = {"Content-Type": "application/cloudevents-batch+json"}
        answer = await door.post("/events", content=content, headers=kind)
        answers[f"events {answer.status_code}"] += 1
        await asyncio.sleep(pause_s)


async def _act(desk: httpx.AsyncClient, answers: Counter[str], done: asyncio.Event) -> None:
    """Acknowledge one alert after the other, of those that still stand, for as long as keys change."""
    page = (await desk.get("/alerts", params={"page_size": "200"})).json()
    for alert in page["items"]:
        if done.is_set():
            return
        answer = await desk.post(f"/alerts/{alert['alert_id']}/acknowledge")
        answers[f"acknowledge {answer.status_code}"] += 1
        await asyncio.sleep(PAUSE_S / 2)


async def _rotate(suite: Up) -> None:
    directory = suite.data / "keys"
    keyring = Keyring(directory)
    for service in SERVICES:
        keyring.prepare(service)
        renew(directory, service)
    os.kill(suite.pid_of("nats"), signal.SIGHUP)
    done = await asyncio.to_thread(perseverance, suite.data, "provision", "--passwords", str(directory))
    assert done.returncode == 0, done.stderr
    for service in SERVICES:
        keyring.switch(service)
        file = passwords.file_of(directory, service)
        replace(file, file.read_text().split()[0])
    await eventually(lambda: _all_noticed(suite))
    os.kill(suite.pid_of("nats"), signal.SIGHUP)


async def _all_noticed(suite: Up) -> bool:
    logs = [(suite.data / "log" / f"{service}.log").read_text() for service in SERVICES]
    return all(log.count('"nats.key_changed"') == 2 for log in logs)  # each has two connections


def _standing(suite: Up) -> Counter[int]:
    with psycopg.connect(suite.runtime["database_url"]) as connection:
        rows = connection.execute("SELECT level FROM projections.alerts WHERE state NOT IN ('lifted', 'closed')")
        return Counter(level for (level,) in rows)


def test_whoever_signs_in_while_a_password_changes_gets_in(owner: str, directory: Path) -> None:
    """At each moment, one of the passwords in the file is the one that the server knows."""
    file = passwords.file_of(directory, "alerts")
    login = Login(make_conninfo(owner, user=role_of("alerts"), password=""), file)
    over, signed_in = threading.Event(), Counter[str]()
    threads = [threading.Thread(target=_sign_in, args=(login, over, signed_in)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        _after(signed_in, lambda: renew(directory, "alerts"))
        _after(signed_in, lambda: provision_database(owner, schemas(), passwords.read(directory)))
        _after(signed_in, lambda: replace(file, file.read_text().split()[0]))
    over.set()
    for thread in threads:
        thread.join()
    assert signed_in["refused"] == 0


def _after(signed_in: Counter[str], step: Callable[[], object]) -> None:
    """Do a step, and go on when some have signed in since."""
    step()
    enough = signed_in["in"] + 20
    while signed_in["in"] < enough and not signed_in["refused"]:
        threading.Event().wait(0.01)


def _sign_in(login: Login, over: threading.Event, signed_in: Counter[str]) -> None:
    while not over.is_set():
        try:
            login.connect().close()
            signed_in["in"] += 1
        except psycopg.OperationalError:
            signed_in["refused"] += 1
