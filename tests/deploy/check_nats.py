"""The cluster of the component `nats`, from its own files, on loopback: `make deploy-check` runs this."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import nats.errors
import pytest
import trustme
from nats.js.api import AckPolicy, ConsumerConfig

from chassis.credentials import Credentials
from chassis.embedded import LOOPBACK, _nats_binary, free_port
from chassis.nats import NatsClient, connect_once
from chassis.provision import drift, make_streams
from cli.keyring import Keyring
from contracts.catalogue import BUCKETS, SCHOOL, STREAMS
from contracts.permissions import PROVISIONING
from contracts.streams import inbox_of
from tests.deploy.manifests import Resource, containers, environment, name_of, of_kind
from tests.real.eventually import eventually

SERVERS = ("nats-0", "nats-1", "nats-2")
COPIES = "PERSEVERANCE_STREAM_REPLICAS"
PORTS = {"client": "4222", "peers": "6222", "monitor": "8222"}


@dataclass
class Cluster:
    """Three servers as the manifests start them, but for where they are."""

    place: Path
    ports: dict[str, dict[str, int]]
    running: dict[str, "subprocess.Popen[bytes]"]

    async def connect(self, user: str, server: str = "nats-0") -> NatsClient:
        credentials = Credentials(self.place / "etc" / f"{user}.nk", self.place / "tls/ca.crt", inbox_of(user))
        return await connect_once(f"tls://localhost:{self.ports[server]['client']}", user, credentials=credentials)

    def start(self, server: str) -> None:
        config = self.place / "etc" / f"{server}.conf"
        config.write_text(self._of(server))
        log = (self.place / f"{server}.log").open("ab")
        words = [_nats_binary(), *_arguments(), str(config)]
        told = os.environ | environment("academie", _servers()) | {"SERVER": server}
        self.running[server] = subprocess.Popen(words, env=told, stdout=log, stderr=log)

    def stop(self, server: str) -> None:
        self.running[server].send_signal(signal.SIGKILL)
        self.running[server].wait()

    def _of(self, server: str) -> str:
        text = _files()["nats.conf"]
        for peer in SERVERS:
            text = text.replace(f"{peer}.nats-peers:6222", f"localhost:{self.ports[peer]['peers']}")
        for name, port in PORTS.items():
            text = text.replace(f"0.0.0.0:{port}", f"{LOOPBACK}:{self.ports[server][name]}")
        text = text.replace("http: 8222", f"http: {LOOPBACK}:{self.ports[server]['monitor']}")
        text = text.replace("/etc/nats-tls", str(self.place / "tls")).replace("/run/nats", str(self.place / server))
        return text.replace("/data", str(self.place / server / "data"))


def _files() -> dict[str, str]:
    (found,) = (each for each in of_kind("academie", "ConfigMap") if name_of(each).split("-")[0] == "nats")
    files: dict[str, str] = found["data"]
    return files


def _servers() -> Resource:
    (servers,) = (each for each in of_kind("academie", "StatefulSet") if name_of(each) == "nats")
    return servers


def _arguments() -> list[str]:
    program, *arguments = containers(_servers())[0]["command"]
    assert program == "nats-server"
    return arguments[:-1]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setenv(COPIES, "3")
    (tmp_path / "tls").mkdir()
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(tmp_path / "tls/ca.crt")
    certificate.private_key_pem.write_to_path(tmp_path / "tls/tls.key")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "tls/tls.crt")
    Keyring(tmp_path / "etc").make()
    (tmp_path / "etc/authorization.conf").write_text(_files()["authorization.conf"])
    ports = {server: {name: free_port() for name in PORTS} for server in SERVERS}
    made = Cluster(tmp_path, ports, {})
    for server in SERVERS:
        (tmp_path / server).mkdir()
        made.start(server)
    yield made
    for server in SERVERS:
        made.stop(server)


async def provisioned(cluster: Cluster) -> NatsClient:
    """Connected as the provisioning, once there is a leader to provision with."""
    found: list[NatsClient] = []

    async def with_a_leader() -> bool:
        try:
            client = await cluster.connect(PROVISIONING)
            await make_streams(client.jetstream(timeout=5), STREAMS, BUCKETS)
        except (OSError, TimeoutError, nats.errors.Error):
            return False
        found.append(client)
        return True

    await eventually(with_a_leader, limit_s=90)
    return found[0]


async def test_streams_are_kept_by_all_three_and_outlive_one_of_them(cluster: Cluster) -> None:
    client = await provisioned(cluster)
    js = client.jetstream(timeout=5)
    assert await drift(js, STREAMS, BUCKETS) == []
    await client.close()
    cluster.stop("nats-2")
    intake = await cluster.connect("intake")

    async def published() -> bool:
        try:
            await intake.jetstream(timeout=5).publish("school.0.0.1.1.absence_reported", b"{}")
        except (TimeoutError, nats.errors.Error):
            return False  # a new leader is being chosen
        return True

    await eventually(published, limit_s=60)
    assert (await intake.jetstream(timeout=5).stream_info(SCHOOL.name)).state.messages >= 1
    await intake.close()


async def test_more_copies_are_made_of_what_there_is(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await provisioned(cluster)
    js = client.jetstream(timeout=10)
    monkeypatch.setenv(COPIES, "1")
    assert await drift(js, STREAMS, BUCKETS) != []
    for copies in (1, 3):
        monkeypatch.setenv(COPIES, str(copies))
        await make_streams(js, STREAMS, BUCKETS)
        assert await drift(js, STREAMS, BUCKETS) == []
        for name in (*(stream.name for stream in STREAMS), *(bucket.stream for bucket in BUCKETS)):
            assert (await js.stream_info(name)).config.num_replicas == copies
    await client.close()


async def test_nobody_comes_in_without_a_key(cluster: Cluster) -> None:
    await (await provisioned(cluster)).close()
    with pytest.raises((nats.errors.Error, TimeoutError)):
        await connect_once(
            f"tls://localhost:{cluster.ports['nats-0']['client']}",
            "nobody",
            credentials=Credentials(None, cluster.place / "tls/ca.crt"),
        )


async def test_a_server_that_comes_back_passes_its_startup_probe_once_it_has_caught_up(cluster: Cluster) -> None:
    """The probe asks for every stream: a rollout waits for that, and must not wait for ever.

    Nor for the consumers of readers, which a server has in its memory alone and forgets when it goes.
    """
    await (await provisioned(cluster)).close()
    alerts = await cluster.connect("alerts")
    reads = ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True, num_replicas=1, inactive_threshold=300)
    for _ in range(9):  # on whichever server: on each of them
        await alerts.jetstream(timeout=10).add_consumer(SCHOOL.name, reads)
    await alerts.close()
    cluster.stop("nats-2")
    path = containers(_servers())[0]["startupProbe"]["httpGet"]["path"]
    intake, said = await cluster.connect("intake"), 0

    async def published() -> bool:
        nonlocal said
        try:
            said = (await intake.jetstream(timeout=5).publish("school.0.0.1.1.absence_reported", b"{}")).seq
        except (TimeoutError, nats.errors.Error):
            return False  # a new leader is being chosen
        return said >= 100

    await eventually(published, limit_s=60)
    await intake.close()
    cluster.start("nats-2")
    url = f"http://{LOOPBACK}:{cluster.ports['nats-2']['monitor']}"
    async with httpx.AsyncClient(base_url=url, trust_env=False) as monitor:

        async def caught_up() -> bool:
            try:
                return (await monitor.get(path)).is_success
            except httpx.TransportError:
                return False

        await eventually(caught_up, limit_s=90)
        (account,) = (await monitor.get("/jsz?streams=true")).json()["account_details"]
    (held,) = (each["state"]["last_seq"] for each in account["stream_detail"] if each["name"] == SCHOOL.name)
    assert held == said
