"""What the doctor says of the certificates that real NATS servers show."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.credentials import Credentials
from chassis.embedded import EmbeddedNats
from cli.checkup.certificates import certificates
from cli.checkup.findings import Finding, Verdict
from tests.real.wire.served import NOW, Several, several


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Several]:
    with several(tmp_path) as servers:
        yield servers


async def told(url: str, credentials: Credentials) -> list[Finding]:
    return [finding async for finding in certificates(url, credentials)]


@pytest.mark.parametrize(("days", "verdict"), [(13, Verdict.warn), (15, Verdict.ok)])
async def test_one_that_ends_within_a_fortnight_is_to_be_looked_at(
    servers: Several, days: int, verdict: Verdict
) -> None:
    ends = NOW + timedelta(days=days)
    (finding,) = await told(servers.start(ends).server.url, servers.trusting)
    assert finding.verdict is verdict
    assert f"{ends:%Y-%m-%d}" in finding.detail


async def test_of_several_servers_the_one_that_ended_is_found(servers: Several) -> None:
    good, ended = (servers.start(NOW + timedelta(days=days)).server.url for days in (60, -1))
    findings = await told(f"{good},{ended}", servers.trusting)
    assert [finding.verdict for finding in findings] == [Verdict.fail, Verdict.ok]
    assert "certificate has expired" in findings[0].detail


async def test_nothing_is_said_where_nats_speaks_in_clear(bare_nats_server: EmbeddedNats) -> None:
    assert await told(bare_nats_server.url, Credentials()) == []
