"""nats-servers as an experiment needs them: with little room, or three that know each other only through wires."""

import asyncio
import contextlib
import json
import signal
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chassis.embedded import LOOPBACK, _nats_binary, free_port
from tests.chaos.wires import Wire, tcp_to
from tests.real.eventually import eventually


class Node:
    """One nats-server with a configuration of its own; `http` is its monitoring port.

    `within` is what its command begins with, where it is to see a volume that others do not.
    """

    def __init__(self, directory: Path, name: str, *, jetstream: str = "", cluster: str = "") -> None:
        self.directory = directory
        self.name = name
        self.port, self.http, self.routes = free_port(), free_port(), free_port()
        self._jetstream = jetstream
        self._cluster = cluster
        self.within: Sequence[str] = ()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self, peers: Sequence[int] = ()) -> None:
        """Start it; `peers` are the ports where it finds the routes of the others."""
        self.directory.mkdir(parents=True, exist_ok=True)
        cluster = ""
        if self._cluster:
            routes = ", ".join(f'"nats://{LOOPBACK}:{port}"' for port in peers)
            cluster = (
                f"cluster {{ name: {self._cluster}, listen: {LOOPBACK}:{self.routes}, routes: [{routes}],"
                # Told of each other's address they would find a way around the wires.
                f' no_advertise: true, pool_size: -1, ping_interval: "2s" }}'
            )
        config = self.directory / "nats.conf"
        config.write_text(
            f"server_name: {self.name}\nlisten: {LOOPBACK}:{self.port}\nhttp: {LOOPBACK}:{self.http}\n"
            f'max_payload: 8MB\nwrite_deadline: "10s"\nping_interval: "5s"\n'
            f'jetstream {{ store_dir: "{self.directory / "store"}", sync_interval: always {self._jetstream} }}\n'
            f"{cluster}\n"
        )
        with (self.directory / "nats.log").open("ab") as output:
            self._process = subprocess.Popen(
                [*self.within, _nats_binary(), "-c", str(config)], stdout=output, stderr=output, start_new_session=True
            )

    def limit(self, jetstream: str) -> None:
        """What its JetStream is told besides, from the next start on."""
        self._jetstream = jetstream

    def send(self, number: int) -> None:
        """Send a signal to it."""
        if self._process is not None and self.alive:
            self._process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it, by this signal."""
        self.send(number)
        if self._process is not None:
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def ask(self, path: str) -> dict[str, Any]:
        """What its monitoring port says; empty when it does not answer."""
        with (
            contextlib.suppress(OSError, ValueError),
            urllib.request.urlopen(f"http://{LOOPBACK}:{self.http}{path}", timeout=2) as answer,
        ):
            found: dict[str, Any] = json.load(answer)
            return found
        return {}

    async def healthy(self) -> None:
        """Return once it says it is well."""
        await eventually(self._well)

    async def _well(self) -> bool:
        return (await asyncio.to_thread(self.ask, "/healthz")).get("status") == "ok"


class Cluster:
    """Three nodes; from each to each other goes a wire that can be closed."""

    def __init__(self, directory: Path) -> None:
        self.nodes = [Node(directory / f"n{n}", f"n{n}", cluster="chaos") for n in range(3)]
        self._wires: dict[tuple[int, int], Wire] = {}

    @property
    def url(self) -> str:
        """All three, for clients."""
        return ",".join(node.url for node in self.nodes)

    async def start(self) -> None:
        """Start all, and wait until they agree."""
        for here in range(3):
            for there in range(3):
                if here != there:
                    wire = self._wires[here, there] = Wire(tcp_to(self.nodes[there].routes))
                    await wire.listen_tcp()
        for number in range(3):
            self.start_one(number)
        for node in self.nodes:
            await node.healthy()

    def start_one(self, number: int) -> None:
        """Start one of them."""
        # A route is made once for a pair: each node is told of those after it alone, so that the wire is the only way.
        self.nodes[number].start([self._wires[number, there].port for there in range(3) if there != number])

    def isolate(self, number: int) -> None:
        """Let nothing through between this node and the two others."""
        for pair, wire in self._wires.items():
            if number in pair:
                wire.close()

    def heal(self) -> None:
        """Let everything through again."""
        for wire in self._wires.values():
            wire.open()

    def leader_of(self, stream: str) -> int:
        """Which node leads a stream, as the first that answers says; -1 when nobody knows."""
        for node in self.nodes:
            said = node.ask("/jsz?streams=true&accounts=true")
            for account in said.get("account_details", ()):
                for each in account.get("stream_detail", ()):
                    if each["name"] == stream and (leader := each.get("cluster", {}).get("leader")):
                        return next((n for n, other in enumerate(self.nodes) if other.name == leader), -1)
        return -1

    async def stop(self) -> None:
        """End all."""
        for node in self.nodes:
            await asyncio.to_thread(node.stop)
        for wire in self._wires.values():
            await wire.stop()
