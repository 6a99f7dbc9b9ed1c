"""Until when the certificates are good that the servers of NATS show.

A server keeps the certificate it has read until it is reloaded, and a connection the one of its handshake: only a new
handshake tells. Behind one address several servers may take turns, so each is asked several times.
"""

import asyncio
import json
import math
import socket
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from chassis.credentials import Credentials
from chassis.gauges import Found, Gauge, Look, Partly
from chassis.logs import Log

log = Log("certificates")

ENDS = Gauge(
    "perseverance_nats_certificate_ends_timestamp_seconds",
    "When the first of the certificates ends that the servers of NATS show, in seconds since the epoch",
)
Shown = datetime | Exception
"""Until when what a server showed is good, or why it could not be seen."""

_TIMES = 5
_ANSWER_S = 5
_PORT = 4222
_OVER_TCP = ("nats", "tls")
_HAS_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED, which `ssl` gives no name


async def shown(url: str, credentials: Credentials) -> dict[str, list[Shown]]:
    """What the servers of `url` show whoever connects now, by host and port; nothing of those that speak in clear.

    Nor of those that are spoken to by WebSocket. Raises CredentialsUnusable.
    """
    context = await asyncio.to_thread(lambda: credentials.tls() or ssl.create_default_context())
    parts = [each for each in map(urlsplit, url.split(",")) if each.scheme in _OVER_TCP]
    servers = [(each.hostname or "", each.port or _PORT) for each in parts]
    found = await asyncio.gather(*(_under_name(host, port, context) for host, port in servers))
    return {f"{host}:{port}": seen for (host, port), seen in zip(servers, found, strict=True) if seen}


async def _under_name(host: str, port: int, context: ssl.SSLContext) -> list[Shown]:
    """What all those show that the name stands for."""
    try:
        known = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return [error]
    addresses = dict.fromkeys(str(where[0]) for *_, where in known)
    found = await asyncio.gather(*(_at_address(address, port, host, context) for address in addresses))
    return [each for seen in found for each in seen]


async def _at_address(address: str, port: int, host: str, context: ssl.SSLContext) -> list[Shown]:
    """What is shown there each time; whoever speaks in clear is asked once."""
    first = await _handshake(address, port, host, context)
    if first is None:
        return []
    others = await asyncio.gather(*(_handshake(address, port, host, context) for _ in range(_TIMES - 1)))
    return [first, *(each for each in others if each is not None)]


async def _handshake(address: str, port: int, host: str, context: ssl.SSLContext) -> Shown | None:
    """A server says in clear who it is and whether it asks for TLS, then speaks it; None: it does not ask.

    Where TLS is only to be had (`tls_available`), our clients speak in clear.
    """
    try:
        async with asyncio.timeout(_ANSWER_S):
            reader, writer = await asyncio.open_connection(address, port)
            try:
                about = json.loads((await reader.readline()).removeprefix(b"INFO "))
                if not about.get("tls_required"):
                    return None
                await writer.start_tls(context, server_hostname=host)
                ends = writer.get_extra_info("peercert")["notAfter"]
                return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
            finally:
                writer.transport.abort()  # no farewell: a loop that ends before the answer to it cannot be closed
    except Exception as error:  # noqa: BLE001  (whoever answers there, the others are to be seen all the same)
        return error


def soonest_end(url: str, credentials: Credentials) -> Look:
    """When the first of them ends. Of a server that nothing is seen of, what was last seen stays, and a line is logged.

    One that has ended is refused, and with it its date: it ends now, if nobody knows of an earlier moment.
    """
    ends: dict[str, float] = {}

    async def look() -> Found:
        found = await shown(url, credentials)
        seen = {server: _soonest(each, ends.get(server, math.inf)) for server, each in found.items()}
        ends.clear()
        ends.update(seen)
        for server, each in found.items():
            _tell(server, each)
        first = min(ends.values(), default=math.inf)
        told: Found = {} if math.isinf(first) else {ENDS: {(): first}}
        return told if all(map(_is_seen, found.values())) else Partly(told)

    return look


def _soonest(seen: Sequence[Shown], before: float) -> float:
    ends = [each.timestamp() for each in seen if isinstance(each, datetime)]
    if any(_has_ended(each) for each in seen):
        ends.append(min(before, time.time()))
    return min(ends, default=before)


def _is_seen(seen: Sequence[Shown]) -> bool:
    return any(isinstance(each, datetime) or _has_ended(each) for each in seen)


def _has_ended(seen: Shown) -> bool:
    return isinstance(seen, ssl.SSLCertVerificationError) and seen.verify_code == _HAS_EXPIRED


def _tell(server: str, seen: Sequence[Shown]) -> None:
    errors = [each for each in seen if isinstance(each, Exception)]
    if len(errors) == len(seen):
        log.warning("certificates.not_seen", server=server, causes=sorted({type(each).__name__ for each in errors}))
