"""Several académies on one cluster: whatever is an académie's own is said for each, and no two say the same."""

from collections.abc import Callable

import pytest

from tests.deploy.manifests import Resource, environment, name_of, namespace_of, of_kind, ours

NATIONAL = "national"


def told(name: str) -> Callable[[str], str]:
    return lambda namespace: next(
        environment(NATIONAL, each)[name]
        for each in ours(NATIONAL)
        if (namespace_of(each), name_of(each)) == (namespace, "notifications")
    )


def said(kind: str, name: str, *path: str | int) -> Callable[[str], str]:
    def find(namespace: str) -> str:
        found: Resource | list[Resource] | str = next(
            each for each in of_kind(NATIONAL, kind) if (namespace_of(each), name_of(each)) == (namespace, name)
        )
        for step in path:
            found = found[step]  # type: ignore[index]
        return str(found)

    return find


OWN = {
    "the relay": told("PERSEVERANCE_SMTP_HOST"),
    "the relay's address": said("NetworkPolicy", "mail", "spec", "egress", 0, "to", 0, "ipBlock", "cidr"),
    "its name to the relay": told("PERSEVERANCE_SMTP_HELLO"),
    "who writes": told("PERSEVERANCE_MAIL_FROM"),
    "the domain of message ids": told("PERSEVERANCE_MAIL_DOMAIN"),
    "where pages are": told("PERSEVERANCE_PUBLIC_URL"),
    "the host of the doors": said("Ingress", "doors", "spec", "rules", 0, "host"),
    "the host of the certificate": said("Ingress", "doors", "spec", "tls", 0, "hosts", 0),
    "the path in the vault": said("SecretStore", "vault", "spec", "provider", "vault", "path"),
    "the role at the vault": said("SecretStore", "vault", "spec", "provider", "vault", "auth", "kubernetes", "role"),
    "the store of backups": said("ObjectStore", "postgres-backups", "spec", "configuration", "destinationPath"),
}


@pytest.mark.parametrize("what", OWN)
def test_no_two_academies_share_it(what: str) -> None:
    namespaces = {namespace_of(each) for each in of_kind(NATIONAL, "Deployment")}
    assert len(namespaces) > 1
    values = [OWN[what](namespace) for namespace in sorted(namespaces)]
    assert len(set(values)) == len(values), values
