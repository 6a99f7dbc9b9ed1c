"""A wrong setting is said by its name, with what is expected and without its value, before anything starts."""

import os
import re
from pathlib import Path

import pytest

from chassis.settings import Settings, WrongSettings, load, variables
from cli.settings import DOCUMENT, classes, known, reference
from services import VARIABLES
from services import variables as listed
from tests.unit.settings.environments import CANARY, GOOD, fields_that_refuse

ROOT = Path(__file__).parents[3]
_SPEAKING = (".py", ".yaml", ".md", ".env", ".json", ".toml", ".sh")
CLASSES = classes()
EVERY = [pytest.param(settings, id=name) for name, settings in CLASSES.items()]


@pytest.fixture(autouse=True)
def good_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith("PERSEVERANCE_"):
            monkeypatch.delenv(name)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def faults_of(settings: type[Settings]) -> list[str]:
    with pytest.raises(WrongSettings) as caught:
        load(settings, listed())
    return caught.value.faults


@pytest.mark.parametrize("settings", EVERY)
def test_what_must_be_set_is_asked_for_by_name(settings: type[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    load(settings, listed())
    for variable, info in variables(settings).items():
        if info.is_required():
            monkeypatch.delenv(variable)
            (fault,) = faults_of(settings)
            assert fault == f"{variable} is missing. {info.description}"
            monkeypatch.setenv(variable, "")
            assert faults_of(settings) == [fault], "an empty variable counts as not set"
            monkeypatch.setenv(variable, GOOD[variable])


@pytest.mark.parametrize(
    ("settings", "variable"),
    [pytest.param(each, v, id=f"{name}-{v}") for name, each in CLASSES.items() for v in fields_that_refuse(each)],
)
def test_what_cannot_be_used_is_named_and_never_quoted(
    settings: type[Settings], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, CANARY)
    (fault,) = faults_of(settings)
    assert fault.startswith(f"{variable} cannot be used: ")
    assert CANARY not in fault


@pytest.mark.parametrize("settings", EVERY)
def test_every_setting_says_what_it_is(settings: type[Settings]) -> None:
    assert [name for name, info in variables(settings).items() if not info.description] == []


@pytest.mark.parametrize("variable", sorted(name for name in known() if name.startswith("PERSEVERANCE_")))
def test_a_slip_of_the_pen_is_told_with_the_name_that_was_meant(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slip = variable[:-2] + variable[-1] + variable[-2] + "X"
    monkeypatch.setenv(slip, CANARY)
    (fault,) = faults_of(Settings)
    assert fault.startswith(f"{slip} is no setting of ours: ")
    assert re.search(r"(PERSEVERANCE_[A-Z_]+)\?$", fault)
    assert CANARY not in fault


def test_settings_of_other_services_in_the_same_environment_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    for settings in CLASSES.values():
        for variable in set(variables(settings)) - set(variables(Settings)):
            monkeypatch.setenv(variable, CANARY)
    load(Settings, listed())


def test_what_kubernetes_adds_for_a_service_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap: a Service called `perseverance-intake` puts such variables into every pod of its namespace."""
    for name, value in {
        "PERSEVERANCE_INTAKE_SERVICE_HOST": "10.0.0.1",
        "PERSEVERANCE_INTAKE_SERVICE_PORT": "8000",
        "PERSEVERANCE_INTAKE_SERVICE_PORT_HTTP": "8000",
        "PERSEVERANCE_INTAKE_PORT": "tcp://10.0.0.1:8000",
        "PERSEVERANCE_INTAKE_PORT_8000_TCP_ADDR": "10.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    load(Settings, listed())


@pytest.mark.parametrize(
    ("service", "variable"),
    [("projections", "PERSEVERANCE_TOKEN_SECRET_FILE"), ("notifications", "PERSEVERANCE_SMTP_PASSWORD_FILE")],
)
@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_secret_file_that_cannot_be_read_is_told(
    service: str, variable: str, content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / CANARY
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(variable, str(file))
    monkeypatch.delenv("PERSEVERANCE_TOKEN_SECRET", raising=False)
    monkeypatch.setenv("PERSEVERANCE_SMTP_USER", "someone")
    (fault,) = faults_of(CLASSES[service])
    assert fault.startswith(f"{variable} cannot be used: the file it names")
    assert CANARY not in fault


def test_the_page_and_the_list_are_committed_as_generated() -> None:
    assert DOCUMENT.read_text() == reference(), "run `make schemas` and commit what it writes"
    assert VARIABLES.read_text().split() == sorted(known()), "run `make schemas` and commit what it writes"


def test_no_other_variable_of_ours_is_spoken_of_anywhere() -> None:
    spoken = set()
    for folder in ("chassis", "services", "cli", "deploy", "benchmarks", "docs"):
        for file in (ROOT / folder).rglob("*"):
            if (
                file.suffix in (".py", ".yaml", ".yml", ".md", ".env", ".json", ".toml", ".sh")
                or "Dockerfile" in file.name
            ):
                spoken |= set(re.findall(r"PERSEVERANCE_[A-Z0-9_]*[A-Z0-9]\b(?!_)", file.read_text()))
    assert spoken - known() == set()
