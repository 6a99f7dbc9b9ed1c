"""What the runbooks tell people to type and to look for exists."""

import re

from cli.main import COMMANDS
from cli.settings import known
from tests.deploy.manifests import ROOT
from tests.deploy.test_watching import OPERATIONS, metrics

CODE = "\n".join(path.read_text() for part in ("chassis", "services", "cli") for path in (ROOT / part).rglob("*.py"))
RUNBOOKS = OPERATIONS.partition("## Runbooks")[2]
LOGGED = set(re.findall(r'log\.(?:info|warning|error)\(\s*"([a-z_.]+)"', CODE))


def test_the_lines_to_look_for_in_logs_are_written() -> None:
    named = set(re.findall(r"`((?:alarm|database|gauges|nats|reader|relay|sender|service)\.[a-z_]+)`", RUNBOOKS))
    assert named
    assert named - LOGGED == set()


def test_the_commands_to_type_exist() -> None:
    typed = set(re.findall(r"`perseverance ([a-z]+)", OPERATIONS))
    assert {"doctor", "keys", "quarantine"} <= typed
    assert typed - set(COMMANDS) == set()


def test_the_settings_named_exist() -> None:
    assert set(re.findall(r"`(PERSEVERANCE_[A-Z_]+)`", OPERATIONS)) - known() == set()


def test_the_numbers_named_exist() -> None:
    named = set(re.findall(r"`(perseverance_[a-z_]+)`", OPERATIONS))
    assert {name for name in named if not {name, f"{name}_count"} & set(metrics())} == set()


def test_the_files_named_exist() -> None:
    named = set(re.findall(r"`((?:deploy|components|overlays|base|tests|docs)/[\w./-]+)`", OPERATIONS))
    here = {name if name.startswith(("deploy", "tests", "docs")) else f"deploy/k8s/{name}" for name in named}
    assert [name for name in here if not (ROOT / name).exists()] == []


def test_what_is_paused_by_hand_may_have_been_paused_before_and_is_let_go() -> None:
    """Without `--overwrite` a second annotation is refused; without the other command nothing is ever scaled again."""
    paused = re.findall(r"annotate scaledobject (\S+) autoscaling\.keda\.sh/paused-replicas(=?)(.*)", OPERATIONS)
    assert all("--overwrite" in more for _, sets, more in paused if sets)
    assert {which for which, sets, _ in paused if sets} == {which for which, sets, _ in paused if not sets}
