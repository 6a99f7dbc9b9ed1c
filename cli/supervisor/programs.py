"""What runs in a suite on one machine, and what each part is told about the others."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from psycopg.conninfo import make_conninfo

from chassis.database import role_of
from chassis.embedded import LOOPBACK, free_port
from cli import passwords
from cli.keyring import Keyring
from cli.supervisor.children import Program
from cli.supervisor.engines import Servers
from contracts.catalogue import SERVICES

CATCHER = "catcher"


@dataclass(frozen=True, slots=True)
class Options:
    """How the suite is to run. `demo` lets people choose as whom to sign in, on a page of its own."""

    data: Path
    port: int
    demo: bool = False
    clock: Literal["system", "simulated"] = "system"
    replicas: int = 1


def largest_request() -> int:
    """Bytes that one request to the door of events may hold: the limit that intake itself has."""
    from services.intake.settings import IntakeSettings

    default: int = IntakeSettings.model_fields["max_body_bytes"].default
    return int(os.environ.get("PERSEVERANCE_MAX_BODY_BYTES", default))


def programs(options: Options, url: str, servers: Servers, secrets: Mapping[str, str]) -> list[Program]:
    """The services, each on a free port, and the catcher of e-mails unless a real relay is named."""
    common = {
        **secrets,
        "NATS_URL": servers.nats_url,
        "DATABASE_URL": servers.database_url,
        "PERSEVERANCE_HOST": LOOPBACK,
        "PERSEVERANCE_CLOCK": options.clock,
        "PERSEVERANCE_PUBLIC_URL": url,
        "PERSEVERANCE_DEMO": "true" if options.demo else "false",
        "PYTHONUNBUFFERED": "1",
    }
    found = []
    if "PERSEVERANCE_SMTP_HOST" not in os.environ:
        mail, port = options.data / "mail", free_port()
        arguments = ("--dir", str(mail), "--port", str(port))
        found.append(Program(CATCHER, "services.notifications.catcher", port, arguments, probe=""))
        common |= {
            "PERSEVERANCE_SMTP_HOST": LOOPBACK,
            "PERSEVERANCE_SMTP_PORT": str(port),
            "PERSEVERANCE_CATCHER_DIR": str(mail),
        }
    if options.replicas == 1:
        common["PERSEVERANCE_LEAVE_S"] = "0"  # nobody else to send people to
    for name in SERVICES:
        found += [_service(name, number, common | _own(name, servers)) for number in range(1, options.replicas + 1)]
    return found


def _own(name: str, servers: Servers) -> dict[str, str]:
    """Who a service is at our own servers."""
    own = {}
    if servers.keys:
        own["NATS_NKEY_FILE"] = str(Keyring(servers.keys).seed_file(name))
    if servers.passwords:
        own["DATABASE_URL"] = make_conninfo(servers.database_url, user=role_of(name))
        own["DATABASE_PASSWORD_FILE"] = str(passwords.file_of(servers.passwords, name))
    return own


def _service(name: str, number: int, common: Mapping[str, str]) -> Program:
    port = free_port()
    environment = {**common, "PERSEVERANCE_PORT": str(port)}
    if number > 1 or "PERSEVERANCE_LEAVE_S" not in common:
        environment["PERSEVERANCE_MEMBER"] = f"{name}-{number}"
    return Program(replica(name, number), f"services.{name}", port, environment=environment)


def replica(name: str, number: int) -> str:
    """What the n-th replica of a service is called: the first has the service's own name."""
    return name if number == 1 else f"{name}-{number}"
