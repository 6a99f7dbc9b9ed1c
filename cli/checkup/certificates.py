"""How long the certificates are good for that the servers of NATS show."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from chassis.credentials import Credentials
from cli.checkup.findings import Finding, fail, ok, warn

CHECK = "certificate of nats"
_SOON = timedelta(days=14)
_ANSWER_S = 5
_PORT = 4222
_REMEDY = "see why nothing renews it, then reload the servers: docs/operations.md, Keys and passwords"


async def certificates(url: str, credentials: Credentials) -> AsyncIterator[Finding]:
    """When the first of them ends, and which are refused, of the servers that answer; nothing without TLS."""
    servers = [urlsplit(each) for each in url.split(",")]
    if credentials.ca_file is None and not any(server.scheme == "tls" for server in servers):
        return
    context = credentials.tls() or ssl.create_default_context()
    asked = (_ends(server.hostname or "", server.port or _PORT, context) for server in servers)
    found = await asyncio.gather(*asked, return_exceptions=True)
    for server, each in zip(servers, found, strict=True):
        if isinstance(each, ssl.SSLCertVerificationError):  # whoever found another server noticed nothing
            yield fail(CHECK, f"that of {server.hostname} is not one we trust: {each.verify_message}", _REMEDY)
    if ends := [each for each in found if isinstance(each, datetime)]:
        yield judge(min(ends), datetime.now(UTC))


def judge(ends: datetime, now: datetime) -> Finding:
    """What to say of a certificate that is good until `ends`."""
    if ends - now < _SOON:
        return warn(CHECK, f"ends on {ends:%Y-%m-%d}", _REMEDY)
    return ok(CHECK, f"good until {ends:%Y-%m-%d}")


async def _ends(host: str, port: int, context: ssl.SSLContext) -> datetime:
    """A server of NATS says a line in clear before it speaks TLS. Raises OSError, ValueError or TimeoutError."""
    async with asyncio.timeout(_ANSWER_S):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            await reader.readline()
            await writer.start_tls(context, server_hostname=host)
            shown = writer.get_extra_info("peercert")
            return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
        finally:
            writer.close()
