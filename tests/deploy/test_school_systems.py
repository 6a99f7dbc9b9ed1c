"""The door of NATS for systems of schools, opened as docs/operations.md says: to whom is named, from where they are."""

import re
import textwrap
from pathlib import Path

import pytest
import yaml

from chassis.credentials import new_seed, public_key
from cli.keyring import AUTHORIZATION_FILE, Keyring
from tests.deploy.manifests import ROOT, Resource, copied, labels, name_of, render, selects
from tests.deploy.test_manifests import objection

KEY = public_key(new_seed())


def as_documented() -> str:
    """The kustomization that the document gives."""
    section = (ROOT / "docs/operations.md").read_text().split("\n### Door 3\n", 1)[1].split("\n### ", 1)[0]
    (block,) = re.findall(r"^   ```yaml\n(.*?)^   ```$", section, re.DOTALL | re.MULTILINE)
    return textwrap.dedent(block)


@pytest.fixture(scope="module", params=["academie", "national/creteil"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Resource, ...]:
    """An overlay with the door, for one sender."""
    ring = Keyring(tmp_path_factory.mktemp("door") / "keys")
    ring.make()
    ring.admit("vie-scolaire", KEY)
    with copied() as manifests:
        overlay = manifests / "overlays" / request.param
        (overlay / "door").mkdir()
        up = "../" * request.param.count("/")
        (overlay / "door/kustomization.yaml").write_text(as_documented().replace("- ../", f"- {up}../"))
        (overlay / "door" / AUTHORIZATION_FILE).write_text((ring.directory / AUTHORIZATION_FILE).read_text())
        kustomization = yaml.safe_load((overlay / "kustomization.yaml").read_text())
        kustomization.setdefault("components", []).append("door")
        (overlay / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return render(overlay)


def one(resources: tuple[Resource, ...], kind: str, name: str) -> Resource:
    (found,) = (each for each in resources if each["kind"] == kind and re.fullmatch(name, name_of(each)))
    return found


def test_what_is_added_is_taken_by_kubernetes(opened: tuple[Resource, ...]) -> None:
    assert [found for each in opened if (found := objection(each))] == []


def test_the_servers_are_reached_at_the_port_of_clients(opened: tuple[Resource, ...]) -> None:
    service, servers = one(opened, "Service", "nats-door"), one(opened, "StatefulSet", "nats")
    assert service["spec"]["selector"].items() <= labels(servers).items()
    (port,) = service["spec"]["ports"]
    ports = servers["spec"]["template"]["spec"]["containers"][0]["ports"]
    assert {each["name"]: each["containerPort"] for each in ports}[port["targetPort"]] == port["port"] == 4222
    assert service["spec"]["externalTrafficPolicy"] == "Local", "a policy would see a node's address"


def test_only_from_the_addresses_that_are_named(opened: tuple[Resource, ...]) -> None:
    policy = one(opened, "NetworkPolicy", "nats-from-school-systems")
    assert selects(policy["spec"]["podSelector"], labels(one(opened, "StatefulSet", "nats")))
    (rule,) = policy["spec"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "198.51.100.0/24"}}]
    assert rule["ports"] == [{"protocol": "TCP", "port": 4222}]


def test_from_nowhere_before_an_overlay_names_any(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [door.yaml]\n")
    (tmp_path / "door.yaml").write_text((ROOT / "deploy/k8s/components/school-systems/door.yaml").read_text())
    (rule,) = one(render(tmp_path), "NetworkPolicy", "nats-from-school-systems")["spec"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "192.0.2.0/32"}}], "an address kept for documents, which nobody has"


def test_the_certificate_is_good_under_the_name_of_the_door_and_the_former_ones(opened: tuple[Resource, ...]) -> None:
    names = one(opened, "Certificate", "nats")["spec"]["dnsNames"]
    former = ["nats", *(f"nats-{number}.nats-peers" for number in range(3))]
    assert names == [*former, "nats.perseverance.example.org"]


def test_the_servers_know_the_sender_and_everybody_else(opened: tuple[Resource, ...]) -> None:
    files = one(opened, "ConfigMap", r"nats-\w{10}")["data"]
    assert set(files) == {"nats.conf", AUTHORIZATION_FILE}
    plain = (ROOT / "deploy/k8s/components/nats" / AUTHORIZATION_FILE).read_text()
    assert f"nkey: {KEY}" in files[AUTHORIZATION_FILE]
    missing = [line for line in plain.splitlines() if line not in files[AUTHORIZATION_FILE]]
    assert missing == []
