"""The passwords that services sign in to PostgreSQL with: a file each, `SERVICE.password`, in one directory."""

import os
import secrets
from pathlib import Path

from cli.errors import CliError, ExitCode
from contracts.catalogue import SERVICES

_BYTES = 32


def file_of(directory: Path, service: str) -> Path:
    """Where the password of `service` is."""
    return directory / f"{service}.password"


def make(directory: Path) -> None:
    """Make those that are missing, readable by their owner alone."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for service in SERVICES:
        path = file_of(directory, service)
        if not path.exists():
            new = path.with_suffix(".new")
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(f"{secrets.token_urlsafe(_BYTES)}\n")
            new.replace(path)


def read(directory: Path) -> dict[str, str]:
    """The first line of each file there is, by service. Raises CliError when there is none, or one is empty."""
    found = {service: file_of(directory, service) for service in SERVICES if file_of(directory, service).exists()}
    if not found:
        hint = f"name each file SERVICE.password, as in {file_of(directory, SERVICES[0])}"
        raise CliError(f"there are no passwords in {directory}", hint, ExitCode.USAGE)
    passwords = {service: path.read_text().strip().split("\n")[0].strip() for service, path in found.items()}
    for service, password in passwords.items():
        if not password:
            raise CliError(f"{found[service]} is empty", "put the password on its first line", ExitCode.USAGE)
    return passwords
