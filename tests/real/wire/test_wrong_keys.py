"""A service that cannot be who it should: it ends, and its log says what is wrong and how to mend it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from chassis.broker import CommandBroker
from chassis.credentials import new_seed, public_key
from chassis.embedded import free_port
from chassis.nats import Nats
from cli.supervisor.children import Child, Program
from contracts.commands import AcknowledgeAlert
from tests.real.eventually import eventually
from tests.real.wire.conftest import Fatal, Guarded, said

pytestmark = pytest.mark.long

ENDED = 70


def start(environment: Mapping[str, str]) -> tuple[int, list[dict[str, str]]]:
    """Run the alerts service until it ends; its exit code and its log."""
    done = subprocess.run(
        [sys.executable, "-m", "services.alerts"],
        env={**os.environ, "PERSEVERANCE_PORT": "0", **environment},
        stdout=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("of another service", "is NATS_NKEY_FILE this service's own"),
        ("of nobody", "and that in keys.conf"),
        ("none", "set NATS_NKEY_FILE"),
        ("missing", "NATS_NKEY_FILE cannot be read"),
        ("no seed", "NATS_NKEY_FILE holds no seed"),
    ],
)
def test_a_service_with_the_wrong_key_says_so_and_ends(
    guarded: Guarded, postgres_url: str, tmp_path: Path, key: str, what: str
) -> None:
    file = tmp_path / "key"
    if key in ("of nobody", "no seed"):
        file.write_text(new_seed() if key == "of nobody" else "secret-that-is-no-seed")
    environment = {
        "NATS_URL": guarded.url,
        "DATABASE_URL": postgres_url,
        "NATS_NKEY_FILE": str(guarded.keyring.seed_file("intake") if key == "of another service" else file),
    }
    if key == "none":
        del environment["NATS_NKEY_FILE"]
    code, log = start(environment)
    assert code == ENDED
    refused = [line for line in log if line["event"] == "nats.refused"]
    assert refused
    assert what in refused[0]["what"]
    if key == "of nobody":
        assert public_key(file.read_text().strip()) in refused[0]["what"], "which key, by its public half"
        assert file.read_text().strip() not in json.dumps(log)
    assert "secret-that-is-no-seed" not in json.dumps(log)


async def test_commands_that_we_may_not_hear_end_the_process_too(
    guarded: Guarded, fatal: Fatal, caplog: pytest.LogCaptureFixture
) -> None:
    """They come over FastStream's connection, which of itself would say nothing."""
    commands = Nats(guarded.url, "parcours-commands", credentials=guarded.credentials("parcours"), fatal=fatal)
    broker = CommandBroker(commands, 1)

    @broker.subscriber(AcknowledgeAlert.SUBJECT, queue="alerts")
    async def never(_: bytes) -> None:
        raise AssertionError

    await broker.start()
    await eventually(fatal.happened)
    await broker.stop()
    assert AcknowledgeAlert.SUBJECT in said(caplog, "nats.refused")


async def test_a_service_begins_once_its_key_is_the_right_one(
    guarded: Guarded, postgres_url: str, tmp_path: Path
) -> None:
    """Its supervisor starts it again, as it does whoever ends; nothing else has to be done."""
    file, port = tmp_path / "key", free_port()
    file.write_text(new_seed())
    environment = {
        "NATS_URL": guarded.url,
        "DATABASE_URL": postgres_url,
        "NATS_NKEY_FILE": str(file),
        "PERSEVERANCE_PORT": str(port),
    }
    started: list[int] = []
    part = Program("alerts", "services.alerts", port, environment=environment)
    child = Child(part, tmp_path / "log", lambda _, pid: started.append(pid))
    await child.start()
    try:

        async def refused_twice() -> bool:
            return child.deaths >= 2

        await eventually(refused_twice)
        file.write_bytes(guarded.keyring.seed_file("alerts").read_bytes())
        async with httpx.AsyncClient(trust_env=False) as client:

            async def ready() -> bool:
                try:
                    return (await client.get(f"http://127.0.0.1:{port}/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(ready)
    finally:
        await child.stop()
    assert len(started) > 2
