"""The settings of this environment."""

from collections.abc import Iterator

from chassis.settings import unknown
from cli.checkup.findings import Finding, fail, ok
from cli.errors import CliError
from cli.runtime import Suite
from cli.settings import check, known
from contracts.catalogue import SERVICES


def settings(suite: Suite) -> Iterator[Finding]:
    """Whether services can work with the settings found here, and whether one is misspelt."""
    faults = unknown(known())
    environment = suite.environment()
    for name in SERVICES:
        try:
            check({name: environment})
        except CliError as error:
            faults += [fault for fault in error.message.split("; ") if fault not in faults]
    for fault in faults:
        yield fail("settings", fault, "perseverance settings lists them all")
    if not faults:
        yield ok("settings", "none is wrong or misspelt")
