"""What the manifests give an académie: replicas, connections, disks."""

import re
from dataclasses import dataclass
from pathlib import Path

_K8S = Path(__file__).resolve().parents[2] / "deploy" / "k8s"
_GIB = 2**30
"""Also what nats-server understands by GB."""


@dataclass(frozen=True)
class Deployed:
    """`replicas` at most, by service, and how many more a rollout adds to each; bytes of overlay `national`.

    `postgres` is the volume, `nats` what JetStream may take of its own.
    """

    replicas: dict[str, int]
    surge: int
    connections: int
    postgres: int
    nats: int


def read() -> Deployed:
    """As the manifests say today."""
    scaling = _text("components/keda/scaling.yaml")
    national = _text("overlays/national/one/kustomization.yaml")
    found = re.findall(r"\n  name: (\w+)\n.*?maxReplicaCount: (\d+)", scaling, re.DOTALL)
    return Deployed(
        {service: int(most) for service, most in found},
        _number(r"maxSurge: (\d+)", _text("base/service.yaml")),
        _number(r'max_connections: "(\d+)"', _text("components/cloudnative-pg/cluster.yaml")),
        _number(r"/spec/storage/size, value: (\d+)Gi", national) * _GIB,
        _number(r"env/1/name, value: FILE_STORE}\n.*/env/1/value, value: (\d+)GB", national) * _GIB,
    )


def _text(path: str) -> str:
    return (_K8S / path).read_text()


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    if found is None:
        raise LookupError(f"the manifests no longer say {pattern}: look where they do, and change benchmarks/sizing")
    return int(found[1])
