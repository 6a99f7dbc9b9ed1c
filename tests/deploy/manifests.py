"""What the overlays render to, and how to look at it."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cli.keyring import Keyring

ROOT = Path(__file__).parent.parent.parent
K8S = ROOT / "deploy/k8s"
OVERLAYS = tuple(sorted(path.name for path in (K8S / "overlays").iterdir()))
LIVE = tuple(name for name in OVERLAYS if name != "local")
"""The overlays that serve people."""

Resource = dict[str, Any]

WORKLOADS = ("Deployment", "StatefulSet", "Job")
OPERATOR = "operator"
"""Where commands are typed: there while somebody has something to do."""


MOMENT = {"FORMER": "postgres", "RESTORED": "postgres-again", "MOMENT": "2026-03-02T02:55:00"}
"""For the overlay `restored`, where nobody has given any."""


@cache
def rendered(overlay: str) -> tuple[Resource, ...]:
    """Each resource of an overlay, as it would be applied."""
    with copied() as copy:
        if overlay == "local":
            Keyring(copy / "overlays/local/keys").make()
        return render(copy / "overlays" / overlay)


@contextmanager
def copied() -> Iterator[Path]:
    """The manifests elsewhere, without the keys that somebody made here: those are theirs."""
    with tempfile.TemporaryDirectory() as place:
        copy = shutil.copytree(K8S, Path(place) / "k8s", ignore=shutil.ignore_patterns("keys"))
        if not (copy / "overlays/restored/restored.env").exists():
            give(copy / "overlays/restored", MOMENT)
        yield copy


def give(overlay: Path, moment: dict[str, str]) -> None:
    """Say what is restored, and to which moment."""
    (overlay / "restored.env").write_text("".join(f"{name}={value}\n" for name, value in moment.items()))


def render(overlay: Path) -> tuple[Resource, ...]:
    """What this directory renders to. Raises CalledProcessError, with what was said on stderr."""
    command = [ROOT / ".venv/bin/kubectl", "kustomize", overlay]
    return tuple(yaml.safe_load_all(subprocess.run(command, check=True, capture_output=True).stdout))


def of_kind(overlay: str, *kinds: str) -> Iterator[Resource]:
    return (each for each in rendered(overlay) if each["kind"] in kinds)


def name_of(resource: Resource) -> str:
    return str(resource["metadata"]["name"])


def namespace_of(resource: Resource) -> str:
    return str(resource["metadata"].get("namespace", ""))


def workloads(overlay: str) -> Iterator[Resource]:
    return of_kind(overlay, *WORKLOADS)


def ours(overlay: str) -> Iterator[Resource]:
    """The workloads that run our image."""
    return (each for each in workloads(overlay) if containers(each)[0]["name"] == "perseverance")


def serves(workload: Resource) -> bool:
    """Whether it answers anybody: a Job does not, nor the place where commands are typed."""
    return workload["kind"] != "Job" and name_of(workload) != OPERATOR


def pod(workload: Resource) -> Resource:
    spec: Resource = workload["spec"]["template"]["spec"]
    return spec


def labels(workload: Resource) -> dict[str, str]:
    found: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return found


def containers(workload: Resource) -> list[Resource]:
    return [*pod(workload)["containers"], *pod(workload).get("initContainers", [])]


def selects(selector: Resource, wanted: dict[str, str]) -> bool:
    """What a label selector says of these labels; an empty one selects everything."""
    exact = selector.get("matchLabels", {}).items() <= wanted.items()
    return exact and all(_holds(rule, wanted) for rule in selector.get("matchExpressions", []))


def _holds(rule: Resource, wanted: dict[str, str]) -> bool:
    if rule["operator"] == "Exists":
        return rule["key"] in wanted
    assert rule["operator"] == "In", rule
    return wanted.get(rule["key"]) in rule["values"]


def environment(overlay: str, workload: Resource) -> dict[str, str]:
    """What the first container is told, by name; values that come from elsewhere are empty."""
    namespace = namespace_of(workload)
    maps = {name_of(each): each["data"] for each in of_kind(overlay, "ConfigMap") if namespace_of(each) == namespace}
    container = containers(workload)[0]
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= maps[source["configMapRef"]["name"]]
    return found | {each["name"]: each.get("value", "") for each in container.get("env", [])}
