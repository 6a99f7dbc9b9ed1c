"""Whether everything that runs is one version, and this command too: it judges by what its own version expects."""

from collections.abc import Iterator, Mapping

from chassis.logs import VERSION
from cli.checkup.findings import Finding, ok, warn
from cli.checkup.numbers import Samples

_REMEDY = (
    "while versions are being changed, wait for the end; else run this one everywhere: docs/operations.md, Upgrade"
)


def compare(pages: Mapping[str, Samples], own: str = VERSION) -> Iterator[Finding]:
    """What the services say they are, against each other and the command's `own`; nothing of those nobody shows."""
    if not pages:
        return
    others = {name: found for name, samples in pages.items() if (found := _version(samples)) != own}
    if others:
        told = ", ".join(f"{name} is {version}" for name, version in others.items())
        yield warn("versions", f"{told}; this command is {own}", _REMEDY)
    else:
        yield ok("versions", f"{own}, services and this command")


def _version(samples: Samples) -> str:
    labels = [labels for labels, _ in samples.get("perseverance_build_info", [])]
    return labels[0].get("version", "") if labels else "of a version that does not say"
