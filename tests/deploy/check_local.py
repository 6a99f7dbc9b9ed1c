"""The one server of the overlay `local`, from its own file and Secrets, on loopback: `make deploy-check` runs this."""

import base64
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nats.errors
import pytest

from chassis.credentials import Credentials
from chassis.embedded import LOOPBACK, _nats_binary, free_port
from chassis.nats import NatsClient, connect_once
from chassis.provision import make_streams
from contracts.catalogue import BUCKETS, SERVICES, STREAMS
from contracts.permissions import PROVISIONING
from contracts.streams import inbox_of
from tests.deploy.manifests import name_of, of_kind
from tests.real.eventually import eventually


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    port, (config,) = free_port(), (each for each in of_kind("local", "ConfigMap") if name_of(each) == "nats")
    text = config["data"]["nats.conf"].replace("0.0.0.0:4222", f"{LOOPBACK}:{port}")
    text = text.replace("http: 8222", f"http: {LOOPBACK}:{free_port()}").replace("/data", str(tmp_path / "data"))
    (tmp_path / "nats.conf").write_text(text)
    for name, content in files_of("nats-keys").items():
        (tmp_path / name).write_bytes(content)
    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen([_nats_binary(), "-c", tmp_path / "nats.conf"], stdout=log, stderr=log)
    yield f"nats://{LOOPBACK}:{port}"
    running.send_signal(signal.SIGKILL)
    running.wait()


def files_of(secret: str) -> dict[str, bytes]:
    """What a Secret holds; its name ends in a digest of that."""
    (found,) = (each for each in of_kind("local", "Secret") if name_of(each).rpartition("-")[0] == secret)
    return {name: base64.b64decode(content) for name, content in found["data"].items()}


async def connect(url: str, user: str, place: Path) -> NatsClient:
    (place / user).write_bytes(files_of(user)["nats.seed"])
    return await connect_once(url, user, credentials=Credentials(place / user, None, inbox_of(user)))


async def test_each_one_comes_in_by_the_key_of_its_secret_and_nobody_without(server: str, tmp_path: Path) -> None:
    found: list[NatsClient] = []

    async def begun() -> bool:
        try:
            found.append(await connect(server, PROVISIONING, tmp_path))
        except (OSError, TimeoutError, nats.errors.NoServersError):
            return False
        return True

    await eventually(begun, limit_s=60)
    await make_streams(found[0].jetstream(timeout=5), STREAMS, BUCKETS)
    await found[0].close()
    for service in SERVICES:
        await (await connect(server, service, tmp_path)).close()
    with pytest.raises((nats.errors.Error, TimeoutError)):
        await connect_once(server, "nobody", credentials=Credentials())
