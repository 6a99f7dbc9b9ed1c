"""The alerts, by Prometheus' own tool: `make deploy-check` runs this, `make test` has no promtool."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.manifests import of_kind

PLAYED = [Path(__file__).with_name(name) for name in ("alerts.yaml", "alerts_for_days.yaml")]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The groups as a file of Prometheus', beside the series to play."""
    (rule,) = of_kind("academie", "PrometheusRule")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rule["spec"]))
    for played in PLAYED:
        shutil.copy(played, tmp_path)
    return tmp_path


def promtool(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([os.environ["PROMTOOL"], *words], check=False, capture_output=True, text=True)


def test_the_rules_are_well_formed(rules: Path) -> None:
    done = promtool("check", "rules", rules / "rules.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("played", PLAYED, ids=lambda played: played.stem)
def test_each_alert_says_what_it_should_on_its_day(rules: Path, played: Path) -> None:
    done = promtool("test", "rules", rules / played.name)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_rule_that_says_nothing_would_be_found(rules: Path) -> None:
    text = (rules / "rules.yaml").read_text()
    (rules / "rules.yaml").write_text(text.replace("> 300", "> 300000"))
    assert promtool("test", "rules", rules / PLAYED[0].name).returncode != 0
