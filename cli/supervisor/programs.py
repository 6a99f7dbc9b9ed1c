"""What runs in a suite on one machine, and what each part is told about the others."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chassis.embedded import LOOPBACK, free_port
from cli.provision import SERVICES
from cli.supervisor.children import Program

CATCHER = "catcher"


@dataclass(frozen=True, slots=True)
class Options:
    """How the suite is to run. `demo` offers invented identities to sign in with, on a page of their own."""

    data: Path
    port: int
    demo: bool = False
    clock: Literal["system", "simulated"] = "system"


def largest_request() -> int:
    """Bytes that one request to the door of events may hold: the limit that intake itself has."""
    from services.intake.settings import IntakeSettings

    default: int = IntakeSettings.model_fields["max_body_bytes"].default
    return int(os.environ.get("PERSEVERANCE_MAX_BODY_BYTES", default))


def programs(options: Options, url: str, nats_url: str, database_url: str, secrets: Mapping[str, str]) -> list[Program]:
    """The services, each on a free port, and the catcher of e-mails unless a real relay is named."""
    common = {
        **secrets,
        "NATS_URL": nats_url,
        "DATABASE_URL": database_url,
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
    for name in SERVICES:
        port = free_port()
        found.append(Program(name, f"services.{name}", port, environment={**common, "PERSEVERANCE_PORT": str(port)}))
    return found
