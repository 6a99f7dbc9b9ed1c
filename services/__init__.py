"""The services. They know each other by their contracts only; what they share is one environment."""

from pathlib import Path

VARIABLES = Path(__file__).with_name("variables.txt")
"""Every environment variable of the suite, a line each: made by `make schemas`."""


def variables() -> frozenset[str]:
    """Every environment variable of the suite."""
    return frozenset(VARIABLES.read_text().split())
