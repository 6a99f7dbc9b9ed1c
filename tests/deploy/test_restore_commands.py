"""What docs/operations.md tells to type to restore to a moment: commands that exist, about things that exist."""

import os
import re
import subprocess
import textwrap
from pathlib import Path

import pytest

from chassis.embedded import free_port
from contracts.catalogue import SERVICES
from tests.deploy.manifests import MOMENT, OPERATOR, ROOT, copied, name_of, of_kind, render
from tests.deploy.test_manifests import objection

SECTION = (
    (ROOT / "docs/operations.md")
    .read_text()
    .partition("### Restore to a moment\n")[2]
    .partition("### Without CloudNativePG\n")[0]
)
BLOCKS = [textwrap.dedent(each) for each in re.findall(r"```\n(.*?)```", SECTION, re.DOTALL)]
LINES = [line for block in BLOCKS for line in block.splitlines()]
GIVEN = {"FORMER": MOMENT["FORMER"], "RESTORED": MOMENT["RESTORED"], "LEADS": "postgres-1"}
NEEDS_MORE = ("kubectl cnpg", "kubectl apply", "kubectl kustomize")
"""A plugin of kubectl's, and what renders: tests/deploy/test_restored.py does."""


def asking() -> list[str]:
    """The commands for the cluster, also those inside of others."""
    inside = [re.sub(r'^\w+="\$\((.*)\)"$', r"\1", line) for line in LINES]
    return sorted({each for each in inside if each.startswith("kubectl ") and not each.startswith(NEEDS_MORE)})


@pytest.fixture
def no_cluster(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody whose cluster does not answer."""
    config = tmp_path / "config"
    config.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: c}}]\n"
        f"users: [{{name: c}}]\nclusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{free_port()}'}}}}]\n"
    )
    path = f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"
    return os.environ | GIVEN | {"KUBECONFIG": str(config), "HOME": str(tmp_path), "PATH": path}


@pytest.mark.parametrize("command", asking())
def test_kubectl_understands_it_and_goes_to_ask_the_cluster(command: str, no_cluster: dict[str, str]) -> None:
    said = subprocess.run(
        ["bash", "-c", command], cwd=no_cluster["HOME"], env=no_cluster, capture_output=True, text=True, check=False
    ).stderr
    assert "refused" in said
    assert not re.search(r"unknown|invalid|usage", said, re.IGNORECASE)


def test_what_is_to_be_written_gives_the_moment_and_as_it_stands_is_refused() -> None:
    """Nobody restores to the day of a document."""
    steps = [line for line in LINES if re.match(r"(FORMER|RESTORED|MOMENT)=|printf ", line)]
    with copied() as copy:
        (copy.parent / "deploy").mkdir()
        (copy.parent / "deploy/k8s").symlink_to(copy)
        overlay = copy / "overlays/restored"
        read = "\n".join(steps)
        meant = read.replace("YYYY-MM-DD HH:MM", "2026-03-02 03:55").replace("YYYYMMDD", "20260302")
        # Paris is one hour ahead of UTC in March. `date` makes a time of many words, of "DAY HOUR" for one.
        for typed, moment in ((meant, "2026-03-02T02:55:00"), (read, "")):
            subprocess.run(["bash", "-c", typed], cwd=copy.parent, check=True, stderr=subprocess.DEVNULL)
            (cluster,) = (each for each in render(overlay) if each["kind"] == "Cluster")
            target = cluster["spec"]["bootstrap"]["recovery"]["recoveryTarget"]["targetTime"]
            assert target == f"{moment}+00:00"
            assert bool(objection(cluster)) != bool(moment)


def test_what_is_named_exists() -> None:
    text = "\n".join(LINES)
    assert set(re.findall(r"delete job (\w+)|job/(\w+)", text)) == {("provisioning", ""), ("", "provisioning")}
    assert set(re.findall(r"statefulset/(\w+)", text)) == {OPERATOR}
    (started,) = re.findall(r"scale deployment ([a-z ]+) --replicas", text)
    (stopped,) = re.findall(r"name in \(([a-z,]+)\)", text)
    assert started.split() == stopped.split(",") == list(SERVICES)
    assert {name_of(each) for each in of_kind("restored", "ScaledObject")} == set(SERVICES)
    assert set(re.findall(r"apply -k (\S+)", text)) == {
        "deploy/k8s/overlays/restored",
        "deploy/k8s/overlays/academie",
    }


def test_the_order_is_the_one_that_loses_nothing() -> None:
    """Nobody writes while the archive is closed, and nobody reads before the streams are put right."""
    text = "\n".join(LINES)
    words = (
        "paused-replicas=0",
        "pg_switch_wal",
        "hibernation=on",
        "condition=Ready",
        "condition=complete job/provisioning",
        "streams rewind",
        "paused-replicas-",
        "perseverance rebuild",
        "cnpg backup",
    )
    places = [text.index(word) for word in words]
    assert places == sorted(places)
