"""Only the flows that exist: what the policies let through is compared with what the code does."""

import ast
from functools import cache
from urllib.parse import urlsplit

import pytest

from contracts.catalogue import COMMANDS, FLOW, SERVICES
from tests.deploy.flows import allowed, anywhere, closed, elsewhere, enters, leaves
from tests.deploy.manifests import (
    LIVE,
    OPERATOR,
    OVERLAYS,
    ROOT,
    Resource,
    environment,
    labels,
    name_of,
    namespace_of,
    of_kind,
    ours,
    workloads,
)

NATS, POSTGRES, HTTP = 4222, 5432, 8080
MAIL = (25, 465, 587, 1025)
NAMES = ("kube-system", 53)
PORTS = (NATS, POSTGRES, HTTP, *MAIL, 6222, 8222, 8025)
DOORS = {"intake", "projections"}
"""Who answers people and school systems (see cli/supervisor/suite.py: the gateway sends requests to these alone)."""


NOWHERE_TO_NAME: dict[tuple[str, int | str], str] = {
    (
        "postgres-instances",
        443,
    ): "the store of backups, whose addresses its provider changes; the API by its Service",
    ("postgres-instances", 6443): "the API of the cluster, on machines that no pod selector names",
}
"""Where a policy lets out to any address, and what for. Each leaves a way out to all the world: think before adding."""


@cache
def imports(service: str) -> set[str]:
    """The libraries a service's own code names."""
    found = set()
    for path in (ROOT / "services" / service).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
            elif isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
    return found


def talks_on_nats() -> set[str]:
    said = {channel.producer for channel in FLOW} | {name for channel in FLOW for name in channel.consumers}
    return said | set(COMMANDS.values()) | {"provisioning"}


def keeps_tables() -> set[str]:
    return {name for name in SERVICES if (ROOT / "services" / name / "tables.py").exists()} | {"provisioning"}


def sends_mail() -> set[str]:
    return {name for name in SERVICES if "aiosmtplib" in imports(name)}


def sends_traces_to(overlay: str, workload: Resource) -> set[tuple[str, int | None]]:
    """The namespace and port of the collector it is told of, `http://SERVICE.NAMESPACE:PORT`; nothing without."""
    told = environment(overlay, workload).get("OTEL_EXPORTER_OTLP_ENDPOINT")
    address = urlsplit(told or "")
    return {((address.hostname or "").partition(".")[2], address.port)} if told else set()


def instances(overlay: str) -> list[Resource]:
    """The instances of each Cluster of CloudNativePG, as far as policies see them."""
    return [
        _of_cloudnative_pg(each, each["spec"]["inheritedMetadata"]["labels"]) for each in of_kind(overlay, "Cluster")
    ]


def making(overlay: str) -> list[Resource]:
    """The pods of the Jobs that make an instance, join one or recover one: they inherit no label of ours."""
    return [_of_cloudnative_pg(each, {"cnpg.io/jobRole": "any"}) for each in of_kind(overlay, "Cluster")]


def _of_cloudnative_pg(cluster: Resource, marks: dict[str, str]) -> Resource:
    known = {"app.kubernetes.io/name": "postgresql", "cnpg.io/cluster": name_of(cluster)}
    return {
        "metadata": {"name": "postgres", "namespace": namespace_of(cluster)},
        "spec": {"template": {"metadata": {"labels": known | marks}, "spec": {"containers": []}}},
    }


def server(workload_labels: dict[str, str]) -> str:
    return workload_labels.get("perseverance/server", workload_labels["app.kubernetes.io/name"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everything_is_closed_but_for_what_is_named(overlay: str) -> None:
    assert [name_of(each) for each in workloads(overlay) if not closed(overlay, each)] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_between_pods_only_the_flows_that_exist(overlay: str) -> None:
    """The instances of PostgreSQL that its operator makes are among them; Prometheus and the like are not."""
    everyone = [*workloads(overlay), *instances(overlay)]
    found = {
        (name_of(source), server(labels(target)), port)
        for source in everyone
        for target in everyone
        for port in PORTS
        if allowed(overlay, source, target, port)
    }
    present = {server(labels(each)) for each in everyone}
    expected = {(name, "nats", NATS) for name in talks_on_nats()}
    if "postgres" in present:
        expected |= {(name, "postgres", POSTGRES) for name in keeps_tables()}
    if "mail" in present:
        expected |= {(name, "mail", 1025) for name in sends_mail()}
    if overlay in LIVE:
        expected |= {("nats", "nats", 6222), ("postgres", "postgres", POSTGRES)}
        expected |= {(OPERATOR, "nats", NATS), (OPERATOR, "postgres", POSTGRES)}
        expected |= {(OPERATOR, name, HTTP) for name in SERVICES}
    assert found == expected


@pytest.mark.parametrize("overlay", LIVE)
def test_who_makes_an_instance_reaches_what_it_needs(overlay: str) -> None:
    """The instance it copies, the operator that asks it, and, at any address, the API and the store of backups."""
    assert making(overlay)
    for maker in making(overlay):
        namespace = namespace_of(maker)
        assert closed(overlay, maker)
        assert all(
            allowed(overlay, maker, each, POSTGRES) for each in instances(overlay) if namespace_of(each) == namespace
        )
        assert enters(overlay, maker, "cnpg-system", 8000)
        assert {port for each, port in anywhere(overlay, maker)} == {443, 6443}
        assert not any(allowed(overlay, each, maker, POSTGRES) for each in workloads(overlay))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_people_and_systems_reach_the_doors_alone(overlay: str) -> None:
    """From the namespace of the ingress controller: in `local`, that of kind's guide. k3d's is one pod of another."""
    controllers = "ingress-nginx" if overlay == "local" else "ingress"
    reached = {name_of(each) for each in workloads(overlay) if enters(overlay, each, controllers, HTTP)}
    assert reached == DOORS


def test_the_controller_that_k3d_brings_reaches_the_doors_of_local() -> None:
    (policy,) = (each for each in of_kind("local", "NetworkPolicy") if name_of(each) == "doors")
    assert {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "traefik"}},
    } in policy["spec"]["ingress"][0]["from"]


@pytest.mark.parametrize("overlay", LIVE)
def test_only_mail_leaves_the_cluster(overlay: str) -> None:
    for workload in ours(overlay):
        ports = {port for _, port in leaves(overlay, workload)}
        assert bool(ports) == (name_of(workload) in sends_mail())
        assert ports <= set(MAIL)


@pytest.mark.parametrize("overlay", LIVE)
def test_each_service_has_somewhere_to_send_its_traces(overlay: str) -> None:
    assert {name_of(each) for each in ours(overlay) if sends_traces_to(overlay, each)} == set(SERVICES)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_leaves_for_another_namespace_but_names_and_traces(overlay: str) -> None:
    for workload in workloads(overlay):
        assert elsewhere(overlay, workload) == {NAMES} | sends_traces_to(overlay, workload), name_of(workload)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_workload_speaks_to_another_namespace_s(overlay: str) -> None:
    everyone = list(workloads(overlay))
    for source in everyone:
        for target in everyone:
            if namespace_of(source) != namespace_of(target):
                assert not any(allowed(overlay, source, target, port) for port in PORTS)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_is_open_to_any_address_but_what_cannot_be_named(overlay: str) -> None:
    assert anywhere(overlay) <= (set(NOWHERE_TO_NAME) if overlay in LIVE else set())


def test_no_exception_is_left_that_nobody_needs() -> None:
    assert {each for overlay in LIVE for each in anywhere(overlay)} == set(NOWHERE_TO_NAME)


@pytest.mark.parametrize(
    "rule",
    [
        {"ports": [{"port": 443}]},
        {"to": [], "ports": [{"port": 443}]},
        {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443}]},
        {"to": [{"ipBlock": {"cidr": "::/0"}}]},
        {},
    ],
)
def test_a_rule_for_any_address_would_be_found(rule: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = {"metadata": {"name": "wide"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]}}
    monkeypatch.setattr("tests.deploy.flows.of_kind", lambda *_: iter([policy]))
    assert {name for name, _ in anywhere("academie")} == {"wide"}
