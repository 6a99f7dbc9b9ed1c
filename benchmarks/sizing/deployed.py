"""What the manifests give an académie: replicas, connections, disks."""

import re
from dataclasses import dataclass
from pathlib import Path

_K8S = Path(__file__).resolve().parents[2] / "deploy" / "k8s"
_GIB = 2**30


@dataclass(frozen=True)
class Deployed:
    """`replicas` at most, by service; bytes of each volume of overlay `national`."""

    replicas: dict[str, int]
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
        _number(r'max_connections: "(\d+)"', _text("components/cloudnative-pg/cluster.yaml")),
        _number(r"/spec/storage/size, value: (\d+)Gi", national) * _GIB,
        _number(r"requests/storage, value: (\d+)Gi", national) * _GIB,
    )


def _text(path: str) -> str:
    return (_K8S / path).read_text()


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    if found is None:
        raise LookupError(f"the manifests no longer say {pattern}: look where they do, and change benchmarks/sizing")
    return int(found[1])
