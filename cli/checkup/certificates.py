"""How long the certificates are good for that the servers of NATS show."""

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from chassis.certificates import shown
from chassis.credentials import Credentials
from cli.checkup.findings import Finding, fail, ok, warn

CHECK = "certificate of nats"
_SOON = timedelta(days=14)
_REMEDY = "see why nothing renews it, then reload the servers: docs/operations.md, CertificateEnds"


async def certificates(url: str, credentials: Credentials) -> AsyncIterator[Finding]:
    """When the first of them ends, and which are refused, of the servers that answer; nothing without TLS."""
    found = await shown(url, credentials)
    for server, seen in found.items():
        refused = {each.verify_message for each in seen if isinstance(each, ssl.SSLCertVerificationError)}
        for why in sorted(refused):  # whoever found another server noticed nothing
            yield fail(CHECK, f"that of {server} is not one we trust: {why}", _REMEDY)
    if ends := [each for seen in found.values() for each in seen if isinstance(each, datetime)]:
        yield judge(min(ends), datetime.now(UTC))


def judge(ends: datetime, now: datetime) -> Finding:
    """What to say of a certificate that is good until `ends`."""
    if ends - now < _SOON:
        return warn(CHECK, f"ends on {ends:%Y-%m-%d}", _REMEDY)
    return ok(CHECK, f"good until {ends:%Y-%m-%d}")
