"""The way in for people and school systems: which controller, whose certificate, how much at once."""

import re

import pytest

from services.intake.settings import IntakeSettings
from tests.deploy.manifests import LIVE, OVERLAYS, Resource, namespace_of, of_kind
from tests.deploy.test_room import size

BODY = "nginx.ingress.kubernetes.io/proxy-body-size"


def doors(overlay: str) -> list[Resource]:
    found = list(of_kind(overlay, "Ingress"))
    assert {namespace_of(each) for each in found} == {namespace_of(each) for each in of_kind(overlay, "Deployment")}
    return found


@pytest.mark.parametrize("overlay", LIVE)
def test_the_certificate_that_is_shown_comes_from_somewhere(overlay: str) -> None:
    for ingress in doors(overlay):
        (shown,) = ingress["spec"]["tls"]
        assert shown["hosts"] == [rule["host"] for rule in ingress["spec"]["rules"]]
        (origin,) = (
            each
            for each in of_kind(overlay, "ExternalSecret")
            if namespace_of(each) == namespace_of(ingress) and each["spec"]["target"]["name"] == shown["secretName"]
        )
        assert origin["spec"]["target"]["template"]["type"] == "kubernetes.io/tls"
        assert {each["secretKey"] for each in origin["spec"]["data"]} == {"tls.crt", "tls.key"}


@pytest.mark.parametrize("overlay", LIVE)
def test_a_controller_is_named(overlay: str) -> None:
    """Without one, an Ingress waits for whichever controller a cluster takes by default, or for none."""
    assert all(ingress["spec"]["ingressClassName"] for ingress in doors(overlay))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_too_large_is_refused_by_intake_in_its_own_words(overlay: str) -> None:
    for ingress in doors(overlay):
        (number, unit) = re.fullmatch(r"(\d+)(m)", ingress["metadata"]["annotations"][BODY]).groups()  # type: ignore[union-attr]
        assert size(f"{number}{unit.upper()}B") > IntakeSettings.model_fields["max_body_bytes"].default
