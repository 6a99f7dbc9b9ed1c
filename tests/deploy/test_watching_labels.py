"""Alerts, dashboards and scaling choose and group by labels that their series have.

A label that a series does not have is no mistake to Prometheus: nothing is chosen, or all lines become one.
"""

import re

from tests.deploy.manifests import LIVE, name_of, of_kind
from tests.deploy.test_watching import (
    BY_THE_OPERATOR,
    FROM_ELSEWHERE,
    METRIC,
    NAME,
    dashboards,
    metrics,
    queries,
    records,
)

RECORDED = {"perseverance:services_expected": {"namespace", "service"}}
MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
MATCHED = re.compile(rf"({NAME})\{{([^}}]*)\}}")
GROUPED = re.compile(r"\bby\s*\(([^)]*)\)\s*\(")


def labels_of(series: str) -> set[str]:
    """What a series has beside its value."""
    if series in FROM_ELSEWHERE:
        return FROM_ELSEWHERE[series]
    if series in RECORDED:
        return RECORDED[series]
    return metrics()[series] | BY_THE_OPERATOR | {"service"} | ({"le"} if series.endswith("_bucket") else set())


def inside(query: str, start: int) -> str:
    """What a parenthesis that opened just before holds."""
    depth = 1
    for at, sign in enumerate(query[start:], start):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if not depth:
            return query[start:at]
    raise AssertionError(f"a parenthesis of {query} is not closed")


def unknown_labels(query: str) -> set[tuple[str, str]]:
    """The labels that a question chooses or groups by, and that the series does not have."""
    asked = {(series, mark) for series, marks in MATCHED.findall(query) for mark in MATCHER.findall(marks)}
    for grouped in GROUPED.finditer(query):
        marks = re.findall(r"\w+", grouped[1])
        asked |= {(series, mark) for series in METRIC.findall(inside(query, grouped.end())) for mark in marks}
    return {(series, mark) for series, mark in asked if mark not in labels_of(series)}


def test_series_have_the_labels_that_are_asked_for() -> None:
    assert {where: unknown for where, query in queries() if (unknown := unknown_labels(query))} == {}


def test_a_label_that_no_series_has_is_found() -> None:
    lag = "perseverance_reader_lag"
    assert unknown_labels(f'sum by (consumer) ({lag}{{reader="a"}})') == {(lag, "reader")}
    assert unknown_labels(f"sum by (reader) (rate(max by (consumer) ({lag})[5m:]))") == {(lag, "reader")}


def test_what_a_dashboard_lets_people_choose_exists() -> None:
    for board in dashboards().values():
        for choice in board["templating"]["list"]:
            if choice["type"] == "query":
                ((series, mark),) = re.findall(r"^label_values\((.+), (\w+)\)$", choice["query"])
                assert METRIC.fullmatch(series)
                assert mark in labels_of(series)


def test_the_lines_of_a_panel_are_named_by_what_they_were_grouped_by() -> None:
    for name, board in dashboards().items():
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                marks = set(re.findall(r"\w+", " ".join(each[1] for each in GROUPED.finditer(target["expr"]))))
                named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
                assert named <= marks, f"{name}: {panel['title']}"


def test_what_rules_record_is_known_here() -> None:
    assert set(RECORDED) == set(records())


def test_prometheus_gives_the_label_that_services_are_known_by() -> None:
    for overlay in LIVE:
        for monitor in of_kind(overlay, "PodMonitor"):
            if name_of(monitor) == "perseverance":
                (rule,) = monitor["spec"]["podMetricsEndpoints"][0]["relabelings"]
                assert rule["targetLabel"] == "service"
                assert rule["sourceLabels"] == ["__meta_kubernetes_pod_label_app_kubernetes_io_name"]
