"""A port for a server of one machine: nobody has it, and nobody is given it while the server is away."""

import socket
from pathlib import Path

import pytest

from chassis import embedded
from chassis.embedded import LOOPBACK, EngineError, free_port

_HANDED_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")
_AS_REGISTERED = (49_152, 65_535)  # the range set aside for it, where no file says another


def test_it_is_none_that_the_system_gives_to_connections() -> None:
    first, last = map(int, _HANDED_OUT.read_text().split()) if _HANDED_OUT.exists() else _AS_REGISTERED
    assert not [port for port in (free_port() for _ in range(50)) if first <= port <= last]


def test_it_is_none_that_somebody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, port := free_port()))
        monkeypatch.setattr(embedded, "_HANDED_OUT_TO_NOBODY", (port, port + 1))
        with pytest.raises(EngineError, match="no free port"):
            free_port()
    assert free_port() == port
