"""In the overlays that serve there is a place for the commands that docs/operations.md tells an operator to type."""

import re
import subprocess
from pathlib import Path

import pytest

from cli.checkup.addresses import SETTING, addresses, unnamed
from cli.runtime import Suite
from cli.settings import known
from cli.wiring import services_of
from contracts.catalogue import SERVICES
from contracts.permissions import LOADER, OPERATIONS, PROVISIONING, USERS
from tests.deploy.flows import allowed
from tests.deploy.manifests import (
    LIVE,
    OPERATOR,
    ROOT,
    Resource,
    containers,
    environment,
    labels,
    name_of,
    namespace_of,
    of_kind,
    ours,
    pod,
)

pytestmark = pytest.mark.parametrize("overlay", LIVE)
MOUNTED = "/run/secrets/perseverance"
HTTP = 8080
OPERATIONS_DOCUMENT = (ROOT / "docs/operations.md").read_text()


def places(overlay: str) -> list[Resource]:
    """One in each namespace with services."""
    found = [each for each in ours(overlay) if name_of(each) == OPERATOR]
    assert {namespace_of(each) for each in found} == {namespace_of(each) for each in ours(overlay)}
    return found


def keys(overlay: str, place: Resource) -> dict[str, tuple[str, str]]:
    """Each file of its Secret, and the entry and property of the vault it comes from."""
    (secret,) = (
        each
        for each in of_kind(overlay, "ExternalSecret")
        if namespace_of(each) == namespace_of(place) and name_of(each) == OPERATOR
    )
    assert {"name": "secrets", "secret": {"secretName": OPERATOR, "defaultMode": 0o440}} in pod(place)["volumes"]
    return {
        each["secretKey"]: (each["remoteRef"]["key"], each["remoteRef"]["property"]) for each in secret["spec"]["data"]
    }


def begin(place: Resource, directory: Path) -> None:
    """Do what the container begins with, up to where it waits, in this directory."""
    (*shell, script) = containers(place)[0]["command"]
    steps = script.partition("trap")[0].replace("/tmp/", f"{directory}/")
    subprocess.run([*shell, steps], check=True)


def test_nobody_is_there_while_nobody_has_something_to_do(overlay: str) -> None:
    for place in places(overlay):
        assert place["spec"]["replicas"] == 0


def test_every_user_that_a_command_acts_as_has_its_key_there(overlay: str) -> None:
    for place in places(overlay):
        held = keys(overlay, place)
        told = environment(overlay, place)
        assert told["NATS_NKEY_FILE"] == f"{MOUNTED}/nats.seed"
        assert held["nats.seed"] == (OPERATIONS, "nats.seed")
        for user in (LOADER, PROVISIONING):
            assert held[f"{user}.seed"] == (user, "nats.seed")
            assert f"NATS_NKEY_FILE={MOUNTED}/{user}.seed" in OPERATIONS_DOCUMENT
        assert {user for user, _ in held.values()} <= {*USERS, "postgres-owner"} - set(SERVICES)
        assert "NATS_INBOX" not in told  # else it would hold for each of the three


def test_it_signs_in_as_the_provisioning_does(overlay: str) -> None:
    for place in places(overlay):
        (job,) = (
            each
            for each in ours(overlay)
            if name_of(each) == PROVISIONING and namespace_of(each) == namespace_of(place)
        )
        mine, its = environment(overlay, place), environment(overlay, job)
        assert mine.items() >= its.items()
        assert set(mine) <= known()
        mounts = [{each["mountPath"] for each in containers(one)[0]["volumeMounts"]} for one in (place, job)]
        assert mounts[0] == mounts[1]


def test_commands_can_put_every_service_together_there(
    overlay: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`doctor`, `wait`, `streams` and `quarantine replay` ask the services themselves what there is to look at."""
    for place in places(overlay):
        begin(place, tmp_path)
        told = {
            name: value.replace("/tmp/", f"{tmp_path}/") if value.startswith("/tmp/") else value
            for name, value in environment(overlay, place).items()
        }
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        services = services_of(Suite.find(tmp_path, told))
        assert [service.name for service in services] == list(SERVICES)
        for service in services:
            service.database.close()


def test_it_knows_where_each_service_answers_and_the_way_there_is_open(overlay: str, tmp_path: Path) -> None:
    """`doctor` would else say that it did not look at /ready."""
    for place in places(overlay):
        told = environment(overlay, place)
        known = addresses(Suite.find(tmp_path, told), told[SETTING])
        assert unnamed(known) == []
        for name, address in known.items():
            (service,) = (
                each
                for each in of_kind(overlay, "Service")
                if f"http://{name_of(each)}" == address and namespace_of(each) == namespace_of(place)
            )
            (target,) = (
                each
                for each in ours(overlay)
                if namespace_of(each) == namespace_of(place)
                and service["spec"]["selector"].items() <= labels(each).items()
            )
            assert name_of(target) == name
            assert [(each["port"], each["targetPort"]) for each in service["spec"]["ports"]] == [(80, "http")]
            assert allowed(overlay, place, target, HTTP)


def test_what_the_document_tells_to_scale_and_to_enter_exists(overlay: str) -> None:
    typed = set(re.findall(r"scale (\w+)/(\w+) --replicas=1", OPERATIONS_DOCUMENT))
    assert typed == {(place["kind"].lower(), name_of(place)) for place in places(overlay)}
    entered = re.findall(r"exec (?:-\w+ )?(operator\S*) ", OPERATIONS_DOCUMENT)
    assert set(entered) == {f"{OPERATOR}-0"}


def test_tokens_are_made_where_the_secret_that_signs_them_is_and_not_at_the_place_for_commands(overlay: str) -> None:
    """It stands for everybody, at doors that are open to the outside: whoever types commands does not need it."""
    assert "exec deploy/projections -- perseverance token" in OPERATIONS_DOCUMENT
    for workload in ours(overlay):
        secret = environment(overlay, workload).get("PERSEVERANCE_TOKEN_SECRET_FILE", "")
        assert secret.startswith(MOUNTED) == (name_of(workload) == "projections")
    for place in places(overlay):
        assert "token.secret" not in keys(overlay, place)
