"""A database restored to a moment: from the archive of the former, beside it, and everything leads there."""

import subprocess
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.deploy.manifests import (
    K8S,
    MOMENT,
    Resource,
    copied,
    environment,
    give,
    name_of,
    of_kind,
    ours,
    pod,
    render,
    rendered,
)
from tests.deploy.test_manifests import objection

pytestmark = pytest.mark.long

RESTORED = "restored"
PLUGIN = "barman-cloud.cloudnative-pg.io"


def cluster(overlay: str = RESTORED) -> Resource:
    (found,) = of_kind(overlay, "Cluster")
    return found


def archive(found: Resource) -> dict[str, Any]:
    """Where a Cluster archives. Without a server name of its own, CloudNativePG takes the Cluster's."""
    (plugin,) = found["spec"]["plugins"]
    assert plugin["name"] == PLUGIN
    assert plugin["isWALArchiver"] is True
    parameters: dict[str, Any] = {"serverName": name_of(found)} | plugin["parameters"]
    return parameters


def source(found: Resource) -> dict[str, Any]:
    """Where it is recovered from."""
    (external,) = found["spec"]["externalClusters"]
    assert external["name"] == found["spec"]["bootstrap"]["recovery"]["source"]
    assert external["plugin"]["name"] == PLUGIN
    parameters: dict[str, Any] = external["plugin"]["parameters"]
    return parameters


def with_moment(**other: str) -> tuple[Resource, ...]:
    """The overlay, where somebody gives something else."""
    with copied() as copy:
        give(copy / "overlays" / RESTORED, MOMENT | other)
        return render(copy / "overlays" / RESTORED)


def objections(resources: tuple[Resource, ...]) -> list[str]:
    """What is wrong with the Clusters among them."""
    return [said for each in resources if each["kind"] == "Cluster" and (said := objection(each))]


def test_it_is_made_from_what_the_former_archived() -> None:
    """Of the first one: of a second restore, what the first restored archived."""
    former = archive(cluster("academie"))
    (again,) = (each for each in with_moment(FORMER=former["serverName"]) if each["kind"] == "Cluster")
    assert source(again) == former


def test_it_never_archives_over_the_former() -> None:
    assert archive(cluster())["serverName"] != source(cluster())["serverName"]
    assert archive(cluster())["barmanObjectName"] == source(cluster())["barmanObjectName"]
    assert name_of(cluster()) == archive(cluster())["serverName"]


def test_but_for_where_it_comes_from_it_is_the_same() -> None:
    """Image, sizes, settings: a recovery wants parameters no smaller than the former's."""
    mine, former = dict(cluster()["spec"]), dict(cluster("academie")["spec"])
    for each in (mine, former):
        for made_otherwise in ("bootstrap", "externalClusters", "plugins"):
            each.pop(made_otherwise, None)
    assert mine == former


def test_database_owner_and_password_are_those_there_were() -> None:
    """Not named, they would be `app`; what is run after initdb is not run after a recovery."""
    recovery = cluster()["spec"]["bootstrap"]["recovery"]
    made = cluster("academie")["spec"]["bootstrap"]["initdb"]
    assert {key: recovery[key] for key in ("database", "owner", "secret")} == {
        key: made[key] for key in ("database", "owner", "secret")
    }
    assert set(cluster()["spec"]["bootstrap"]) == {"recovery"}


def test_everybody_is_led_there_and_trusts_its_certificate() -> None:
    """Its certificate is for its own names, under an authority of its own: the former's name for it would not do."""
    name = name_of(cluster())
    same = {name_of(each): environment("academie", each) for each in ours("academie")}
    for workload in ours(RESTORED):
        told = environment(RESTORED, workload)
        url = urlsplit(told["DATABASE_URL"])
        assert url.hostname == f"{name}-rw"
        assert told == same[name_of(workload)] | {
            "DATABASE_URL": same[name_of(workload)]["DATABASE_URL"].replace("@postgres-rw:", f"@{name}-rw:")
        }
        (ca,) = (each["secret"] for each in pod(workload)["volumes"] if each["name"] == "postgres-ca")
        assert ca["secretName"] == f"{name}-ca"


def test_it_is_copied_each_night() -> None:
    (nightly,) = of_kind(RESTORED, "ScheduledBackup")
    assert nightly["spec"]["cluster"] == {"name": name_of(cluster())}


def test_nothing_else_of_the_overlay_is_another() -> None:
    touched = {"Cluster", "ScheduledBackup", "Deployment", "Job", "StatefulSet"}
    others = [[each for each in rendered(one) if each["kind"] not in touched] for one in ("academie", RESTORED)]
    assert others[0] == others[1]


def test_the_moment_has_been() -> None:
    """PostgreSQL ends in error where the archive ends before the moment."""
    target = cluster()["spec"]["bootstrap"]["recovery"]["recoveryTarget"]["targetTime"]
    assert datetime.fromisoformat(target) < datetime.now(UTC)


def test_without_a_moment_nothing_is_rendered() -> None:
    with copied() as copy:
        overlay = copy / "overlays" / RESTORED
        (overlay / "restored.env").unlink()
        with pytest.raises(subprocess.CalledProcessError, match="kustomize") as refused:
            render(overlay)
        assert b"restored.env" in refused.value.stderr
        for missing in MOMENT:
            give(overlay, {name: value for name, value in MOMENT.items() if name != missing})
            with pytest.raises(subprocess.CalledProcessError, match="kustomize") as refused:
                render(overlay)
            assert f"data.{missing}".encode() in refused.value.stderr


@pytest.mark.parametrize("moment", ["", "YYYY-MM-DD", "2026-03-02T02:55:00Z"])
def test_what_is_no_moment_is_refused(moment: str) -> None:
    """An empty one too, that CloudNativePG would take for the end of the archive: what is left of it is no time."""
    assert any("+00:00" in said for said in objections(with_moment(MOMENT=moment)))


@pytest.mark.parametrize("given", [{"FORMER": ""}, {"FORMER": "WHICH"}, {"RESTORED": "postgres-YYYYMMDD"}])
def test_what_is_no_name_is_refused(given: dict[str, str]) -> None:
    assert objections(with_moment(**given))


def test_one_of_several_academies_is_restored_alone() -> None:
    """As docs/operations.md says: two entries of the overlay `restored`, in the directory of the académie."""
    with copied() as copy:
        lille = copy / "overlays/national/lille"
        text = (lille / "kustomization.yaml").read_text()
        generated = (K8S / "overlays/restored/kustomization.yaml").read_text().partition("configMapGenerator:\n")[2]
        text = text.replace("configMapGenerator:\n", f"configMapGenerator:\n{generated}")
        (lille / "kustomization.yaml").write_text(
            f"{text}components:\n  - ../../../components/cloudnative-pg-restored\n"
        )
        give(lille, MOMENT)
        found = render(copy / "overlays/national")
    assert objections(found) == []
    clusters = {(each["metadata"]["namespace"], name_of(each)) for each in found if each["kind"] == "Cluster"}
    assert clusters == {("perseverance-creteil", "postgres"), ("perseverance-lille", MOMENT["RESTORED"])}
    hosts = {
        (each["metadata"]["namespace"], urlsplit(variable["value"]).hostname)
        for each in found
        if each["kind"] in ("Deployment", "Job", "StatefulSet")
        for variable in pod(each)["containers"][0].get("env", [])
        if variable["name"] == "DATABASE_URL"
    }
    assert hosts == {("perseverance-creteil", "postgres-rw"), ("perseverance-lille", f"{MOMENT['RESTORED']}-rw")}
