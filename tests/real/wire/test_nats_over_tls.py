"""The server is who it says, or we do not speak to it; and what is wrong is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from chassis.credentials import Credentials
from chassis.embedded import EmbeddedNats
from chassis.nats import Nats
from tests.real.eventually import eventually
from tests.real.wire.conftest import Fatal, said
from tests.real.wire.served import Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    served.server.start()
    yield served
    served.server.stop()


async def test_a_server_that_our_authority_vouches_for(served: Served, fatal: Fatal) -> None:
    nats = Nats(served.server.url, "test", credentials=Credentials(ca_file=served.authority), fatal=fatal)
    await nats.connect()
    assert nats.client._server_info["tls_required"]
    await nats.client.flush()
    await nats.close()
    assert fatal.times == 0


async def refused(url: str, authority: Path, fatal: Fatal) -> None:
    """Try to connect; wait until that is given up."""
    nats = Nats(url, "test", credentials=Credentials(ca_file=authority), fatal=fatal.and_stop)
    with pytest.raises(fatal.Stopped):
        await nats.connect()


async def test_another_authority_s_server(
    served: Served, fatal: Fatal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    await refused(served.server.url, other, fatal)
    assert "is NATS_CA_FILE the server's authority" in said(caplog, "nats.refused")


async def test_a_certificate_for_another_name(served: Served, fatal: Fatal, caplog: pytest.LogCaptureFixture) -> None:
    served.server.stop()
    served.certify("elsewhere.example.org")
    served.server.start()
    await refused(served.server.url, served.authority, fatal)
    assert "its name the one in NATS_URL" in said(caplog, "nats.refused")


async def test_a_server_that_offers_no_tls_is_not_spoken_to_in_clear(
    bare_nats_server: EmbeddedNats, served: Served, fatal: Fatal, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever sits in between could have taken the offer out of its greeting."""
    await refused(bare_nats_server.url, served.authority, fatal)
    assert "the server offers no TLS" in said(caplog, "nats.refused")


@pytest.mark.parametrize(("content", "what"), [(None, "cannot be read"), ("no certificate", "holds no certificate")])
async def test_a_file_that_is_no_authority(
    served: Served, fatal: Fatal, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str | None, what: str
) -> None:
    file = tmp_path / "file.pem"
    if content:
        file.write_text(content)
    await refused(served.server.url, file, fatal)
    assert f"NATS_CA_FILE {what}" in said(caplog, "nats.refused")


async def test_another_authority_is_taken_without_a_restart(served: Served, fatal: Fatal) -> None:
    nats = Nats(served.server.url, "test", credentials=Credentials(ca_file=served.authority), fatal=fatal)
    await nats.connect()
    served.server.stop()
    served.certify()
    served.server.start()

    async def back() -> bool:
        return nats.connections == 2 and nats.connected

    await eventually(back)
    await nats.close()
    assert fatal.times == 0
