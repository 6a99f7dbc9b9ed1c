"""What is there several times over is missed when one is gone, in every overlay that serves."""

import re

import pytest

from tests.deploy.manifests import LIVE, containers, name_of, of_kind
from tests.deploy.test_watching import rules

RULES = {rule["alert"]: rule for rule in rules()}


@pytest.mark.parametrize("overlay", LIVE)
def test_each_instance_of_the_database_is_missed(overlay: str) -> None:
    (wanted,) = re.findall(r"< (\d+)$", RULES["PostgresInstanceAway"]["expr"])
    for cluster in of_kind(overlay, "Cluster"):
        assert cluster["spec"]["instances"] - 1 == int(wanted)


@pytest.mark.parametrize("overlay", LIVE)
def test_each_server_of_nats_is_missed_and_a_rollout_is_not(overlay: str) -> None:
    (name,) = set(re.findall(r'statefulset="(\w+)"', RULES["NatsServerAway"]["expr"]))
    servers = [each for each in of_kind(overlay, "StatefulSet") if name_of(each) == name]
    assert servers
    for each in servers:
        startup = containers(each)[0]["startupProbe"]
        assert (
            int(RULES["NatsServerAway"]["for"].removesuffix("m")) * 60
            > startup["periodSeconds"] * startup["failureThreshold"]
        )
