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


@pytest.mark.parametrize("overlay", LIVE)
def test_its_exporter_comes_into_the_database_that_is_closed_to_the_public(overlay: str) -> None:
    """It is a member of `pg_monitor`, and no more than that; a restored Cluster has what the former one had."""
    for cluster in of_kind(overlay, "Cluster"):
        (begun,) = cluster["spec"]["bootstrap"].values()
        if "source" not in begun:
            name = begun["database"]
            assert f"GRANT CONNECT ON DATABASE {name} TO pg_monitor" in begun["postInitApplicationSQL"]
