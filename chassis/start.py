"""The first and the last thing a service's process does: read its settings, take its port; or say why not, and end."""

import socket
import sys
from collections.abc import Callable, Collection
from typing import TypeVar

from chassis import logs
from chassis.logs import Log
from chassis.service import Service, run
from chassis.settings import Settings, WrongSettings, load

log = Log("service")

WRONG_SETTINGS = 78  # EX_CONFIG
NO_PORT = 71  # EX_OSERR

S = TypeVar("S", bound=Settings)


def start(name: str, settings: type[S], build: Callable[[S], Service], known: Collection[str]) -> None:
    """Run the service until SIGTERM. `known`: every variable of the suite.

    Ends with 78 when a setting is wrong, with 71 when its port cannot be had; a line on stderr for each fault says so.
    """
    logs.configure(name, "INFO")
    try:
        given = load(settings, known)
    except WrongSettings as error:
        _refuse(name, "service.settings_wrong", error.faults, WRONG_SETTINGS)
    try:
        listener = socket.create_server((given.host, given.port), family=_family(given.host), backlog=2048)
    except OSError as error:
        why = f"cannot listen on port {given.port} ({error.strerror}): stop what does, or set PERSEVERANCE_PORT"
        _refuse(name, "service.port_refused", [why], NO_PORT)
    with listener:
        run(build(given), listener)


def _refuse(name: str, event: str, faults: list[str], code: int) -> None:
    log.error(event, faults=faults)
    for fault in faults:
        sys.stderr.write(f"{name}: {fault}\n")
    sys.exit(code)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
