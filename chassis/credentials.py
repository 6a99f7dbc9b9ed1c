"""As whom a process speaks to NATS. Files are read at each connection: a rotated key needs no restart."""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path

import nats.errors
import nkeys


class CredentialsUnusable(nats.errors.Error):
    """A key or a certificate authority cannot be used; the text says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The seed of an nkey, the authorities that may vouch for the server, and where answers are sent.

    Without `nkey_file` the server must let anybody in; without `ca_file` it is trusted as the machine trusts others,
    and spoken to in clear if it does not ask for TLS. Nobody else may listen under `inbox`.
    """

    nkey_file: Path | None = None
    ca_file: Path | None = None
    inbox: str = "_INBOX"

    def seed(self) -> bytes:
        """What the key's file holds now, nothing when there is none. Raises CredentialsUnusable."""
        if self.nkey_file is None:
            return b""
        try:
            return self.nkey_file.read_bytes().strip()
        except OSError as error:
            raise CredentialsUnusable(
                f"NATS_NKEY_FILE cannot be read ({error.strerror}): put this user's seed there"
            ) from None

    def key(self) -> nkeys.KeyPair | None:
        """The key as the file has it now, None when there is none. Raises CredentialsUnusable."""
        if self.nkey_file is None:
            return None
        seed = self.seed()
        try:
            return nkeys.from_seed(bytearray(seed))
        except (nkeys.NkeysError, ValueError):
            raise CredentialsUnusable("NATS_NKEY_FILE holds no seed: one begins with SU and is 58 characters") from None

    def public_key(self) -> str:
        """The public half of the key, empty without a key. Raises CredentialsUnusable."""
        pair = self.key()
        return public_key_of(pair) if pair else ""

    def tls(self) -> ssl.SSLContext | None:
        """Trust in these authorities alone, None when none is named. Raises CredentialsUnusable."""
        if self.ca_file is None:
            return None
        try:
            return ssl.create_default_context(cafile=str(self.ca_file))
        except ssl.SSLError:
            raise CredentialsUnusable("NATS_CA_FILE holds no certificate in PEM form") from None
        except OSError as error:
            raise CredentialsUnusable(
                f"NATS_CA_FILE cannot be read ({error.strerror}): put the authority's certificate there"
            ) from None


def new_seed() -> str:
    """The seed of a key that nobody else has."""
    seed: bytes = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
    return seed.decode()


def public_key(seed: str) -> str:
    """What a server must know to recognise whoever has this seed. Raises nkeys' errors when it is none."""
    return public_key_of(nkeys.from_seed(bytearray(seed.encode())))


def public_key_of(pair: nkeys.KeyPair) -> str:
    """The public half, as servers write it."""
    text: str = pair.public_key.decode()
    return text
