"""Alerts, dashboards and scaling speak of numbers that the code gives, and each alert can be looked up."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import pytest
import yaml

from contracts.catalogue import SERVICES
from tests.deploy.manifests import LIVE, ROOT, Resource, labels, name_of, namespace_of, of_kind, ours, selects

OPERATIONS = (ROOT / "docs/operations.md").read_text()
PLAYED = yaml.safe_load((Path(__file__).with_name("alerts.yaml")).read_text())
BY_THE_OPERATOR = {"namespace", "pod", "job"}
FROM_ELSEWHERE = {
    "up": BY_THE_OPERATOR | {"service"},
    "kubelet_volume_stats_available_bytes": {"namespace", "persistentvolumeclaim"},
    "kubelet_volume_stats_capacity_bytes": {"namespace", "persistentvolumeclaim"},
    "kube_statefulset_status_replicas_ready": {"namespace", "statefulset"},
    "kube_statefulset_replicas": {"namespace", "statefulset"},
    "cnpg_pg_replication_streaming_replicas": BY_THE_OPERATOR,
    "cnpg_pg_stat_archiver_last_archived_time": BY_THE_OPERATOR,
    "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp": BY_THE_OPERATOR,
}
SUFFIXES = {"Counter": ("_total",), "Histogram": ("_bucket", "_sum", "_count"), "Gauge": ("",)}
NAME = r"\b(?:(?:perseverance[_:]|kubelet_|kube_|cnpg_|barman_)[a-z_]+|up)\b"
METRIC = re.compile(NAME + r"(?=[{\[)\s]|$)")


@cache
def metrics() -> dict[str, set[str]]:
    """Each series the code gives, with its labels."""
    found = {}
    for path in [*(ROOT / "chassis").rglob("*.py"), *(ROOT / "services").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SUFFIXES:
                words = [each.value for each in node.args if isinstance(each, ast.Constant)]
                if words and str(words[0]).startswith("perseverance_"):
                    given = [each for each in node.args if isinstance(each, ast.List | ast.Tuple)]
                    marks = {str(each.value) for part in given for each in part.elts if isinstance(each, ast.Constant)}
                    found |= {f"{words[0]}{suffix}": marks for suffix in SUFFIXES[node.func.id]}
    return found


def written() -> Iterator[Resource]:
    (resource,) = of_kind("academie", "PrometheusRule")
    for group in resource["spec"]["groups"]:
        yield from group["rules"]


def rules() -> list[Resource]:
    """The alerts."""
    return [each for each in written() if "alert" in each]


def records() -> dict[str, str]:
    """The series that rules make of others, and of what."""
    return {each["record"]: each["expr"] for each in written() if "record" in each}


def dashboards() -> dict[str, Resource]:
    maps = [each for each in of_kind("academie", "ConfigMap") if name_of(each).startswith("dashboard-")]
    return {name_of(each): json.loads(next(iter(each["data"].values()))) for each in maps}


def queries() -> list[tuple[str, str]]:
    """Every question that is asked of Prometheus, and where."""
    asked = [*((rule["alert"], rule["expr"]) for rule in rules()), *records().items()]
    for overlay in LIVE:
        for scaled in of_kind(overlay, "ScaledObject"):
            asked += [
                (f"{overlay}/{name_of(scaled)}", trigger["metadata"]["query"])
                for trigger in scaled["spec"]["triggers"]
                if trigger["type"] == "prometheus"
            ]
    for name, board in dashboards().items():
        asked += [
            (f"{name}: {panel['title']}", target["expr"])
            for panel in board["panels"]
            for target in panel.get("targets", [])
        ]
    return asked


def test_the_code_gives_the_numbers_that_are_asked_for() -> None:
    unknown = {(where, name) for where, query in queries() for name in METRIC.findall(query)} - {
        (where, name) for where, _ in queries() for name in {*metrics(), *records(), *FROM_ELSEWHERE}
    }
    assert unknown == set()


def test_each_question_asks_for_something() -> None:
    assert [where for where, query in queries() if not METRIC.findall(query)] == []


def test_each_alert_has_a_runbook() -> None:
    headings = set(re.findall(r"^### (\w+)$", OPERATIONS, re.MULTILINE))
    alerts = {rule["alert"] for rule in rules()}
    assert alerts - headings == set()
    assert {each for each in headings if re.fullmatch(r"([A-Z][a-z]+){2,}", each)} - alerts == set()


def test_each_alert_says_how_urgent_it_is_and_what_is_wrong() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]


def test_each_alert_has_an_example() -> None:
    played = {each["alertname"] for test in PLAYED["tests"] for each in test.get("alert_rule_test", [])}
    assert played == {rule["alert"] for rule in rules()}


@pytest.mark.parametrize("overlay", LIVE)
def test_alerts_are_made_once_a_cluster(overlay: str) -> None:
    assert len(list(of_kind(overlay, "PrometheusRule"))) == 1


@pytest.mark.parametrize("overlay", LIVE)
def test_each_service_is_asked_for_its_numbers_and_scaled(overlay: str) -> None:
    for workload in ours(overlay):
        if workload["kind"] != "Deployment":
            continue
        here = namespace_of(workload)
        (scaled,) = (
            each
            for each in of_kind(overlay, "ScaledObject")
            if (namespace_of(each), name_of(each)) == (here, name_of(workload))
        )
        assert scaled["spec"]["maxReplicaCount"] <= 16
        assert scaled["spec"]["minReplicaCount"] >= 2
        assert "replicas" not in workload["spec"]
        query = scaled["spec"]["triggers"][0]["metadata"]["query"]
        assert f'namespace="{here}"' in query
        (monitor,) = (
            each
            for each in of_kind(overlay, "PodMonitor")
            if (namespace_of(each), name_of(each)) == (here, "perseverance")
        )
        (rule,) = monitor["spec"]["selector"]["matchExpressions"]
        assert labels(workload)["app.kubernetes.io/name"] in rule["values"]


@pytest.mark.parametrize("overlay", LIVE)
def test_each_database_is_asked_for_its_numbers_and_lets_prometheus_in(overlay: str) -> None:
    for cluster in of_kind(overlay, "Cluster"):
        here = namespace_of(cluster)
        given = {"cnpg.io/cluster": name_of(cluster), **cluster["spec"]["inheritedMetadata"]["labels"]}
        (monitor,) = (
            each
            for each in of_kind(overlay, "PodMonitor")
            if namespace_of(each) == here and selects(each["spec"]["selector"], given)
        )
        assert [each["port"] for each in monitor["spec"]["podMetricsEndpoints"]] == ["metrics"]
        let_in = [
            (peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], port["port"])
            for policy in of_kind(overlay, "NetworkPolicy")
            if namespace_of(policy) == here and selects(policy["spec"]["podSelector"], given)
            for rule in policy["spec"].get("ingress", [])
            for peer in rule["from"]
            for port in rule["ports"]
            if "namespaceSelector" in peer
        ]
        assert ("monitoring", 9187) in let_in


async def readers() -> dict[str, set[str]]:
    """The readers of each service, as it is put together."""
    found = {}
    for name in SERVICES:
        build = import_module(f"services.{name}.app").build
        settings = get_type_hints(build)["settings"]
        secret = {"token_secret": "s" * 32} if "token_secret" in settings.model_fields else {}
        service = build(settings(nats_url="nats://127.0.0.1:1", database_url="postgresql:///nowhere", **secret))
        found[name] = {reader.name for reader in service.readers}
        service.database.close()
    return found


@pytest.mark.parametrize("overlay", LIVE)
async def test_each_service_is_scaled_by_what_its_own_readers_have_before_them(overlay: str) -> None:
    """A name that no reader has is no mistake to Prometheus: the answer is empty, and nothing is ever scaled."""
    by_service = await readers()
    asked = {}
    for scaled in of_kind(overlay, "ScaledObject"):
        query = scaled["spec"]["triggers"][0]["metadata"]["query"]
        ((how, consumer),) = re.findall(r'consumer(=~|=)"([^"]+)"', query)
        pattern = re.compile(consumer if how == "=~" else re.escape(consumer))
        asked[name_of(scaled)] = {each for each in set().union(*by_service.values()) if pattern.fullmatch(each)}
    assert asked == by_service


def test_dashboards_can_be_read() -> None:
    assert set(dashboards()) == {"dashboard-operations", "dashboard-service"}
    for board in dashboards().values():
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        assert all(panel["title"] for panel in board["panels"])


def with_exemplars() -> set[str]:
    """The histograms that are given the trace of what they count."""
    names, given = {}, set()
    for path in [*(ROOT / "chassis").rglob("*.py"), *(ROOT / "services").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Assign([ast.Name(known)], ast.Call(ast.Name("Histogram"), [ast.Constant(name), *_])):
                    names[known] = name
                case ast.Call(ast.Attribute(ast.Call(ast.Attribute(series, "labels")), "observe"), [_, _]):
                    given.add(ast.unparse(series).rpartition(".")[2])
    return {names[each] for each in given}


def test_panels_of_numbers_that_lead_to_a_trace_show_the_way() -> None:
    leading = with_exemplars()
    assert leading
    asked = {
        (f"{name}: {panel['title']}", target.get("exemplar"))
        for name, board in dashboards().items()
        for panel in board["panels"]
        for target in panel.get("targets", [])
        if set(METRIC.findall(target["expr"])) & {f"{each}_bucket" for each in leading}
    }
    assert asked
    assert {where for where, exemplar in asked if exemplar is not True} == set()


def test_each_of_our_services_is_expected() -> None:
    expected = records()["perseverance:services_expected"]
    assert sorted(re.findall(r'"service", "(\w+)"', expected)) == sorted(SERVICES)


@pytest.mark.parametrize("overlay", LIVE)
def test_alerts_know_the_job_that_prometheus_makes_of_our_monitors(overlay: str) -> None:
    """The operator calls a job NAMESPACE/MONITOR."""
    known = {f"{namespace_of(each)}/{name_of(each)}" for each in of_kind(overlay, "PodMonitor")}
    for where, query in queries():
        for job in re.findall(r'\bjob=~"([^"]+)"', query):
            assert any(re.fullmatch(job, each) for each in known), where
