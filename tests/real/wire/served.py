"""NATS servers that ask for TLS, with certificates of whoever vouches for them, good until one says."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import trustme

from chassis.credentials import Credentials
from chassis.embedded import EmbeddedNats

NOW = datetime.now(UTC).replace(microsecond=0)  # certificates know whole seconds


class Served:
    """A nats-server that asks for TLS; `authority`: the file of who vouches for it, by default one of its own."""

    def __init__(self, directory: Path, ends: datetime | None = None, by: trustme.CA | None = None) -> None:
        self.directory = directory
        self.authority = directory / "ca.pem"
        self.certify(ends=ends, by=by)
        more = directory / "tls.conf"
        more.write_text(f"tls {{ cert_file: '{directory}/server.pem', key_file: '{directory}/server.key' }}\n")
        self.server = EmbeddedNats(directory / "nats", more=more)

    def certify(self, name: str = "127.0.0.1", *, ends: datetime | None = None, by: trustme.CA | None = None) -> None:
        """Another certificate for the server, which has it once it is started or reloaded."""
        authority = by or trustme.CA()
        certificate = authority.issue_cert(name, not_after=ends)
        authority.cert_pem.write_to_path(self.authority)
        certificate.cert_chain_pems[0].write_to_path(self.directory / "server.pem")
        certificate.private_key_pem.write_to_path(self.directory / "server.key")


class Several:
    """Servers that one authority vouches for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._authority = trustme.CA()
        self._authority.cert_pem.write_to_path(directory / "ca.pem")
        self.trusting = Credentials(ca_file=directory / "ca.pem")
        self.started: list[Served] = []

    def start(self, ends: datetime) -> Served:
        """One whose certificate is good until then."""
        place = self._directory / str(len(self.started))
        place.mkdir()
        served = Served(place, ends, self._authority)
        served.server.start()
        self.started.append(served)
        return served

    def renew(self, served: Served, ends: datetime) -> None:
        """Another certificate, which the server does not serve until it is told."""
        served.certify(ends=ends, by=self._authority)


@contextmanager
def several(directory: Path) -> Iterator[Several]:
    """Until the end of the block."""
    servers = Several(directory)
    try:
        yield servers
    finally:
        for served in servers.started:
            served.server.stop()
