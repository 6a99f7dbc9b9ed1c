"""What somebody looks for, as it stands in the address of the list it leads to: under seal.

Addresses are kept by browsers, proxies and logs, and what is looked for is a pupil's name or INE.
"""

import base64
import binascii
import contextlib
import hmac

import nacl.exceptions
from nacl.secret import SecretBox

from services.projections.secrets import Secrets

FIELD = "recherche"
_LONGEST = 100


class Searches:
    """Seals and opens with keys of its own, derived from `secrets`."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def seal(self, text: str) -> str:
        """A word for an address, another one each time; empty for an empty text."""
        if not text:
            return ""
        return base64.urlsafe_b64encode(_box(self._secrets.signing()).encrypt(text.encode())).rstrip(b"=").decode()

    def read(self, sealed: str) -> str:
        """What was sealed; empty for what we did not seal."""
        try:
            raw = base64.urlsafe_b64decode(sealed.encode("ascii") + b"=" * (-len(sealed) % 4))
        except (UnicodeEncodeError, binascii.Error):
            return ""
        for secret in self._secrets.all():
            with contextlib.suppress(ValueError, nacl.exceptions.CryptoError):
                return _box(secret).decrypt(raw).decode()
        return ""


def _box(secret: bytes) -> SecretBox:
    return SecretBox(hmac.digest(secret, b"searches in addresses", "sha256"))


def printable(text: str) -> str:
    """Short, and without what cannot be seen."""
    return "".join(c for c in text.strip()[:_LONGEST] if c.isprintable())
