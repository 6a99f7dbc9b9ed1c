"""The password of the owner of the database, which CloudNativePG gives the role."""

import pytest

from tests.deploy.manifests import LIVE, namespace_of, of_kind
from tests.deploy.test_watching import OPERATIONS


@pytest.mark.parametrize("overlay", LIVE)
def test_a_new_password_is_given_to_the_role_without_anybody_touching_the_cluster(overlay: str) -> None:
    for cluster in of_kind(overlay, "Cluster"):
        (begun,) = cluster["spec"]["bootstrap"].values()
        (secret,) = (
            each["spec"]["target"]
            for each in of_kind(overlay, "ExternalSecret")
            if namespace_of(each) == namespace_of(cluster) and each["spec"]["target"]["name"] == begun["secret"]["name"]
        )
        assert secret["template"]["metadata"]["labels"] == {"cnpg.io/reload": "true"}
    assert "cnpg.io/reload" in OPERATIONS
