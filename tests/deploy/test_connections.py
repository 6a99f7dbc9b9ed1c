"""What all services may open together fits into what PostgreSQL lets in."""

import re

import pytest

from benchmarks.sizing import pools
from benchmarks.sizing.paper import KEPT_CONNECTIONS
from contracts.catalogue import SERVICES
from tests.deploy.manifests import OVERLAYS, ROOT, Resource, containers, name_of, namespace_of, of_kind, ours

WITHOUT_A_POOL = re.compile(r"\.connect_async\(")


def most(overlay: str, workload: Resource) -> int:
    """Its replicas, as many as the autoscaler may make, and what a rollout adds."""
    scaled = [
        each["spec"]["maxReplicaCount"]
        for each in of_kind(overlay, "ScaledObject")
        if (namespace_of(each), name_of(each)) == (namespace_of(workload), name_of(workload))
    ]
    replicas: int = scaled[0] if scaled else workload["spec"]["replicas"]
    surge: int = workload["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
    return replicas + surge


def let_in(overlay: str, namespace: str) -> int:
    for cluster in of_kind(overlay, "Cluster"):
        if namespace_of(cluster) == namespace:
            return int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
    (server,) = (each for each in of_kind(overlay, "StatefulSet") if name_of(each) == "postgres")
    (told,) = re.findall(r"max_connections=(\d+)", " ".join(containers(server)[0]["args"]))
    return int(told)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pool_may_be_full_at_once_while_a_rollout_goes_on(overlay: str) -> None:
    ceilings = pools.ceilings()
    services = [each for each in ours(overlay) if each["kind"] == "Deployment"]
    for namespace in {namespace_of(each) for each in services}:
        asked = {name_of(each): most(overlay, each) for each in services if namespace_of(each) == namespace}
        assert set(asked) == set(SERVICES)
        full = sum(number * ceilings[name] for name, number in asked.items())
        assert full + KEPT_CONNECTIONS <= let_in(overlay, namespace), asked


def test_connections_that_belong_to_no_pool_are_counted() -> None:
    found = {
        path.relative_to(ROOT / "services").parts[0]: len(WITHOUT_A_POOL.findall(path.read_text()))
        for path in (ROOT / "services").rglob("*.py")
        if WITHOUT_A_POOL.search(path.read_text())
    }
    assert found == pools.HEARING
    assert all(most >= 4 for most in pools.ceilings().values()), "each service has a pool of four at least"
