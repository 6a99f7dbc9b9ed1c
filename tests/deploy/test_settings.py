"""What the manifests set is what the code reads, and what it cannot do without is there."""

from importlib import import_module

import pytest

from chassis.settings import Settings
from contracts.catalogue import SERVICES
from tests.deploy.manifests import LIVE, OVERLAYS, environment, name_of, ours

TRACING = {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}
"""The standard variables that chassis/tracing.py reads by itself."""


def settings_of(service: str) -> type[Settings]:
    """The class a service reads its settings into."""
    try:
        module = import_module(f"services.{service}.settings")
    except ModuleNotFoundError:
        return Settings
    return next(
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Settings) and each is not Settings
    )


def names_of(settings: type[Settings]) -> dict[str, bool]:
    """Each environment variable, and whether the service cannot start without."""
    found = {}
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        names = [str(each) for each in alias.choices] if alias is not None else [f"PERSEVERANCE_{name.upper()}"]
        found[names[0]] = field.is_required()
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SERVICES)
def test_each_setting_exists(overlay: str, service: str) -> None:
    known = names_of(settings_of(service))
    for workload in ours(overlay):
        if name_of(workload) == service:
            told = set(environment(overlay, workload))
            assert told <= set(known) | TRACING
            assert {name for name, required in known.items() if required} <= told


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_provisioning_knows_the_same_servers(overlay: str) -> None:
    known = set(names_of(Settings))
    for workload in ours(overlay):
        if name_of(workload) == "provisioning":
            told = environment(overlay, workload)
            assert set(told) <= known
            assert {"NATS_URL", "DATABASE_URL"} <= set(told)


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SERVICES)
def test_each_service_would_take_its_settings(overlay: str, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for workload in ours(overlay):
        if name_of(workload) == service:
            for name, value in environment(overlay, workload).items():
                if not name.endswith("_FILE"):
                    monkeypatch.setenv(name, value)
            monkeypatch.setenv("PERSEVERANCE_TOKEN_SECRET", "from-a-file-that-is-in-the-cluster-only")
            settings_of(service)()


@pytest.mark.parametrize("overlay", LIVE)
def test_nobody_signs_in_as_whoever_they_choose(overlay: str) -> None:
    for workload in ours(overlay):
        assert "PERSEVERANCE_DEMO" not in environment(overlay, workload)
