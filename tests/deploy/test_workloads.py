"""What each workload must have, whatever it runs."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from contracts.catalogue import SERVICES
from tests.deploy.manifests import (
    LIVE,
    OPERATOR,
    OVERLAYS,
    Resource,
    containers,
    environment,
    labels,
    name_of,
    namespace_of,
    of_kind,
    ours,
    pod,
    rendered,
    selects,
    serves,
    workloads,
)

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)
MOUNTED = "/run/secrets/perseverance/"
TAG = re.compile(r".+(:v?\d[\w.-]*|@sha256:[0-9a-f]{64})")


def lacking(overlay: str, holds: Callable[[Resource], bool]) -> list[str]:
    return [name_of(each) for each in workloads(overlay) if not holds(each)]


def test_each_service_and_the_provisioning_run_and_there_is_a_place_for_commands(overlay: str) -> None:
    namespaces = {namespace_of(each) for each in workloads(overlay)}
    besides = {"provisioning", OPERATOR} if overlay in LIVE else {"provisioning"}
    for namespace in namespaces:
        names = {name_of(each) for each in ours(overlay) if namespace_of(each) == namespace}
        assert names == {*SERVICES, *besides}


def test_pods_are_restricted(overlay: str) -> None:
    """The rules of the level "restricted" of Pod Security, on each container."""
    for workload in workloads(overlay):
        whole = pod(workload)["securityContext"]
        assert whole["runAsNonRoot"] is True
        assert whole["runAsUser"] > 0
        assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod(workload))
        for container in containers(workload):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["readOnlyRootFilesystem"] is True
        assert all(not {"hostPath"} & set(volume) for volume in pod(workload).get("volumes", []))


def test_every_namespace_enforces_it(overlay: str) -> None:
    namespaces = {name_of(each): each["metadata"]["labels"] for each in of_kind(overlay, "Namespace")}
    assert {namespace_of(each) for each in rendered(overlay)} - {""} == set(namespaces)
    for marks in namespaces.values():
        assert marks["pod-security.kubernetes.io/enforce"] == "restricted"


def test_no_pod_holds_a_token(overlay: str) -> None:
    assert lacking(overlay, lambda each: pod(each).get("automountServiceAccountToken") is False) == []
    assert all(each["automountServiceAccountToken"] is False for each in of_kind(overlay, "ServiceAccount"))
    accounts = {name_of(each) for each in of_kind(overlay, "ServiceAccount")}
    assert all(pod(each)["serviceAccountName"] in accounts for each in ours(overlay))


def test_each_container_has_limits(overlay: str) -> None:
    for workload in workloads(overlay):
        for container in containers(workload):
            assert set(container["resources"]["requests"]) >= {"cpu", "memory"}
            assert set(container["resources"]["limits"]) >= {"cpu", "memory"}


def test_each_server_is_looked_at(overlay: str) -> None:
    for workload in workloads(overlay):
        if not serves(workload):
            continue
        for container in pod(workload)["containers"]:
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container), container["name"]


def test_our_probes_ask_what_is_meant_for_it(overlay: str) -> None:
    for workload in ours(overlay):
        container = containers(workload)[0]
        if workload["kind"] == "Deployment":
            for kind, path in (("startup", "/live"), ("liveness", "/live"), ("readiness", "/ready")):
                assert container[f"{kind}Probe"]["httpGet"]["path"] == path


def test_each_server_may_be_moved_one_pod_at_a_time(overlay: str) -> None:
    budgets = list(of_kind(overlay, "PodDisruptionBudget"))

    def covered(workload: Resource) -> bool:
        mine = [
            each
            for each in budgets
            if namespace_of(each) == namespace_of(workload) and selects(each["spec"]["selector"], labels(workload))
        ]
        return not serves(workload) or [each["spec"]["maxUnavailable"] for each in mine] == [1]

    assert lacking(overlay, covered) == []


def test_our_pods_are_spread(overlay: str) -> None:
    for workload in ours(overlay):
        if workload["kind"] == "Deployment":
            spread = pod(workload)["topologySpreadConstraints"]
            assert {each["topologyKey"] for each in spread} == {
                "kubernetes.io/hostname",
                "topology.kubernetes.io/zone",
            }
            assert all("app.kubernetes.io/name" in each["matchLabelKeys"] for each in spread)


def test_a_rollout_never_takes_a_pod_away_before_its_successor_is_ready(overlay: str) -> None:
    for workload in ours(overlay):
        if workload["kind"] == "Deployment":
            assert workload["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_each_image_is_one_image(overlay: str) -> None:
    for workload in workloads(overlay):
        for container in containers(workload):
            image = container["image"]
            assert image == "perseverance:local" or TAG.fullmatch(image), image
            if overlay in LIVE and container["name"] == "perseverance":
                assert "@sha256:" in image


def test_no_secret_is_a_setting(overlay: str) -> None:
    """Passwords and keys come as files, which only the cluster on one machine has from here."""
    for workload in ours(overlay):
        told = environment(overlay, workload)
        assert not [name for name, value in told.items() if re.search(r"://[^/@]*:[^/@]*@", value)]
        assert not {"PERSEVERANCE_TOKEN_SECRET"} & set(told)
    if overlay in LIVE:
        assert not list(of_kind(overlay, "Secret"))


def test_each_one_signs_in_as_itself(overlay: str) -> None:
    for workload in ours(overlay):
        told, name = environment(overlay, workload), name_of(workload)
        owner = name in ("provisioning", OPERATOR)
        assert urlsplit(told["DATABASE_URL"]).username == ("perseverance" if owner else f"perseverance_{name}")
        assert told["DATABASE_PASSWORD_FILE"].startswith(MOUNTED)
        assert told["NATS_NKEY_FILE"].startswith(MOUNTED)
        assert ("--passwords" in containers(workload)[0]["command"]) == (name == "provisioning")


def test_nothing_is_taken_away_because_nobody_can_say_how_much_there_is_to_do(overlay: str) -> None:
    """Without Prometheus under load, a fallback that is a mere number stops most of those at work."""
    for scaled in of_kind(overlay, "ScaledObject"):
        fallback = scaled["spec"]["fallback"]
        assert fallback["behavior"] == "currentReplicasIfHigher", name_of(scaled)
        assert fallback["replicas"] > scaled["spec"]["minReplicaCount"]
        # The fallback is for this kind of measure alone.
        assert scaled["spec"]["triggers"][0]["metricType"] == "AverageValue"
