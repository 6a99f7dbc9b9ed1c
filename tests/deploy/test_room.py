"""JetStream's room goes with its volume: somebody is told that the volume fills before a message is refused."""

import re

import pytest

from tests.deploy.manifests import OVERLAYS, Resource, containers, environment, name_of, namespace_of, of_kind
from tests.deploy.test_watching import rules

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)
UNITS = {"MB": 2**20, "GB": 2**30, "Mi": 2**20, "Gi": 2**30}
"""As nats-server reads its file, and as Kubernetes does."""
LEFT_TO_THE_VOLUME = 0.05
"""For the logs by which the servers agree, for indexes, and for the file system itself."""


def size(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(\w\w)", text).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def servers(overlay: str) -> list[Resource]:
    return [each for each in of_kind(overlay, "StatefulSet") if name_of(each) == "nats"]


def claim(each: Resource) -> int:
    return size(each["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"])


def room(overlay: str, each: Resource) -> int:
    """What the server is told in its file, or in its environment where the file says so."""
    (config,) = (
        config["data"]["nats.conf"]
        for config in of_kind(overlay, "ConfigMap")
        if namespace_of(config) == namespace_of(each) and "nats.conf" in config["data"]
    )
    (told,) = re.findall(r"max_file_store: (\S+)", config)
    return size(environment(overlay, each)[told[1:]] if told.startswith("$") else told)


def test_the_volume_is_said_to_fill_before_a_message_is_refused(overlay: str) -> None:
    (left,) = (re.findall(r"< ([\d.]+)$", rule["expr"]) for rule in rules() if rule["alert"] == "VolumeFills")
    found = servers(overlay)
    assert found
    for each in found:
        share = room(overlay, each) / claim(each)
        assert 1 - float(left[0]) < share < 1 - LEFT_TO_THE_VOLUME


def test_a_full_volume_starts_the_server_again_and_catching_up_does_not(overlay: str) -> None:
    """Of three, the server whose volume is full gives up JetStream; one alone has but a broken stream to show."""
    for each in servers(overlay):
        path = containers(each)[0]["livenessProbe"]["httpGet"]["path"]
        assert path == ("/healthz?js-enabled-only=true" if each["spec"].get("replicas", 1) > 1 else "/healthz")


def test_a_rollout_waits_until_a_server_has_caught_up(overlay: str) -> None:
    """Its streams too, before the next one is taken, and for as long as that lasts; later a stream stops nobody."""
    for each in servers(overlay):
        startup, ready = (containers(each)[0][f"{kind}Probe"] for kind in ("startup", "readiness"))
        assert startup["httpGet"]["path"] == "/healthz"
        if each["spec"].get("replicas", 1) > 1:
            assert startup["periodSeconds"] * startup["failureThreshold"] >= 900
            assert ready["httpGet"]["path"] == "/healthz?js-server-only=true"
