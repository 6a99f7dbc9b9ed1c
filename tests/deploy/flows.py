"""What NetworkPolicies let through, read as a cluster reads them."""

from tests.deploy.manifests import Resource, labels, name_of, namespace_of, of_kind, pod, selects

NAMESPACE = "kubernetes.io/metadata.name"


def allowed(overlay: str, source: Resource, target: Resource, port: int) -> bool:
    """Whether a pod of one workload may open a connection to a pod of another, on this port."""
    policies = list(of_kind(overlay, "NetworkPolicy"))
    return _way(policies, "Egress", source, target, target, port) and _way(
        policies, "Ingress", target, source, target, port
    )


def enters(overlay: str, workload: Resource, namespace: str, port: int) -> bool:
    """Whether any pod of a namespace that is not ours may open a connection to this workload."""
    return any(
        "podSelector" not in peer
        and "namespaceSelector" in peer
        and selects(peer["namespaceSelector"], {NAMESPACE: namespace})
        for rule in _rules(list(of_kind(overlay, "NetworkPolicy")), "Ingress", workload)
        if _port(rule, workload, port)
        for peer in rule.get("from", [])
    )


def leaves(overlay: str, workload: Resource) -> set[tuple[str, int | str]]:
    """The addresses and ports outside the cluster that this workload may reach."""
    rules = _rules(list(of_kind(overlay, "NetworkPolicy")), "Egress", workload)
    return {
        (peer["ipBlock"]["cidr"], port["port"])
        for rule in rules
        for peer in rule.get("to", [])
        for port in rule["ports"]
        if "ipBlock" in peer
    }


def elsewhere(overlay: str, workload: Resource) -> set[tuple[str, int | str]]:
    """The namespaces that are named, and the ports there, that this workload may reach."""
    rules = _rules(list(of_kind(overlay, "NetworkPolicy")), "Egress", workload)
    return {
        (peer["namespaceSelector"]["matchLabels"][NAMESPACE], port["port"])
        for rule in rules
        for peer in rule.get("to", [])
        for port in rule["ports"]
        if "namespaceSelector" in peer
    }


def anywhere(overlay: str, workload: Resource | None = None) -> set[tuple[str, int | str]]:
    """The policies (of this workload) with a rule that lets out to any address, or in from any, with every such port.

    A rule without peers is one, and so is a peer that is every address. Without ports a rule is for each of them: 0.
    """
    return {
        (name_of(policy), port["port"])
        for policy in of_kind(overlay, "NetworkPolicy")
        if workload is None or _concerns(policy, workload)
        for kind, peers in (("egress", "to"), ("ingress", "from"))
        for rule in policy["spec"].get(kind, [])
        if not rule.get(peers) or any(_is_everywhere(peer) for peer in rule[peers])
        for port in rule.get("ports") or [{"port": 0}]
    }


def closed(overlay: str, workload: Resource) -> bool:
    """Whether nothing passes, either way, but what a policy names."""
    kinds = {
        kind
        for policy in of_kind(overlay, "NetworkPolicy")
        if _concerns(policy, workload)
        for kind in policy["spec"]["policyTypes"]
    }
    return kinds == {"Ingress", "Egress"}


def _way(
    policies: list[Resource], kind: str, subject: Resource, other: Resource, listener: Resource, port: int
) -> bool:
    peers = "to" if kind == "Egress" else "from"
    return any(
        _port(rule, listener, port) and any(_is_peer(peer, subject, other) for peer in rule.get(peers, []))
        for rule in _rules(policies, kind, subject)
    )


def _rules(policies: list[Resource], kind: str, workload: Resource) -> list[Resource]:
    return [
        rule
        for policy in policies
        if _concerns(policy, workload) and kind in policy["spec"]["policyTypes"]
        for rule in policy["spec"].get(kind.lower(), [])
    ]


def _concerns(policy: Resource, workload: Resource) -> bool:
    return namespace_of(policy) == namespace_of(workload) and selects(policy["spec"]["podSelector"], labels(workload))


def _is_everywhere(peer: Resource) -> bool:
    return peer.get("ipBlock", {}).get("cidr", "").endswith("/0")


def _is_peer(peer: Resource, subject: Resource, other: Resource) -> bool:
    if "ipBlock" in peer:
        return False
    here = {NAMESPACE: namespace_of(other)}
    same = namespace_of(subject) == namespace_of(other)
    inside = selects(peer["namespaceSelector"], here) if "namespaceSelector" in peer else same
    return inside and ("podSelector" not in peer or selects(peer["podSelector"], labels(other)))


def _port(rule: Resource, listener: Resource, port: int) -> bool:
    named = {
        each["name"]: each["containerPort"]
        for container in pod(listener)["containers"]
        for each in container.get("ports", [])
    }
    return any(named.get(each["port"], each["port"]) == port for each in rule["ports"])
