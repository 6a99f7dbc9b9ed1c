"""What the doctor says of the certificates that real NATS servers show."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from chassis.credentials import Credentials
from chassis.embedded import EmbeddedNats
from cli.checkup.certificates import certificates
from cli.checkup.findings import Finding, Verdict

AUTHORITY = trustme.CA()
NOW = datetime.now(UTC)


@pytest.fixture
def trusting(tmp_path: Path) -> Credentials:
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    return Credentials(ca_file=tmp_path / "ca.pem")


class Servers:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.started: list[EmbeddedNats] = []

    def start(self, ends: datetime) -> str:
        """A server whose certificate is good until then; its url."""
        place = self._directory / str(len(self.started))
        place.mkdir()
        certificate = AUTHORITY.issue_cert("127.0.0.1", not_before=NOW - timedelta(days=90), not_after=ends)
        certificate.cert_chain_pems[0].write_to_path(place / "server.pem")
        certificate.private_key_pem.write_to_path(place / "server.key")
        more = place / "tls.conf"
        more.write_text(f"tls {{ cert_file: '{place}/server.pem', key_file: '{place}/server.key' }}\n")
        server = EmbeddedNats(place / "nats", more=more)
        server.start()
        self.started.append(server)
        return server.url


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    servers = Servers(tmp_path)
    yield servers
    for server in servers.started:
        server.stop()


async def told(url: str, credentials: Credentials) -> list[Finding]:
    return [finding async for finding in certificates(url, credentials)]


@pytest.mark.parametrize(("days", "verdict"), [(13, Verdict.warn), (15, Verdict.ok)])
async def test_one_that_ends_within_a_fortnight_is_to_be_looked_at(
    servers: Servers, trusting: Credentials, days: int, verdict: Verdict
) -> None:
    ends = NOW + timedelta(days=days)
    (finding,) = await told(servers.start(ends), trusting)
    assert finding.verdict is verdict
    assert f"{ends:%Y-%m-%d}" in finding.detail


async def test_of_several_servers_the_one_that_ended_is_found(servers: Servers, trusting: Credentials) -> None:
    good, ended = servers.start(NOW + timedelta(days=60)), servers.start(NOW - timedelta(days=1))
    findings = await told(f"{good},{ended}", trusting)
    assert [finding.verdict for finding in findings] == [Verdict.fail, Verdict.ok]
    assert "certificate has expired" in findings[0].detail


async def test_nothing_is_said_where_nats_speaks_in_clear(bare_nats_server: EmbeddedNats) -> None:
    assert await told(bare_nats_server.url, Credentials()) == []
