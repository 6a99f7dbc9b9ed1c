"""Every resource is one that Kubernetes, or the operator it is for, would take."""

import json
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest

from tests.deploy.manifests import OVERLAYS, Resource, name_of, namespace_of, rendered

SCHEMAS = Path(__file__).parent / "schemas"
CUSTOM = {
    (s["properties"]["apiVersion"]["const"], s["properties"]["kind"]["const"]): s
    for s in (json.loads(path.read_text()) for path in SCHEMAS.glob("*.json"))
}
VERSION = kubernetes_validate.latest_version()


def objection(resource: Resource) -> str:
    """What is wrong with it; empty when nothing is."""
    custom = CUSTOM.get((resource["apiVersion"], resource["kind"]))
    try:
        if custom is not None:
            jsonschema.validate(resource, custom)
        else:
            kubernetes_validate.validate(resource, VERSION, strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
        return f"{resource['kind']} {name_of(resource)}: {error.message}"
    return ""


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_resource_is_valid(overlay: str) -> None:
    assert [found for each in rendered(overlay) if (found := objection(each))] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_name_is_used_once(overlay: str) -> None:
    names = [(each["kind"], namespace_of(each), name_of(each)) for each in rendered(overlay)]
    assert len(names) == len(set(names))


def test_a_field_that_does_not_exist_is_found() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"prots": []}}
    assert "prots" in objection(service)
