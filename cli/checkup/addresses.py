"""Where the services of a suite listen: where `up` put them, or where whoever runs them elsewhere says they are."""

import re
from collections.abc import Mapping

from cli.errors import CliError, ExitCode
from cli.runtime import Suite
from contracts.catalogue import SERVICES

SETTING = "PERSEVERANCE_SERVICES"
_FORM = re.compile(rf"((?:{'|'.join(SERVICES)})(?:-\d+)?)=(https?://[^\s/@,]+)/?")


def addresses(suite: Suite, given: str = "") -> dict[str, str]:
    """The address of each service, or replica: as in `given`, else as `up` noted it; empty when nobody says.

    Raises CliError when `given` has not the form `alerts=http://host:port,intake-1=http://...`.
    """
    if given:
        return dict(_parsed(each.strip()) for each in given.split(",") if each.strip())
    return {name: f"http://127.0.0.1:{where['port']}" for name, where in suite.services.items()}


def unnamed(known: Mapping[str, str]) -> list[str]:
    """The services of which no address is known."""
    found = {name.partition("-")[0] for name in known}
    return [name for name in SERVICES if name not in found]


def _parsed(entry: str) -> tuple[str, str]:
    match = _FORM.fullmatch(entry)
    if match is None:
        hint = f"write SERVICE=http://HOST:PORT with commas between; a service is {', '.join(SERVICES)}"
        raise CliError(f"{SETTING} has not the form it must have", hint, ExitCode.SETTINGS)
    return match[1], match[2]
