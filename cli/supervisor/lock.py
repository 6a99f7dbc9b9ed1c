"""One supervisor for one directory; and one for one port."""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from chassis.embedded import LOOPBACK
from cli.errors import CliError, ExitCode

LOCK_FILE = "up.lock"


@contextlib.contextmanager
def sole_supervisor(data: Path) -> Iterator[None]:
    """Hold `data` for as long as the block; the kernel lets go of it however we end.

    Raises CliError (conflict) when another supervisor holds it.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(data / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:
        raise CliError(f"{data} cannot be written", "choose another directory with --data") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "?"
            raise CliError(
                f"a suite is already running under {data} (process {holder})",
                "stop it first, or choose another --data",
                ExitCode.CONFLICT,
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def claim_port(port: int) -> socket.socket:
    """The listening socket of the public port (0: any free one). Raises CliError (conflict) when it is taken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except (OSError, OverflowError):
        listener.close()
        raise CliError(
            f"port {port} is taken or not allowed", "choose another with --port", ExitCode.CONFLICT
        ) from None
    return listener
